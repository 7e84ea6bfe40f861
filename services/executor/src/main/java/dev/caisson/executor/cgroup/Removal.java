package dev.caisson.executor.cgroup;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
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
    private Optional<IOException> last = Optional.empty();

    Attempt(Path directory) {
      this.directory = directory;
    }

    boolean succeeds() {
      try {
        removeTree(directory);
        return true;
      } catch (NoSuchFileException _) {
        return true;
      } catch (IOException e) {
        last = Optional.of(e);
        return false;
      }
    }

    void fail() {
      throw new CgroupException("remove cgroup", directory.toString(), last.orElseThrow());
    }
  }

  /** Removing is cheap and mostly works; listing means a stat for each control file. */
  private void removeTree(Path directory) throws IOException {
    try {
      files.removeDirectory(directory);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException _) {
      removeWithChildren(directory);
    }
  }

  private void removeWithChildren(Path directory) throws IOException {
    for (Path child : files.childDirectories(directory)) {
      removeChild(child);
    }
    files.removeDirectory(directory);
  }

  private void removeChild(Path child) throws IOException {
    try {
      removeTree(child);
    } catch (NoSuchFileException _) {
      // Somebody else was faster.
    }
  }
}
