package dev.caisson.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the kernel counts for a process. Source: proc_pid_stat(5), proc_tid_children(5).
 *
 * @param pid of a process of which nothing forks while it is counted, but what is looked for
 */
record ServiceProcess(long pid) {
  /** {@code USER_HZ}: time(7). */
  private static final long NANOS_PER_TICK = 10_000_000;

  // Of the fields after the name, from 0.
  private static final int CHILDREN_FAULTS = 8;
  private static final int USER = 11;
  private static final int SYSTEM = 12;

  /**
   * @param cpu of all its threads, also of those that have ended
   * @param childrenFaults page faults of the children that have ended and were waited for: none can
   *     have been born, and ended, without one
   * @param children that live
   */
  record Counted(Duration cpu, long childrenFaults, List<String> children) {
    boolean hasForkedAsOftenAs(Counted before) {
      return childrenFaults == before.childrenFaults && children.equals(before.children);
    }
  }

  Counted count() throws IOException {
    String stat = Files.readString(directory().resolve("stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    long ticks = Long.parseLong(fields[USER]) + Long.parseLong(fields[SYSTEM]);
    return new Counted(
        Duration.ofNanos(ticks * NANOS_PER_TICK),
        Long.parseLong(fields[CHILDREN_FAULTS]),
        children());
  }

  private List<String> children() throws IOException {
    try (Stream<Path> threads = Files.list(directory().resolve("task"))) {
      return threads.flatMap(ServiceProcess::children).sorted().toList();
    }
  }

  private static Stream<String> children(Path thread) {
    try {
      String all = Files.readString(thread.resolve("children")).strip();
      return Stream.of(all.split(" ", -1)).filter(child -> !child.isEmpty());
    } catch (IOException _) { // the thread has ended
      return Stream.empty();
    }
  }

  private Path directory() {
    return Path.of("/proc", Long.toString(pid));
  }
}
