package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Resolve;
import java.nio.file.Path;
import java.util.Set;

/** Walks a path as openat2(2) does, in a tree without links. */
final class Resolution {
  private Resolution() {}

  static Path of(Path base, String path, Set<Resolve> resolve) {
    if (resolve.contains(Resolve.IN_ROOT)) {
      // Normalizing an absolute path drops what would lead above the root.
      Path inside = Path.of("/").resolve(path).normalize();
      return base.resolve(Path.of("/").relativize(inside));
    }
    Path result = base.resolve(path).normalize();
    if (resolve.contains(Resolve.BENEATH)
        && (Path.of(path).isAbsolute() || !result.startsWith(base))) {
      throw new LinuxException("open", path, Errno.EXDEV);
    }
    return result;
  }
}
