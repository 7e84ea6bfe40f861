package dev.caisson.executor.cgroup;

import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Removes a tree of cgroups, children first, and waits for processes that are still dying (EBUSY).
 */
record Removal(ControlFiles files) {
  static final Duration TIMEOUT = Duration.ofSeconds(5);

  void remove(Path directory) {
    Attempt attempt = new Attempt(directory);
    if (!Retry.until(TIMEOUT, attempt::succeeds)) {
      attempt.fail();
    }
  }

  private final class Attempt {
    private final Path directory;
    private Optional<LinuxException> last = Optional.empty();

    Attempt(Path directory) {
      this.directory = directory;
    }

    boolean succeeds() {
      try {
        removeTree(directory);
        return true;
      } catch (LinuxException e) {
        last = Optional.of(e);
        return ControlFiles.isGone(e);
      }
    }

    void fail() {
      throw new CgroupException("remove cgroup", directory, last.orElseThrow());
    }
  }

  /** Removing is cheap and mostly works; only where it does not, somebody looks for children. */
  private void removeTree(Path directory) {
    try {
      files.removeDirectory(directory);
    } catch (LinuxException e) {
      if (ControlFiles.isGone(e)) {
        throw e;
      }
      files.childDirectories(directory).forEach(this::removeChild);
      files.removeDirectory(directory);
    }
  }

  private void removeChild(Path child) {
    try {
      removeTree(child);
    } catch (LinuxException e) {
      if (!ControlFiles.isGone(e)) {
        throw e;
      }
      // Somebody else was faster.
    }
  }

  /** One that is known to have no children, before its parent; what is in the way is left. */
  void removeLeaf(Path leaf) {
    try {
      files.removeDirectory(leaf);
    } catch (LinuxException e) {
      if (!ControlFiles.isGone(e) && e.errno() != Errno.EBUSY && e.errno() != Errno.ENOTEMPTY) {
        throw new CgroupException("remove cgroup", leaf, e);
      }
    }
  }
}
