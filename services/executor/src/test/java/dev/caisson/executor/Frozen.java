package dev.caisson.executor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether a cgroup stands still, as the kernel says in either version. */
final class Frozen {
  private static final Path TOP = Path.of("/sys/fs/cgroup");

  private Frozen() {}

  static boolean is(String cgroup) {
    String path = cgroup.substring(1);
    return says(TOP.resolve("freezer").resolve(path).resolve("freezer.state"), "FROZEN")
        || says(TOP.resolve("unified").resolve(path).resolve("cgroup.events"), "frozen 1")
        || says(TOP.resolve(path).resolve("cgroup.events"), "frozen 1");
  }

  private static boolean says(Path file, String word) {
    try {
      return Files.exists(file) && Files.readString(file).contains(word);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
