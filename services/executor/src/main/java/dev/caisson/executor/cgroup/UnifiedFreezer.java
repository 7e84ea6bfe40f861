package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;

/** {@code cgroup.freeze}, with {@code cgroup.events} to say when it is done. */
record UnifiedFreezer(Path directory, ControlFiles files) implements Freezer {
  @Override
  public void freeze() {
    write("1");
    if (!await(1)) {
      write("0");
      throw busy("freeze", "not frozen within ");
    }
  }

  @Override
  public void thaw() {
    write("0");
    if (!await(0)) {
      throw busy("thaw", "still frozen after ");
    }
  }

  private CgroupException busy(String operation, String what) {
    return new CgroupException(
        CgroupException.Kind.BUSY,
        operation,
        directory.toString(),
        what + TIMEOUT.toSeconds() + " s");
  }

  private void write(String value) {
    Path file = directory.resolve("cgroup.freeze");
    try {
      files.write(file, value);
    } catch (LinuxException e) {
      throw new CgroupException("write " + value + " to", file, e);
    }
  }

  private boolean await(long frozen) {
    return files.awaitEvents(
        directory.resolve(MountedCgroup.EVENTS),
        TIMEOUT,
        events -> events.get("frozen").orElse(0) == frozen);
  }
}
