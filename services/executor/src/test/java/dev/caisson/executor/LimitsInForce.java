package dev.caisson.executor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What the kernel says of a cgroup, in whichever hierarchy its controllers are. */
final class LimitsInForce {
  private static final Path TOP = Path.of("/sys/fs/cgroup");

  private LimitsInForce() {}

  /** Whether a controller has a hierarchy of version 1. */
  static boolean inVersion1(String controller) {
    return Files.exists(TOP.resolve(controller));
  }

  static String pids(String cgroup) {
    return read("pids", cgroup, "pids.max");
  }

  static String memory(String cgroup) {
    return read("memory", cgroup, inVersion1("memory") ? "memory.limit_in_bytes" : "memory.max");
  }

  /** Of all beside it: the highest that there is. */
  static void weighMost(String cgroup) throws IOException {
    boolean shares = inVersion1("cpu");
    Files.writeString(
        directory("cpu", cgroup).resolve(shares ? "cpu.shares" : "cpu.weight"),
        shares ? "262144" : "10000");
  }

  static String read(String controller, String cgroup, String file) {
    try {
      return Files.readString(directory(controller, cgroup).resolve(file)).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path directory(String controller, String cgroup) {
    return Stream.of(TOP.resolve(controller), TOP)
        .map(mount -> mount.resolve(cgroup.substring(1)))
        .filter(Files::exists)
        .findFirst()
        .orElseThrow();
  }
}
