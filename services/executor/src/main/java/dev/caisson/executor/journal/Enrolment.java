package dev.caisson.executor.journal;

import dev.caisson.model.NodeKey;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.regex.Pattern;

/**
 * The public key of this node, for an auditor that trusts this machine: one that has been left is
 * never replaced, since another key is for somebody to look at.
 */
public final class Enrolment {
  private static final System.Logger LOG = System.getLogger(Enrolment.class.getName());

  /** Of a file. */
  private static final Pattern NODE = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,252}");

  private final String node;
  private final NodeKey key;

  private Enrolment(String node, NodeKey key) {
    this.node = node;
    this.key = key;
  }

  public static Enrolment of(String node, NodeKey key) {
    return new Enrolment(node, key);
  }

  /**
   * Leaves it as ‹node›.pem, where there is none.
   *
   * @param directory where the auditor looks for keys; others than the executor's user must not be
   *     able to write to it
   * @throws IOException where it cannot be written: the message says what to do
   */
  public void in(Path directory) throws IOException {
    if (!NODE.matcher(node).matches()) {
      throw new IOException(
          "--enrol names a file by the node, whose name must be of letters, digits, dots, dashes"
              + " and underscores: "
              + node);
    }
    Path file = directory.resolve(node + ".pem");
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      compare(file);
      return;
    }
    Path fresh = Files.createTempFile(directory, "." + node, ".new");
    try {
      write(fresh);
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
      Files.createLink(file, fresh); // unlike a rename, never in the place of another
    } catch (FileAlreadyExistsException e) {
      compare(file);
    } finally {
      Files.delete(fresh);
    }
  }

  /** For good, before it has its name: what is there is never replaced. */
  private void write(Path fresh) throws IOException {
    try (FileChannel file = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      ByteBuffer pem = ByteBuffer.wrap(key.pem().getBytes(StandardCharsets.US_ASCII));
      while (pem.hasRemaining()) {
        var _ = file.write(pem);
      }
      file.force(true);
    }
  }

  private void compare(Path file) throws IOException {
    if (!Files.readString(file, StandardCharsets.US_ASCII).contains(key.pem().strip())) {
      LOG.log(
          Level.WARNING,
          "{0} has another key than {1}, by which this executor signs: what it records will not be"
              + " verified. If its key is right, add it to the file",
          file,
          key);
    }
  }
}
