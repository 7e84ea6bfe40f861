package dev.caisson.executor.cgroup;

import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Control files that are read again and again. Each is opened once, since to look up and open one
 * costs four times as much as to read it; whoever removes its cgroup closes it. The kernel lets a
 * cgroup go whose files are open, and answers ENODEV from then on.
 *
 * <p>Thread-safe.
 */
final class KeptFiles {
  private final Files files;
  private final int most;
  private final ByteBuffer page = ByteBuffer.allocateDirect(Files.GENERATED_PAGE);
  private final Map<Path, Map<String, Fd>> byDirectory = new HashMap<>();
  private int count;

  /**
   * @param most that stay open; what is beyond is opened each time
   */
  KeptFiles(Files files, int most) {
    this.files = files;
    this.most = most;
  }

  /**
   * The first page of a file.
   *
   * @return empty: there is none, or none any more
   */
  synchronized Optional<String> read(Path directory, String name) {
    @Nullable Fd kept = byDirectory.getOrDefault(directory, Map.of()).get(name);
    if (kept != null) {
      try {
        return Optional.of(content(kept));
      } catch (LinuxException e) { // another of that name may have been made since
        forget(directory);
      }
    }
    return opened(directory, name);
  }

  private Optional<String> opened(Path directory, String name) {
    Path file = directory.resolve(name);
    try (Fd fd = files.open(file, OpenFlag.READ_ONLY)) {
      String content = content(fd);
      if (count < most) {
        keep(directory, name, fd.duplicate());
      }
      return Optional.of(content);
    } catch (LinuxException e) {
      if (ControlFiles.isGone(e)) {
        return Optional.empty();
      }
      throw new CgroupException("read", file, e);
    }
  }

  private void keep(Path directory, String name, Fd fd) {
    byDirectory.computeIfAbsent(directory, _ -> new HashMap<>()).put(name, fd);
    count++;
  }

  private String content(Fd fd) {
    page.clear();
    files.readAt(fd, page, 0);
    return StandardCharsets.UTF_8.decode(page.flip()).toString().strip();
  }

  /** Closes those of a directory, which was removed. */
  synchronized void forget(Path directory) {
    Map<String, Fd> gone = byDirectory.remove(directory);
    if (gone != null) {
      count -= gone.size();
      gone.values().forEach(Fd::close);
    }
  }

  /** How many are open. */
  synchronized int count() {
    return count;
  }
}
