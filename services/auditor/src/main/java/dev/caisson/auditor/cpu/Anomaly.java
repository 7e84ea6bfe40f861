package dev.caisson.auditor.cpu;

/**
 * What a sample should not have been. It is charged all the same, and the sums hold; but somebody
 * should know.
 */
public enum Anomaly {
  /** One or more samples are missing: the split is over the longer interval. */
  SAMPLES_LOST,
  /** A container's counter was lower than before: counted as no growth. */
  CONTAINER_COUNTER_FELL,
  /** The cgroup's counter was lower than before, and its epoch the same: counted as no growth. */
  CGROUP_COUNTER_FELL,
  /** A container whose total is final used more: charged to the others. */
  EXITED_CONTAINER_GREW
}
