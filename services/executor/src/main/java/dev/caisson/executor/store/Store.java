package dev.caisson.executor.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The last record of each sandbox and container. Each change is appended to one file, {@code
 * store.log}, and flushed some moments later, so that a crash leaves the old record or the new one.
 * The file is written anew when most of it is garbage.
 *
 * <p>Safe for use by several threads; of two writers of one record the last one wins.
 */
public final class Store implements AutoCloseable {
  private final RecordLog log;
  private final Quarantine quarantine;
  private final Flusher flusher;

  private Store(RecordLog log, Quarantine quarantine) {
    this.log = log;
    this.quarantine = quarantine;
    this.flusher = new Flusher(log);
  }

  /**
   * Makes the directory when it is not there; puts aside what it cannot read, and removes what a
   * crash left half written. One executor for each: whoever opens it holds the executor's lock.
   */
  public static Store open(Path directory) {
    return open(directory, new Disk());
  }

  /** The same on this disk, with the room that is kept on it. */
  public static Store open(Path directory, Disk disk) {
    return open(directory, disk, Limits.DEFAULT);
  }

  static Store open(Path directory, Disk disk, Limits limits) {
    try {
      Quarantine quarantine = new Quarantine(directory);
      Store store = new Store(RecordLog.open(directory, disk, limits, quarantine), quarantine);
      store.flushIfDue();
      return store;
    } catch (IOException e) {
      throw new StoreException("open the store", directory, e);
    }
  }

  private void flushIfDue() {
    if (log.isDue()) {
      flusher.changed(true);
    }
  }

  /** Reads everything, and puts aside what it cannot read. */
  public Loaded load() {
    Loading loading = new Loading();
    try {
      log.read(loading);
    } catch (IOException e) {
      throw new StoreException("read", log.path(), e);
    }
    flushIfDue();
    return new Loaded(
        loading.sandboxes,
        loading.containers,
        quarantine.taken(),
        new Loaded.Newer(loading.newerSandboxes, loading.newerContainers));
  }

  private static final class Loading implements RecordLog.Visitor {
    private final List<SandboxRecord> sandboxes = new ArrayList<>();
    private final List<ContainerRecord> containers = new ArrayList<>();
    private final List<SandboxRecord> newerSandboxes = new ArrayList<>();
    private final List<ContainerRecord> newerContainers = new ArrayList<>();

    @Override
    public void visit(Frame frame) throws Unreadable {
      switch (frame.key().kind()) {
        case SANDBOX -> {
          SandboxRecord record = parse(SandboxRecord.parser(), frame);
          requireUid(frame, record.getUid());
          (frame.isNewer() ? newerSandboxes : sandboxes).add(record);
        }
        case CONTAINER -> {
          ContainerRecord record = parse(ContainerRecord.parser(), frame);
          requireUid(frame, record.getUid());
          (frame.isNewer() ? newerContainers : containers).add(record);
        }
      }
    }
  }

  private static <T extends MessageLite> T parse(Parser<T> parser, Frame frame) throws Unreadable {
    try {
      return parser.parseFrom(frame.message());
    } catch (InvalidProtocolBufferException e) {
      throw new Unreadable("its message cannot be parsed: " + e.getMessage());
    }
  }

  private static void requireUid(Frame frame, String uid) throws Unreadable {
    if (!frame.key().uid().equals(uid)) {
      throw new Unreadable("it holds the record of another: " + uid);
    }
  }

  /** Survives the executor's death when it returns, the host's some moments later. */
  public void put(SandboxRecord sandbox) {
    append("write", Frame.of(new Key(Key.Kind.SANDBOX, sandbox.getUid()), sandbox));
  }

  /** Survives the executor's death when it returns, the host's some moments later. */
  public void put(ContainerRecord container) {
    append("write", Frame.of(new Key(Key.Kind.CONTAINER, container.getUid()), container));
  }

  /** As durable as {@link #put}. No error when there is none. */
  public void removeSandbox(String uid) {
    append("remove", Frame.removal(new Key(Key.Kind.SANDBOX, uid)));
  }

  /** As durable as {@link #put}. No error when there is none. */
  public void removeContainer(String uid) {
    append("remove", Frame.removal(new Key(Key.Kind.CONTAINER, uid)));
  }

  private void append(String verb, Frame frame) {
    try {
      if (log.append(frame)) {
        flusher.changed(log.isDue());
      }
    } catch (IOException e) {
      flushIfDue();
      throw new StoreException(verb, frame.key(), e);
    }
  }

  @Override
  public void close() {
    flusher.close();
    try {
      log.close();
    } catch (IOException e) {
      throw new StoreException("close", log.path(), e);
    }
  }
}
