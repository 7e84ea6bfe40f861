package dev.caisson.auditor.cpu;

/**
 * How a cgroup's counter maps to the sandbox's cumulative time, which goes on when the cgroup is
 * made anew.
 *
 * @param epoch the cgroup's
 * @param base the sandbox's cumulative nanoseconds when the counter was 0
 * @param reading the highest that the counter has been
 */
record CgroupCounter(long epoch, long base, long reading) {

  CgroupCounter {
    if (base < 0 || reading < 0) {
      throw new IllegalArgumentException("amounts must not be negative: cgroup");
    }
  }

  CgroupCounter advancedTo(long nanos) {
    return new CgroupCounter(epoch, base, Math.max(reading, nanos));
  }

  /** The sandbox's cumulative time that the counter stands for. */
  long cumulative() {
    return Math.addExact(base, reading);
  }
}
