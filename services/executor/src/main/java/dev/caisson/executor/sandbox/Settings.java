package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Machine;
import dev.caisson.rpc.Lease;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What the operator decides about sandboxes.
 *
 * @param dataDirectory for what outlives a restart of the host; a directory of root's
 * @param runDirectory for the sockets of caisson-inits; a directory of root's
 * @param cgroupParent under which every sandbox's cgroup lies: an absolute path in the trees
 * @param machine for which programs are encoded
 * @param bootId of the kernel: what ran under another one is lost
 * @param epoch this life of the executor
 * @param stepTimeout for a program to come from one barrier to the next
 * @param lease for a caller who has gone from an attached run, or an exec'd process, to come back
 * @param patience with a reader of output who takes none while others wait for it
 * @param parked how many sandboxes are made in advance
 * @param memoryPressure percent of a window from which it is told that a container waits for
 *     memory; 0: never
 * @param powers what the executor may do
 */
public record Settings(
    Path dataDirectory,
    Path runDirectory,
    String cgroupParent,
    Machine machine,
    String bootId,
    long epoch,
    Duration stepTimeout,
    Duration lease,
    Duration patience,
    int parked,
    int memoryPressure,
    Powers powers) {

  public static final Duration DEFAULT_STEP_TIMEOUT = Duration.ofSeconds(20);
  public static final Duration DEFAULT_LEASE = Lease.DURATION;
  public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(10);

  /** What is known of networks of sandboxes. */
  public Path networks() {
    return dataDirectory.resolve("networks");
  }

  /** Containers, for each sandbox. */
  static final int MAX_CONTAINERS = 128;
}
