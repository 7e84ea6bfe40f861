package dev.caisson.executor.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a file is the operator's alone: root's, and nobody else can change it, or put another in
 * its place.
 */
final class Trust {
  private static final int ROOT = 0;
  private static final int GROUP_OR_OTHERS_WRITE = 022;

  /** {@code S_ISVTX}: of what is in the directory, everybody can replace only his own. */
  private static final int STICKY = 01000;

  private Trust() {}

  /** Why it is not, as the end of a sentence; empty when it is. Links are followed. */
  static Optional<String> problem(Path file) {
    try {
      Path real = file.toRealPath();
      if (!Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
        return Optional.of("it is no regular file");
      }
      // Links lie in directories, too: those that lead to it, and those where it is.
      return problem(real, false)
          .or(() -> problemAbove(real))
          .or(() -> problemAbove(file.toAbsolutePath()));
    } catch (IOException e) {
      return Optional.of("it cannot be looked at");
    }
  }

  private static Optional<String> problemAbove(Path file) {
    for (Path above = file.getParent(); above != null; above = above.getParent()) {
      Optional<String> problem = problem(above, true);
      if (problem.isPresent()) {
        return problem;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> problem(Path path, boolean directory) {
    try {
      Map<String, Object> status = Files.readAttributes(path, "unix:uid,mode");
      boolean owned = Integer.valueOf(ROOT).equals(status.get("uid"));
      int mode = (int) status.getOrDefault("mode", 0);
      boolean closed = (mode & GROUP_OR_OTHERS_WRITE) == 0 || (directory && (mode & STICKY) != 0);
      return owned && closed
          ? Optional.empty()
          : Optional.of(
              "it must be root's, and others must not be able to write to it: "
                  + path.getFileName());
    } catch (IOException e) {
      return Optional.of("it cannot be looked at");
    }
  }
}
