package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What version 1 lets cgroups have of the time for realtime processes: together not more than the
 * one around them has. Version 2 has none. Source: tg_rt_schedulable in kernel/sched/rt.c.
 */
record RealtimeTime(Hierarchies hierarchies, ControlFiles files) {
  /** Source: BW_SHIFT in kernel/sched/sched.h. */
  private static final int RATIO_BITS = 20;

  /** As the kernel compares them, cut off in the same place. */
  private record Part(long runtime, long period) {
    static final Part NONE = new Part(0, Limits.DEFAULT_REALTIME_PERIOD_MICROS);

    static Part of(Limits limits) {
      return new Part(
          limits.realtimeRuntime().orElse(0),
          limits.realtimePeriod().orElse(Limits.DEFAULT_REALTIME_PERIOD_MICROS));
    }

    long ratio() {
      return (runtime << RATIO_BITS) / period;
    }

    String words() {
      return runtime + " of " + period;
    }
  }

  /**
   * Refuses more than is left in a parent that is there.
   *
   * @param path of the cgroup that is to have it; what it has now is its own
   */
  void requireLeft(String parent, String path, Limits limits) {
    Part asked = Part.of(limits);
    Optional<Hierarchy> cpu = hierarchy();
    if (asked.runtime() == 0 || cpu.isEmpty()) {
      return;
    }
    Optional<Part> whole = read(cpu.get().directory(parent));
    if (whole.isPresent()) {
      requireWithin(parent, whole.get(), asked);
      requireBeside(cpu.get(), parent, whole.get(), path, asked);
    }
  }

  private void requireBeside(Hierarchy cpu, String parent, Part whole, String path, Part asked) {
    long others = sum(cpu.directory(parent), cpu.directory(path));
    if (others + asked.ratio() > whole.ratio()) {
      throw new InvalidResources(
          InvalidResources.Kind.UNSUPPORTED,
          "resources.cpu.realtime_runtime",
          "leave to the others in "
              + parent
              + " what they have ("
              + percent(others)
              + " of the time, of its "
              + percent(whole.ratio())
              + ")",
          asked.runtime());
    }
  }

  /** The same of a parent that is yet to be made: it will have none. */
  void requireNone(String parent, Limits limits) {
    if (hierarchy().isPresent()) {
      requireWithin(parent, Part.NONE, Part.of(limits));
    }
  }

  /** The same of a sandbox that is to be made with limits of its own. */
  void requireWithin(Limits around, Limits limits) {
    if (hierarchy().isPresent()) {
      requireWithin("the sandbox", Part.of(around), Part.of(limits));
    }
  }

  private static void requireWithin(String whose, Part whole, Part asked) {
    if (asked.ratio() > whole.ratio()) {
      throw InvalidResources.invalid(
          "resources.cpu.realtime_runtime",
          "not be a larger part of its period than that of "
              + whose
              + " ("
              + whole.words()
              + "), to which its owner may give more",
          asked.runtime());
    }
  }

  /** Refuses less than those in it have together. */
  void requireForThoseIn(String path, Limits limits) {
    Optional<Hierarchy> cpu = hierarchy();
    if (cpu.isEmpty()
        || (limits.realtimeRuntime().isEmpty() && limits.realtimePeriod().isEmpty())) {
      return;
    }
    Path directory = cpu.get().directory(path);
    long runtime = limits.realtimeRuntime().orElse(read(directory).orElse(Part.NONE).runtime());
    Part asked = new Part(runtime, Part.of(limits).period());
    long inside = sum(directory, directory);
    if (inside > asked.ratio()) {
      throw InvalidResources.invalid(
          "resources.cpu.realtime_runtime",
          "not be less than those in it have ("
              + percent(inside)
              + " of the time): lower that first",
          asked.runtime());
    }
  }

  private Optional<Hierarchy> hierarchy() {
    return hierarchies.of(Controller.CPU).filter(h -> !h.unified());
  }

  /** Of all in a directory but one. */
  private long sum(Path directory, Path but) {
    try {
      return files.childDirectories(directory).stream()
          .filter(child -> !child.equals(but))
          .flatMap(child -> read(child).stream())
          .mapToLong(Part::ratio)
          .sum();
    } catch (LinuxException _) {
      return 0; // it is gone, as the first write will say
    }
  }

  /** Empty: it is gone, the kernel does not share such time out, or nothing bounds it. */
  private Optional<Part> read(Path directory) {
    OptionalLong runtime = number(directory.resolve(V1Files.REALTIME_RUNTIME));
    OptionalLong period = number(directory.resolve(V1Files.REALTIME_PERIOD));
    return runtime.isPresent() && period.orElse(0) > 0
        ? Optional.of(new Part(runtime.getAsLong(), period.getAsLong()))
        : Optional.empty();
  }

  private OptionalLong number(Path file) {
    try {
      return FlatKeyed.number(files.read(file));
    } catch (LinuxException _) {
      return OptionalLong.empty();
    }
  }

  private static String percent(long ratio) {
    return Math.ceilDiv(ratio * 100, 1L << RATIO_BITS) + " %";
  }
}
