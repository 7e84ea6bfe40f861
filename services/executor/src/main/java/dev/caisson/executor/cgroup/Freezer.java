package dev.caisson.executor.cgroup;

import java.time.Duration;

/** Stops and continues every process of a cgroup. */
sealed interface Freezer permits UnifiedFreezer, V1Freezer {
  /** A process in an uninterruptible wait (a dead NFS server) can stand in the way for ever. */
  Duration TIMEOUT = Duration.ofSeconds(5);

  void freeze();

  void thaw();
}
