package dev.caisson.executor.cgroup;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * What is read of a cgroup each second. Where it is read is looked up once, and the files stay
 * open. Of a cgroup that is gone there is nothing.
 */
final class Counters {
  private static final long NANOS_PER_MICRO = 1_000;

  private final ControlFiles files;
  private final Optional<Path> cpu1;
  private final Optional<Path> unified;
  private final Optional<Path> memory;
  private final Optional<Path> pids;
  private final String kills;
  private final boolean localMemory;
  private final boolean localPids;

  /**
   * @param directory of the cgroup in a hierarchy
   */
  Counters(Hierarchies hierarchies, ControlFiles files, Function<Hierarchy, Path> directory) {
    this.files = files;
    this.cpu1 = hierarchies.of(Controller.CPUACCT).map(directory);
    this.unified = hierarchies.unified().map(directory);
    this.memory = hierarchies.of(Controller.MEMORY).map(directory);
    this.pids = hierarchies.of(Controller.PIDS).map(directory);
    this.localMemory = hierarchies.of(Controller.MEMORY).filter(Hierarchy::unified).isPresent();
    this.localPids = hierarchies.of(Controller.PIDS).filter(Hierarchy::unified).isPresent();
    this.kills = localMemory ? "memory.events" : "memory.oom_control";
  }

  OptionalLong cpuNanos() {
    if (cpu1.isPresent()) {
      return files
          .readOften(cpu1.get(), "cpuacct.usage")
          .map(FlatKeyed::number)
          .orElse(OptionalLong.empty());
    }
    OptionalLong micros = flat(unified, "cpu.stat").get("usage_usec");
    return micros.isPresent() ? OptionalLong.of(micros.getAsLong() * NANOS_PER_MICRO) : micros;
  }

  long oomKills() {
    return flat(memory, kills).get("oom_kill").orElse(0);
  }

  Shortages shortages() {
    return Shortages.of(flat(memory, kills), flat(pids, "pids.events"));
  }

  /** Without those of cgroups below; version 1 does not tell them apart. */
  Shortages ownShortages() {
    return Shortages.of(
        localMemory ? flat(memory, "memory.events.local") : FlatKeyed.EMPTY,
        localPids ? flat(pids, "pids.events.local") : FlatKeyed.EMPTY);
  }

  private FlatKeyed flat(Optional<Path> directory, String name) {
    return directory
        .flatMap(at -> files.readOften(at, name))
        .map(FlatKeyed::parse)
        .orElse(FlatKeyed.EMPTY);
  }
}
