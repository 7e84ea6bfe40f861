package dev.caisson.executor.cgroup;

import java.io.IOException;
import java.nio.file.Path;

/** {@code cgroup.freeze}, with {@code cgroup.events} to say when it is done. */
record UnifiedFreezer(Path directory, ControlFiles files) implements Freezer {
  @Override
  public void freeze() {
    write("1");
    if (!CgroupEvents.await(directory, TIMEOUT, () -> frozen() == 1)) {
      write("0");
      throw new CgroupException(
          CgroupException.Kind.BUSY,
          "freeze",
          directory.toString(),
          "not frozen within " + TIMEOUT.toSeconds() + " s");
    }
  }

  @Override
  public void thaw() {
    write("0");
    if (!CgroupEvents.await(directory, TIMEOUT, () -> frozen() == 0)) {
      throw new CgroupException(
          CgroupException.Kind.BUSY,
          "thaw",
          directory.toString(),
          "still frozen after " + TIMEOUT.toSeconds() + " s");
    }
  }

  private void write(String value) {
    Path file = directory.resolve("cgroup.freeze");
    try {
      files.write(file, value);
    } catch (IOException e) {
      throw new CgroupException("write " + value + " to", file.toString(), e);
    }
  }

  private long frozen() {
    Path file = directory.resolve(CgroupEvents.FILE);
    try {
      return FlatKeyed.parse(files.read(file)).get("frozen").orElse(0);
    } catch (IOException e) {
      throw new CgroupException("read", file.toString(), e);
    }
  }
}
