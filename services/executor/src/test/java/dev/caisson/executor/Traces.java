package dev.caisson.executor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What an operation could leave behind on this machine.
 *
 * @param processes in cgroups of the node's, and children of the executor's process
 * @param descriptors of the executor's process: how many of each kind
 * @param files below the data and run directories; those of the record grow and do not count
 */
record Traces(
    Set<String> processes,
    Set<String> cgroups,
    List<String> mounts,
    Set<String> sockets,
    Map<String, Long> descriptors,
    Set<String> files) {
  private static final int ATTEMPTS = 100;
  private static final Duration APART = Duration.ofMillis(100);
  private static final Path PROC = Path.of("/proc");

  /** Of the compiler, which is at work beside the first calls; LibseccompTest counts them. */
  private static final String COMPILING = "/memfd:seccomp (deleted)";

  /** What goes while it is listed is looked for again. */
  static Traces of(TestNode node) {
    for (int i = 0; i < ATTEMPTS; i++) {
      try {
        return once(node);
      } catch (UncheckedIOException e) {
        if (!(e.getCause() instanceof NoSuchFileException)) {
          throw e;
        }
      }
    }
    return once(node);
  }

  /** Once two of them are equal: a call may be answered before what it used is closed. */
  static Traces settled(TestNode node) {
    AtomicReference<Traces> last = new AtomicReference<>(of(node));
    TestNode.eventually("what is there stays as it is", () -> staysFor(node, last));
    return last.get();
  }

  private static boolean staysFor(TestNode node, AtomicReference<Traces> last) {
    long began = System.nanoTime();
    TestNode.eventually("time passes", () -> System.nanoTime() - began > APART.toNanos());
    Traces next = of(node);
    return next.equals(last.getAndSet(next));
  }

  private static Traces once(TestNode node) {
    try {
      return new Traces(
          processes(node),
          cgroups(node),
          Files.readAllLines(PROC.resolve("self/mountinfo")),
          sockets(node),
          descriptors(node.executorPid()),
          files(node));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is here and not there, or the other way round, in words. */
  String beyond(Traces other) {
    List<String> words = new ArrayList<>();
    differ(words, processes, other.processes);
    differ(words, cgroups, other.cgroups);
    differ(words, Set.copyOf(mounts), Set.copyOf(other.mounts));
    differ(words, sockets, other.sockets);
    differ(words, descriptors.entrySet(), other.descriptors.entrySet());
    differ(words, files, other.files);
    return String.join(", ", words);
  }

  private static void differ(List<String> words, Set<?> these, Set<?> others) {
    these.stream().filter(one -> !others.contains(one)).forEach(one -> words.add("+" + one));
    others.stream().filter(one -> !these.contains(one)).forEach(one -> words.add("-" + one));
  }

  private static Set<String> processes(TestNode node) throws IOException {
    Set<String> found = new TreeSet<>();
    try (Stream<Path> all = Files.list(PROC)) {
      for (Path process : all.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        String cgroups = read(process.resolve("cgroup"));
        String own = "\nPPid:\t" + node.executorPid() + "\n";
        if (cgroups.contains(node.cgroupParent())
            || read(process.resolve("status")).contains(own)) {
          found.add(process.getFileName() + " " + read(process.resolve("comm")).strip());
        }
      }
    }
    return found;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return ""; // it has just ended
    }
  }

  private static Set<String> cgroups(TestNode node) throws IOException {
    Set<String> found = new TreeSet<>();
    for (String line : Files.readAllLines(PROC.resolve("self/mountinfo"))) {
      String[] fields = line.split(" ", -1);
      Path parent = Path.of(fields[4] + node.cgroupParent());
      if (line.contains(" - cgroup") && Files.isDirectory(parent)) {
        try (Stream<Path> tree = Files.walk(parent)) {
          tree.filter(Files::isDirectory).map(Path::toString).forEach(found::add);
        }
      }
    }
    return found;
  }

  private static Set<String> sockets(TestNode node) throws IOException {
    return Files.readAllLines(PROC.resolve("self/net/unix")).stream()
        .filter(line -> line.contains(node.base() + "/"))
        .map(line -> line.substring(line.indexOf(node.base().toString())))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What a process has open: how many of each kind. */
  static Map<String, Long> descriptorsOf(long pid) {
    try {
      return descriptors(pid);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, Long> descriptors(long pid) throws IOException {
    try (Stream<Path> all = Files.list(PROC.resolve(pid + "/fd"))) {
      return all.map(Traces::kind)
          .filter(kind -> !kind.isEmpty() && !kind.equals(COMPILING) && !isKept(kind))
          .collect(Collectors.groupingBy(kind -> kind, TreeMap::new, Collectors.counting()));
    }
  }

  /** What is read each second is open as long as its cgroup is there, from its first sample on. */
  private static boolean isKept(String kind) {
    return kind.startsWith("/sys/fs/cgroup/") && !kind.endsWith(" (deleted)");
  }

  private static String kind(Path descriptor) {
    try {
      // Segments of the journal follow each other.
      return Files.readSymbolicLink(descriptor)
          .toString()
          .replaceAll(":\\[\\d+]|\\d+$|[\\d-]+\\.seg$", "");
    } catch (IOException e) {
      return ""; // the one that lists the others
    }
  }

  private static Set<String> files(TestNode node) throws IOException {
    Set<String> found = new TreeSet<>();
    for (Path root : List.of(node.data(), node.run())) {
      try (Stream<Path> tree = Files.walk(root)) {
        tree.filter(path -> !path.startsWith(node.data().resolve("journal")))
            .filter(path -> !path.startsWith(node.data().resolve("usage")))
            .map(Path::toString)
            .forEach(found::add);
      }
    }
    return found;
  }
}
