package dev.caisson.executor.cgroup;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Plain access to a cgroup filesystem: one system call for a directory, three for a control file. A
 * test has one that answers as a kernel would, and fails on demand.
 */
class ControlFiles {
  /** Of one with a line for each process; all others are below a page. */
  private static final int MAX_BYTES = 1 << 20;

  private final Files files;
  private final KeptFiles kept;

  ControlFiles(Files files) {
    this(files, 0);
  }

  /**
   * @param kept how many files may stay open
   */
  ControlFiles(Files files, int kept) {
    this.files = files;
    this.kept = new KeptFiles(files, kept);
  }

  void makeDirectory(Path directory) {
    files.makeDirectory(directory);
  }

  void removeDirectory(Path directory) {
    files.removeDirectory(directory);
    kept.forget(directory);
  }

  boolean exists(Path path) {
    return java.nio.file.Files.exists(path);
  }

  String read(Path file) {
    try (Fd fd = files.open(file, OpenFlag.READ_ONLY)) {
      return content(fd);
    }
  }

  private String content(Fd fd) {
    return new String(files.readGenerated(fd, MAX_BYTES), StandardCharsets.UTF_8).strip();
  }

  /** Empty: the cgroup is gone. */
  Optional<String> readIfThere(Path file) {
    try {
      return Optional.of(read(file));
    } catch (LinuxException e) {
      if (isGone(e)) {
        return Optional.empty();
      }
      throw new CgroupException("read", file, e);
    }
  }

  /**
   * The same of a short file that is read each second: it stays open until its cgroup is removed.
   */
  Optional<String> readOften(Path directory, String name) {
    return kept.read(directory, name);
  }

  /** ENODEV is the answer of a control file that was open when its cgroup was removed. */
  static boolean isGone(LinuxException e) {
    return e.errno() == Errno.ENOENT || e.errno() == Errno.ENODEV;
  }

  /** In one write(2), as control files want it; never creates a file. */
  void write(Path file, String value) {
    try (Fd fd = files.open(file, OpenFlag.WRITE_ONLY)) {
      files.write(fd, ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)));
    }
  }

  /** Writes nothing. */
  void requireWritable(Path file) {
    files.open(file, OpenFlag.WRITE_ONLY).close();
  }

  void give(Path file, Owner owner) {
    files.setOwner(file, owner.uid(), owner.gid());
  }

  List<Path> childDirectories(Path directory) {
    return files.directories(directory).stream().map(directory::resolve).toList();
  }

  /**
   * Waits for a change of {@code cgroup.events}, of which the kernel tells through poll(2).
   *
   * @return whether what it says came true in time; a file that is gone says nothing any more
   */
  boolean awaitEvents(Path events, Duration timeout, Predicate<FlatKeyed> condition) {
    long deadline = System.nanoTime() + timeout.toNanos();
    try (Fd fd = files.open(events, OpenFlag.READ_ONLY)) {
      while (!condition.test(FlatKeyed.parse(again(fd)))) {
        long left = deadline - System.nanoTime();
        if (left <= 0 || !files.awaitChange(fd, Duration.ofNanos(left))) {
          return condition.test(FlatKeyed.parse(again(fd)));
        }
      }
      return true;
    } catch (LinuxException e) {
      if (isGone(e)) {
        return condition.test(FlatKeyed.parse(""));
      }
      throw new CgroupException("watch", events, e);
    }
  }

  /** From the beginning: a few short lines. */
  private String again(Fd fd) {
    ByteBuffer page = ByteBuffer.allocate(Files.GENERATED_PAGE);
    files.readAt(fd, page, 0);
    return new String(page.array(), 0, page.position(), StandardCharsets.UTF_8);
  }
}
