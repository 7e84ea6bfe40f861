package dev.caisson.executor.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * One file for each sandbox and container. A file is replaced whole (written aside, fsynced,
 * renamed, the directory fsynced), so that a crash leaves the old one or the new one.
 *
 * <p>Safe for use by several threads; of two writers of one record the last one wins.
 */
public final class Store {
  private static final System.Logger LOG = System.getLogger(Store.class.getName());

  private static final String SANDBOX = "sandbox-";
  private static final String CONTAINER = "container-";
  private static final String SUFFIX = ".rec";
  private static final String TEMPORARY = ".tmp-";
  private static final String QUARANTINE = "quarantine";

  /** 128 bits as text, and room for tests' own. */
  private static final String UID = "[0-9A-Za-z-]{1,64}";

  private final Path directory;
  private final AtomicLong writes = new AtomicLong();

  private Store(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes the directory when it is not there. One executor for each: whoever opens it holds the
   * executor's lock.
   */
  public static Store open(Path directory) {
    try {
      Files.createDirectories(directory.resolve(QUARANTINE));
      return new Store(directory);
    } catch (IOException e) {
      throw new StoreException("open the store", directory, e);
    }
  }

  /**
   * Reads everything, puts aside what it cannot read, and removes what a crash left half written.
   */
  public Loaded load() {
    Loading loading = new Loading();
    for (Path file : files()) {
      loading.take(file);
    }
    return new Loaded(loading.sandboxes, loading.containers, loading.quarantined);
  }

  private List<Path> files() {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(f -> !f.endsWith(QUARANTINE)).sorted().toList();
    } catch (IOException e) {
      throw new StoreException("list", directory, e);
    }
  }

  private final class Loading {
    private final List<SandboxRecord> sandboxes = new ArrayList<>();
    private final List<ContainerRecord> containers = new ArrayList<>();
    private final List<Loaded.Quarantined> quarantined = new ArrayList<>();

    void take(Path file) {
      try {
        read(file, file.getFileName().toString());
      } catch (RecordFile.Unreadable e) {
        quarantine(file, String.valueOf(e.getMessage()));
      } catch (IOException e) {
        quarantine(file, "it cannot be read: " + e);
      }
    }

    private void read(Path file, String name) throws IOException, RecordFile.Unreadable {
      if (name.startsWith(TEMPORARY)) {
        Files.delete(file);
      } else if (name.startsWith(SANDBOX)) {
        SandboxRecord record = parse(SandboxRecord.parser(), file);
        requireName(name, SANDBOX, record.getUid());
        sandboxes.add(record);
      } else if (name.startsWith(CONTAINER)) {
        ContainerRecord record = parse(ContainerRecord.parser(), file);
        requireName(name, CONTAINER, record.getUid());
        containers.add(record);
      } else {
        throw new RecordFile.Unreadable("its name is none of a record's");
      }
    }

    private void quarantine(Path file, String reason) {
      Path aside = directory.resolve(QUARANTINE).resolve(file.getFileName());
      LOG.log(System.Logger.Level.ERROR, "Put aside {0}, since {1}", file, reason);
      try {
        Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        LOG.log(System.Logger.Level.ERROR, "Failed to move {0} to {1}: {2}", file, aside, e);
      }
      quarantined.add(new Loaded.Quarantined(file.getFileName().toString(), reason));
    }
  }

  private static <T extends MessageLite> T parse(com.google.protobuf.Parser<T> parser, Path file)
      throws IOException, RecordFile.Unreadable {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new RecordFile.Unreadable("it is no regular file");
    }
    if (Files.size(file) > RecordFile.MAX_BYTES) {
      throw new RecordFile.Unreadable("it is larger than " + RecordFile.MAX_BYTES + " bytes");
    }
    try {
      return parser.parseFrom(RecordFile.decode(Files.readAllBytes(file)));
    } catch (InvalidProtocolBufferException e) {
      throw new RecordFile.Unreadable("its message cannot be parsed: " + e.getMessage());
    }
  }

  private static void requireName(String name, String prefix, String uid)
      throws RecordFile.Unreadable {
    if (!name.equals(prefix + uid + SUFFIX)) {
      throw new RecordFile.Unreadable("it holds the record of another: " + uid);
    }
  }

  /** Durable when it returns. */
  public void put(SandboxRecord sandbox) {
    replace(name(SANDBOX, sandbox.getUid()), sandbox);
  }

  /** Durable when it returns. */
  public void put(ContainerRecord container) {
    replace(name(CONTAINER, container.getUid()), container);
  }

  /** Durable when it returns. No error when there is none. */
  public void removeSandbox(String uid) {
    remove(name(SANDBOX, uid));
  }

  /** Durable when it returns. No error when there is none. */
  public void removeContainer(String uid) {
    remove(name(CONTAINER, uid));
  }

  private static String name(String prefix, String uid) {
    if (!uid.matches(UID)) {
      throw new IllegalArgumentException("uid must match " + UID + ": " + uid);
    }
    return prefix + uid + SUFFIX;
  }

  private void replace(String name, MessageLite message) {
    Path temporary = directory.resolve(TEMPORARY + writes.incrementAndGet() + "-" + name);
    byte[] bytes = RecordFile.encode(message.toByteArray()).array();
    try {
      writeDurably(temporary, bytes);
      Files.move(temporary, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
      syncDirectory();
    } catch (IOException e) {
      discard(temporary);
      throw new StoreException("write", directory.resolve(name), e);
    }
  }

  /** Not by a FileChannel, which an interrupt of the calling thread would close. */
  private static void writeDurably(Path file, byte[] bytes) throws IOException {
    try (FileOutputStream out = new FileOutputStream(file.toFile())) {
      out.write(bytes);
      out.getFD().sync();
    }
  }

  private void remove(String name) {
    try {
      Files.delete(directory.resolve(name));
      syncDirectory();
    } catch (NoSuchFileException _) {
      // Gone is what was wanted.
    } catch (IOException e) {
      throw new StoreException("remove", directory.resolve(name), e);
    }
  }

  private void syncDirectory() throws IOException {
    boolean interrupted = Thread.interrupted();
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void discard(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "Failed to remove {0}: {1}", temporary, e);
    }
  }
}
