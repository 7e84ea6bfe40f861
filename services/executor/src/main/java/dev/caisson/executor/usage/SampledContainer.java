package dev.caisson.executor.usage;

import java.util.OptionalLong;

/**
 * A container whose use is sampled. It stays in its sandbox's list for at least the one sample
 * after its exit.
 */
public interface SampledContainer {
  String id();

  String uid();

  /**
   * Its own CPU time since it was created, nanoseconds; final once it has ended. Empty: not to be
   * known now.
   */
  OptionalLong cpuNanos();

  /** Whether its first process lives. */
  boolean running();
}
