package dev.caisson.testing;

import dev.caisson.linux.DescriptorTable;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A descriptor table. Numbers are never used again, so that a stale one is always seen. */
final class OpenFiles implements DescriptorTable {
  /** Above the numbers that a process has, so that neither is taken for the other. */
  private static final int FIRST = 1000;

  private final Monitor monitor;
  private final Map<Integer, OpenFile> files = new HashMap<>();
  private int next = FIRST;

  OpenFiles(Monitor monitor) {
    this.monitor = monitor;
  }

  Fd add(OpenFile file) {
    return monitor.change(() -> Fd.of(put(file), this));
  }

  private int put(OpenFile file) {
    files.put(next, file.retain());
    return next++;
  }

  OpenFile get(Fd fd) {
    return find(fd.number()).orElseThrow(() -> bad(fd.toString()));
  }

  /** The open file, if it is of the kind that the call needs. */
  <T extends OpenFile> T get(Fd fd, Class<T> kind, Errno otherwise) {
    OpenFile file = get(fd);
    if (!kind.isInstance(file)) {
      throw new LinuxException("use", fd.toString(), otherwise);
    }
    return kind.cast(file);
  }

  Optional<OpenFile> find(int number) {
    return monitor.change(() -> Optional.ofNullable(files.get(number)));
  }

  int size() {
    return monitor.change(files::size);
  }

  @Override
  public void close(int number) {
    monitor.change(() -> Optional.ofNullable(files.remove(number)).ifPresent(OpenFile::release));
  }

  @Override
  public int duplicate(int number) {
    return monitor.change(() -> put(find(number).orElseThrow(() -> bad("descriptor " + number))));
  }

  private static LinuxException bad(String subject) {
    return new LinuxException("use", subject, Errno.EBADF);
  }
}
