package dev.caisson.linux;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Files, pipes and memory as descriptors.
 *
 * <p>Thread-safe. Whoever is given an {@link Fd} closes it. Buffers may be heap or direct (direct
 * saves a copy); as with a channel, the bytes between position and limit count and the position
 * moves. Every failure is a {@link LinuxException}; interrupted calls are repeated.
 */
public interface Files {
  /** In place of a count: a descriptor that does not block has nothing to give or take now. */
  int WOULD_BLOCK = -1;

  /** The kernel writes at most a page of a file of its own in one call, whole lines of it. */
  int GENERATED_PAGE = 4096;

  /** Opens a path as this process sees it, open(2). */
  Fd open(Path path, OpenFlag... flags);

  /** Opens a path from a directory under restrictions, openat2(2). */
  Fd openIn(Fd directory, String path, Set<Resolve> resolve, OpenFlag... flags);

  /**
   * Reads what is there, at most the buffer's room, which must not be nothing.
   *
   * @return bytes; 0 at the end of the file; or {@link #WOULD_BLOCK}
   */
  int read(Fd fd, ByteBuffer into);

  /**
   * Writes what the file takes of the buffer.
   *
   * @return bytes, or {@link #WOULD_BLOCK}
   */
  int write(Fd fd, ByteBuffer from);

  /**
   * Reads from an offset, pread(2); the file's own position stays.
   *
   * @return bytes; 0 at the end of the file
   */
  int readAt(Fd fd, ByteBuffer into, long offset);

  /**
   * The rest of a file that the kernel writes when it is read (procfs, a control file), with as few
   * calls as can be: after an answer below half a page nothing comes, since no line is as long as
   * the other half.
   *
   * @param most bytes; what is beyond them may be left out
   */
  default byte[] readGenerated(Fd fd, int most) {
    ByteBuffer page = ByteBuffer.allocate(GENERATED_PAGE);
    int count = read(fd, page);
    if (count < GENERATED_PAGE / 2) {
      return Arrays.copyOf(page.array(), page.position());
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream(2 * GENERATED_PAGE);
    all.write(page.array(), 0, page.position());
    while (count >= GENERATED_PAGE / 2 && all.size() < most) {
      count = read(fd, page.clear());
      all.write(page.array(), 0, page.position());
    }
    return all.toByteArray();
  }

  /**
   * Waits until the kernel says that a file of its own has changed since it was last read through
   * this descriptor, poll(2) with POLLPRI. One that was removed counts as changed.
   *
   * @return false when the time was up first
   */
  boolean awaitChange(Fd fd, Duration timeout);

  /** Makes a directory with mode 0755, whatever the umask: mkdir(2), chmod(2). */
  void makeDirectory(Path path);

  /** Removes an empty directory, rmdir(2); of a cgroup, with its control files. */
  void removeDirectory(Path path);

  /**
   * The names of the directories in a directory, in no order; symbolic links are none.
   * getdents64(2), with a look at a file only where the filesystem does not tell types there.
   */
  List<String> directories(Path path);

  /** Works on every descriptor, {@link OpenFlag#PATH} included. */
  FileStatus status(Fd fd);

  /** The kind of filesystem: {@code f_type} of fstatfs(2), linux/magic.h. */
  long filesystemMagic(Fd fd);

  /** Whether a descriptor only stands for a place, and was not opened: {@code O_PATH}, open(2). */
  boolean isPlace(Fd fd);

  Pipe pipe();

  /**
   * A file in memory with this content that nobody can change any more: sealed against writing,
   * shrinking, growing and further seals. It may be executed.
   *
   * @param name for /proc only; at most 249 bytes
   */
  Fd sealedMemory(String name, ByteBuffer content);

  /** A file in memory of this size, all zero. */
  Fd memory(String name, long bytes);

  /** Sets a property of the open file: whoever shares it sees the change. */
  void setBlocking(Fd fd, boolean blocking);

  /** Changes the owner of one entry of a directory; a symbolic link itself, not its target. */
  void setOwner(Fd directory, String name, int uid, int gid);

  /** Changes the owner of what is at a path; of a symbolic link itself, not of its target. */
  void setOwner(Path path, int uid, int gid);

  /** Changes the owner of an open file, a pipe for example. */
  void setOwner(Fd file, int uid, int gid);

  /** The kernel rounds up to a power of two pages; EPERM above /proc/sys/fs/pipe-max-size. */
  void setPipeCapacity(Fd pipe, int bytes);
}
