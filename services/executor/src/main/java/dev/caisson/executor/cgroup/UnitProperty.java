package dev.caisson.executor.cgroup;

import java.util.BitSet;
import java.util.List;

/**
 * A property of a unit, named as org.freedesktop.systemd1(5) does.
 *
 * @param name {@code TasksMax}
 */
public record UnitProperty(String name, Value value) {
  /** The types that those have which are used here. */
  public sealed interface Value {}

  /** A string. */
  public record Text(String text) implements Value {}

  /** A truth. */
  public record Flag(boolean set) implements Value {}

  /**
   * A limit or a weight.
   *
   * @param number unsigned; {@link #INFINITY} takes a limit away
   */
  public record Count(long number) implements Value {}

  /** A set of CPUs or memory nodes. */
  public record Ids(BitSet ids) implements Value {
    public Ids {
      ids = (BitSet) ids.clone();
    }

    @Override
    public BitSet ids() {
      return (BitSet) ids.clone();
    }
  }

  /** Processes, as systemd sees them. */
  public record Pids(List<Integer> pids) implements Value {
    public Pids {
      pids = List.copyOf(pids);
    }
  }

  /** UINT64_MAX. */
  public static final long INFINITY = -1;
}
