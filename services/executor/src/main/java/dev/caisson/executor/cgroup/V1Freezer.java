package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;

/**
 * {@code freezer.state}. Source: the kernel's
 * Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst.
 */
record V1Freezer(Path directory, ControlFiles files) implements Freezer {
  @Override
  public void freeze() {
    if (!Retry.until(TIMEOUT, () -> change("FROZEN"))) {
      change("THAWED");
      throw new CgroupException(
          CgroupException.Kind.BUSY,
          "freeze",
          directory.toString(),
          "not frozen within " + TIMEOUT.toSeconds() + " s");
    }
  }

  @Override
  public void thaw() {
    if (!Retry.until(TIMEOUT, () -> change("THAWED"))) {
      throw new CgroupException(
          CgroupException.Kind.BUSY,
          "thaw",
          directory.toString(),
          "still frozen after " + TIMEOUT.toSeconds() + " s");
    }
  }

  /** To be repeated: what a process forked meanwhile is frozen by the next write. */
  private boolean change(String state) {
    Path file = directory.resolve("freezer.state");
    try {
      files.write(file, state);
      return files.read(file).equals(state);
    } catch (LinuxException e) {
      throw new CgroupException("write " + state + " to", file, e);
    }
  }
}
