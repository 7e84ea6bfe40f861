package dev.caisson.rpc;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The place of a Unix socket. One process owns it at a time, by a lock on the file {@code
 * ‹socket›.lock}, which is never removed; and nobody can connect before owner and mode are right:
 * the socket is bound in a directory that only this user can enter, and then moved to its place.
 */
public final class SocketFile implements AutoCloseable {
  /** unix(7): sun_path has 108 bytes, the last of which is 0. */
  static final int MAX_PATH_BYTES = 107;

  private final Path socket;
  private final Path birthplace;
  private final FileChannel lock;

  private SocketFile(Path socket, Path birthplace, FileChannel lock) {
    this.socket = socket;
    this.birthplace = birthplace;
    this.lock = lock;
  }

  /**
   * Takes the place.
   *
   * @throws IOException that says what is in the way: another process, a file
   */
  public static SocketFile claim(Path path) throws IOException {
    Path socket = path.toAbsolutePath().normalize();
    Path parent = socket.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new IOException("Failed to find the directory of the socket: " + socket);
    }
    FileChannel lock = lock(socket);
    try {
      removeStale(socket);
      Path birthplace = checked(parent.resolve("." + socket.getFileName()));
      removeLeft(birthplace);
      Files.createDirectory(birthplace, permissions("rwx------"));
      return new SocketFile(socket, birthplace, lock);
    } catch (IOException failure) {
      lock.close();
      throw failure;
    }
  }

  /** Where to bind; valid until {@link #publish}. */
  public UnixDomainSocketAddress bindAddress() {
    return UnixDomainSocketAddress.of(birthplace.resolve("s"));
  }

  /** Lets clients in, now that the socket is bound. */
  public void publish(Set<PosixFilePermission> mode, @Nullable String owner, @Nullable String group)
      throws IOException {
    Path bound = birthplace.resolve("s");
    PosixFileAttributeView attributes =
        Files.getFileAttributeView(bound, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    UserPrincipalLookupService users = FileSystems.getDefault().getUserPrincipalLookupService();
    if (group != null) {
      attributes.setGroup(users.lookupPrincipalByGroupName(group));
    }
    if (owner != null) {
      attributes.setOwner(users.lookupPrincipalByName(owner));
    }
    Files.setPosixFilePermissions(bound, mode);
    Files.move(bound, socket, StandardCopyOption.ATOMIC_MOVE);
    Files.delete(birthplace);
  }

  @Override
  public void close() throws IOException {
    try (lock) {
      Files.deleteIfExists(socket);
      Files.deleteIfExists(birthplace.resolve("s"));
      Files.deleteIfExists(birthplace);
    }
  }

  private static FileChannel lock(Path socket) throws IOException {
    FileChannel channel =
        FileChannel.open(
            socket.resolveSibling(socket.getFileName() + ".lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
            permissions("rw-------"));
    if (!taken(channel)) {
      return channel;
    }
    channel.close();
    throw new IOException(
        "Failed to take the socket " + socket + ": another process serves it; stop that one first");
  }

  private static boolean taken(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock == null;
    } catch (OverlappingFileLockException sameProcess) {
      return true;
    }
  }

  /** What a killed process left. Anything but a socket was put there by somebody, and stays. */
  private static void removeStale(Path socket) throws IOException {
    if (Files.notExists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!isSocket(socket)) {
      throw new IOException("Failed to make the socket " + socket + ": a file is in its place");
    }
    Files.delete(socket);
  }

  /** Where a process was killed before its socket was in its place. */
  private static void removeLeft(Path birthplace) throws IOException {
    if (Files.isDirectory(birthplace, LinkOption.NOFOLLOW_LINKS)) {
      Files.deleteIfExists(birthplace.resolve("s"));
      Files.delete(birthplace);
    }
  }

  /** S_IFSOCK of inode(7): the JDK has no test for a socket of its own. */
  private static boolean isSocket(Path path) throws IOException {
    int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return (mode & 0170000) == 0140000;
  }

  private static Path checked(Path birthplace) throws IOException {
    Path bound = birthplace.resolve("s");
    int length = bound.toString().getBytes(StandardCharsets.UTF_8).length;
    if (length <= MAX_PATH_BYTES) {
      return birthplace;
    }
    throw new IOException(
        "The path of a socket must be at most "
            + MAX_PATH_BYTES
            + " bytes, with room for a directory to bind it in: "
            + bound);
  }

  private static java.nio.file.attribute.FileAttribute<Set<PosixFilePermission>> permissions(
      String mode) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
  }
}
