package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.MemoryPolicy;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** On which nodes a container's memory is: set_mempolicy(2). */
final class MemoryPolicies {
  private static final String FIELD = "memory_policy.";
  private static final List<Flag> FLAGS =
      List.of(Flag.MPOL_F_NUMA_BALANCING, Flag.MPOL_F_RELATIVE_NODES, Flag.MPOL_F_STATIC_NODES);

  /** Numbers: linux/mempolicy.h. */
  enum Mode {
    MPOL_DEFAULT(0, Nodes.NONE),
    MPOL_PREFERRED(1, Nodes.ANY),
    MPOL_BIND(2, Nodes.SOME),
    MPOL_INTERLEAVE(3, Nodes.SOME),
    MPOL_LOCAL(4, Nodes.NONE),
    MPOL_PREFERRED_MANY(5, Nodes.SOME),
    MPOL_WEIGHTED_INTERLEAVE(6, Nodes.SOME);

    private final int number;
    private final Nodes nodes;

    Mode(int number, Nodes nodes) {
      this.number = number;
      this.nodes = nodes;
    }

    int number() {
      return number;
    }

    /** Source: mm/mempolicy.c, {@code sanitize_mpol_flags}. */
    boolean balances() {
      return this == MPOL_BIND || this == MPOL_PREFERRED_MANY;
    }
  }

  /** How many a mode has. */
  private enum Nodes {
    NONE,
    SOME,
    ANY
  }

  private MemoryPolicies() {}

  static void check(MemoryPolicy given) {
    var _ = step(given);
  }

  static AttributeStep.SetMemoryPolicy step(MemoryPolicy given) {
    Mode mode = Choice.of(List.of(Mode.values()), FIELD + "mode", given.getMode());
    String nodes = given.getNodes();
    check(
        mode.nodes == Nodes.ANY || nodes.isEmpty() == (mode.nodes == Nodes.NONE),
        "nodes",
        mode.nodes == Nodes.NONE ? "be empty with " + mode : "name nodes for " + mode,
        nodes);
    return new AttributeStep.SetMemoryPolicy(
        mode,
        flags(mode, given),
        nodes.isEmpty()
            ? Optional.empty()
            : Optional.of(NumberList.parse(NumberList.Of.NODES, FIELD + "nodes", nodes)));
  }

  private static List<Flag> flags(Mode mode, MemoryPolicy given) {
    List<Flag> flags =
        given.getFlagsList().stream()
            .distinct()
            .map(name -> Choice.of(FLAGS, FIELD + "flags", name))
            .sorted()
            .toList();
    check(
        mode.balances() || !flags.contains(Flag.MPOL_F_NUMA_BALANCING),
        "flags",
        "have MPOL_F_NUMA_BALANCING with MPOL_BIND and MPOL_PREFERRED_MANY alone",
        mode);
    List<Flag> numbering =
        Stream.of(Flag.MPOL_F_RELATIVE_NODES, Flag.MPOL_F_STATIC_NODES)
            .filter(flags::contains)
            .toList();
    check(
        numbering.isEmpty() || (numbering.size() == 1 && !given.getNodes().isEmpty()),
        "flags",
        "say at most once how nodes are numbered, and only where there are some",
        String.join(", ", given.getFlagsList()));
    return flags;
  }

  private static void check(boolean holds, String name, String rule, Object value) {
    if (!holds) {
      throw Refusal.invalid(FIELD + name, rule, value).exception();
    }
  }
}
