package dev.caisson.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the kernel counts for a process. Source: proc_pid_stat(5), proc_tid_children(5).
 *
 * @param pid of a process of which nothing forks while it is counted, but what is looked for
 */
record ServiceProcess(long pid) {
  /** {@code USER_HZ}: time(7). */
  private static final long NANOS_PER_TICK = 10_000_000;

  private static final long BYTES_PER_KIB = 1024;
  private static final Pattern GENERATION = Pattern.compile("total [0-9]+K, used ([0-9]+)K");

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

  /**
   * @param rss what it has in memory, in bytes: proc_pid_status(5)
   * @param heap what of the JVM's heap is reachable, in bytes
   */
  record Footprint(long rss, long heap, int threads) {}

  /** Of a JVM, after it has collected its garbage, so that only what is held counts. */
  Footprint footprint() throws IOException, InterruptedException {
    var _ = jcmd("GC.run");
    long heap = heap(jcmd("GC.heap_info"));
    String status = Files.readString(directory().resolve("status"));
    return new Footprint(
        field(status, "VmRSS") * BYTES_PER_KIB, heap, Math.toIntExact(field(status, "Threads")));
  }

  private String jcmd(String command) throws IOException, InterruptedException {
    String program = Path.of(System.getProperty("java.home", ""), "bin", "jcmd").toString();
    Process process =
        new ProcessBuilder(program, Long.toString(pid), command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("jcmd " + pid + " " + command + " failed: " + said.strip());
    }
    return said;
  }

  /** Of each generation what is used, as {@code GC.heap_info} has it; metaspace has no total. */
  static long heap(String info) {
    return GENERATION.matcher(info).results().mapToLong(one -> Long.parseLong(one.group(1))).sum()
        * BYTES_PER_KIB;
  }

  /** The number of a line as {@code VmRSS: 1024 kB}. */
  static long field(String status, String name) {
    return status
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("The kernel tells no " + name));
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
