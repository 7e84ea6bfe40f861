package dev.caisson.scenarios;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What this machine says, as anybody sees it. */
final class Host {
  private static final Path PROC = Path.of("/proc");

  private Host() {}

  /** Of the processes whose command line has this path: what they are. */
  static List<String> processesNaming(Path path) throws IOException {
    return processes()
        .map(process -> read(process.resolve("cmdline")).replace('\0', ' '))
        .filter(line -> line.contains(path + "/"))
        .toList();
  }

  /** Those of a cgroup, and of those below it. */
  static List<String> processesIn(String cgroup) throws IOException {
    return processes()
        .filter(process -> !isZombie(process))
        .filter(process -> isIn(read(process.resolve("cgroup")), cgroup))
        .map(process -> process.getFileName().toString())
        .toList();
  }

  private static boolean isIn(String cgroups, String cgroup) {
    return cgroups
        .lines()
        .map(line -> line.substring(line.indexOf(":/") + 1))
        .anyMatch(own -> own.equals(cgroup) || own.startsWith(cgroup + "/"));
  }

  /** Where a cgroup says how many bytes it has, those below it included. */
  static Path memoryUsage(String cgroup) {
    Path version1 = Path.of("/sys/fs/cgroup/memory" + cgroup, "memory.usage_in_bytes");
    return Files.exists(version1) ? version1 : Path.of("/sys/fs/cgroup" + cgroup, "memory.current");
  }

  /** How often a cgroup had no room for one more process: {@code pids.events}. */
  static long refusedProcesses(String cgroup) throws IOException {
    Path version1 = Path.of("/sys/fs/cgroup/pids" + cgroup, "pids.events");
    Path events =
        Files.exists(version1) ? version1 : Path.of("/sys/fs/cgroup" + cgroup, "pids.events");
    return Long.parseLong(Files.readString(events).strip().substring("max ".length()));
  }

  static long parentOf(long pid) {
    return ProcessHandle.of(pid).orElseThrow().parent().orElseThrow().pid();
  }

  /** SIGKILL, which it cannot refuse. */
  static void kill(long pid) {
    Services.done("kill", "-KILL", Long.toString(pid));
  }

  static List<String> mountsNaming(Path path) throws IOException {
    return naming(PROC.resolve("self/mountinfo"), path);
  }

  static List<String> socketsNaming(Path path) throws IOException {
    return naming(PROC.resolve("net/unix"), path);
  }

  /** Those of a name at the top of a hierarchy. */
  static List<Path> cgroups(String name) throws IOException {
    Path top = Path.of("/sys/fs/cgroup");
    try (Stream<Path> hierarchies = Files.list(top)) {
      return Stream.concat(Stream.of(top), hierarchies)
          .map(hierarchy -> hierarchy.resolve(name))
          .filter(Files::exists)
          .toList();
    }
  }

  private static List<String> naming(Path file, Path path) throws IOException {
    return Files.readAllLines(file).stream().filter(line -> line.contains(path + "/")).toList();
  }

  private static Stream<Path> processes() throws IOException {
    try (Stream<Path> all = Files.list(PROC)) {
      return all.filter(one -> one.getFileName().toString().matches("\\d+")).toList().stream();
    }
  }

  private static boolean isZombie(Path process) {
    return read(process.resolve("status")).contains("\nState:\tZ");
  }

  /** Nothing of one that has just ended. */
  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
