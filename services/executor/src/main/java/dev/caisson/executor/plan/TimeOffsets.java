package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.TimeOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the clocks of a new time namespace show beside the host's. Source: time_namespaces(7).
 *
 * <p>They can be set as long as no process is in the namespace, by somebody else: a process that is
 * not dumpable cannot open its own file. So it makes the namespace for its children, waits, and
 * enters it itself.
 */
public final class TimeOffsets {
  private static final String FIELD = "time_offsets";
  private static final Set<String> CLOCKS = Set.of("monotonic", "boottime");
  private static final int NANOSECONDS = 1_000_000_000;

  /** Nobody needs more; the kernel takes half of what 64 bits of nanoseconds hold. */
  private static final long MAX_SECONDS = Long.MAX_VALUE / NANOSECONDS / 2;

  private TimeOffsets() {}

  static void check(ContainerSpec spec) {
    Set<String> seen = new HashSet<>();
    for (TimeOffset offset : spec.getTimeOffsetsList()) {
      check(CLOCKS.contains(offset.getClock()), "name monotonic or boottime", offset.getClock());
      check(seen.add(offset.getClock()), "name each clock once", offset.getClock());
      long nanoseconds = Integer.toUnsignedLong(offset.getNanoseconds());
      check(nanoseconds < NANOSECONDS, "have less than 1000000000 nanoseconds", nanoseconds);
      long seconds = offset.getSeconds();
      check(
          seconds >= -MAX_SECONDS && seconds <= MAX_SECONDS,
          "be at most " + MAX_SECONDS + " seconds either way",
          seconds);
    }
    check(
        seen.isEmpty() || Namespaces.ownTime(spec),
        "be given with a new time namespace",
        "no time namespace");
  }

  private static void check(boolean holds, String rule, Object value) {
    if (!holds) {
      throw Refusal.invalid(FIELD, rule, value).exception();
    }
  }

  /** Enters a new time namespace, with a barrier before it where there are offsets to be set. */
  static void enter(Assembly assembly, List<TimeOffset> offsets) {
    assembly.add(new NamespaceStep.Unshare(List.of(Flag.CLONE_NEWTIME)));
    if (!offsets.isEmpty()) {
      assembly.add(new Step.Barrier(ContainerPlan.TIME_OFFSETS));
    }
    // A link of procfs to an object of the kernel: nothing else leads there.
    var own =
        assembly.fill(slot ->
            new FileStep.Open(
                new Argument.Here(),
                "/proc/self/ns/time_for_children",
                List.of(Flag.O_RDONLY, Flag.O_CLOEXEC),
                List.of(),
                slot));
    assembly.add(new NamespaceStep.JoinOwn(own, List.of(Flag.CLONE_NEWTIME)));
    assembly.release(own);
  }

  /** What {@code /proc/pid/timens_offsets} is told. */
  public static String lines(List<TimeOffset> offsets) {
    return offsets.stream()
        .map(offset ->
            offset.getClock() + " " + offset.getSeconds() + " " + offset.getNanoseconds() + "\n")
        .collect(Collectors.joining());
  }
}
