package dev.caisson.executor.network;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is known of networks on disk: a directory for each sandbox that has one, by its uid, with
 * its attachment, and the files by which it knows names.
 */
final class Attachments {
  private static final System.Logger LOG = System.getLogger(Attachments.class.getName());
  private static final String RECORD = "attachment.json";
  private static final String DRAFT = "attachment.draft";
  private static final String BROKEN = "attachment.broken";
  private static final Path HOSTS_RESOLVER = Path.of("/etc/resolv.conf");
  private static final int MAX_RESOLVER = 64 * 1024;
  private static final int READABLE = 0644;

  private final Path root;

  /**
   * @param root a directory of the executor's own, made where missing
   */
  Attachments(Path root) {
    this.root = root;
  }

  Path directory(String uid) {
    return root.resolve(uid);
  }

  /** Whole, and on the disk, when this returns. */
  void keep(String uid, Attachment attachment) {
    Path directory = directory(uid);
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path draft = directory.resolve(DRAFT);
      try (FileChannel file =
          FileChannel.open(
              draft,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer text = ByteBuffer.wrap(attachment.text().getBytes(StandardCharsets.UTF_8));
        while (text.hasRemaining()) {
          file.write(text);
        }
        file.force(true);
      }
      Files.move(draft, directory.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE);
      if (attachment.result().isEmpty()) { // the first of this sandbox
        force(directory);
        force(root);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to note the sandbox's network", e);
    }
  }

  private static void force(Path directory) throws IOException {
    try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
      entries.force(true);
    }
  }

  /** What cannot be read is kept beside, for its operator: nobody could undo it. */
  Optional<Attachment> find(String uid) {
    Path record = directory(uid).resolve(RECORD);
    try {
      return Optional.of(Attachment.parse(Files.readString(record)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (Json.Malformed e) {
      LOG.log(
          Level.ERROR, "What is known of the network of " + uid + " is lost: " + e.getMessage(), e);
      setAside(record);
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to read of the sandbox's network", e);
    }
  }

  private void setAside(Path record) {
    try {
      Files.move(record, root.resolve(BROKEN), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to set aside what cannot be read", e);
    }
  }

  /** No error when there is nothing. */
  void remove(String uid) {
    try (Stream<Path> files = Files.walk(directory(uid))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (NoSuchFileException e) {
      LOG.log(Level.DEBUG, "{0} has no network", uid);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to forget the sandbox's network", e);
    }
  }

  List<String> uids() {
    try (Stream<Path> directories = Files.list(root)) {
      return directories
          .filter(Files::isDirectory)
          .map(directory -> directory.getFileName().toString())
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to list the networks of sandboxes", e);
    }
  }

  /** Files of the sandbox's root, which everybody can read. */
  void write(String uid, Map<String, String> files, int owner, int group) {
    files.forEach((name, text) -> {
      Path file = directory(uid).resolve(name);
      try {
        Files.writeString(file, text);
        Files.setAttribute(file, "unix:mode", READABLE);
        Files.setAttribute(file, "unix:uid", owner);
        Files.setAttribute(file, "unix:gid", group);
      } catch (IOException e) {
        throw new UncheckedIOException("Failed to write the sandbox's " + name, e);
      }
    });
  }

  /** What the host knows of name servers; empty where it knows nothing. */
  static String hostsResolver() {
    try (InputStream input = Files.newInputStream(HOSTS_RESOLVER)) {
      return new String(input.readNBytes(MAX_RESOLVER), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
