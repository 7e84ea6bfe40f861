package dev.caisson.model;

/**
 * CPU shares of cgroup v1, and the weights of v2 that they are.
 *
 * <p>2 to 262,144 are mapped onto 1 to 10,000, and the usual 1,024 onto the usual 100, as runc and
 * crun do: 10 to the power of (l² + 125 l) / 612 - 7 / 34, where 2 to that of l are the shares.
 *
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html">cgroup v2, cpu.weight</a>
 */
public final class CpuShares {
  /** MIN_SHARES of kernel/sched/sched.h. */
  public static final long MIN = 2;

  /** MAX_SHARES of kernel/sched/sched.h. */
  public static final long MAX = 262_144;

  /** CGROUP_WEIGHT_MIN of include/linux/cgroup.h. */
  public static final long MIN_WEIGHT = 1;

  /** CGROUP_WEIGHT_MAX of include/linux/cgroup.h. */
  public static final long MAX_WEIGHT = 10_000;

  private CpuShares() {}

  /** Of shares; those beyond the bounds count as these. */
  public static long weight(long shares) {
    if (shares <= MIN) {
      return MIN_WEIGHT;
    }
    if (shares >= MAX) {
      return MAX_WEIGHT;
    }
    double log = log2(shares);
    double exponent = (log * log + 125 * log) / 612 - 7.0 / 34;
    return (long) Math.ceil(Math.pow(10, exponent));
  }

  /**
   * The way back: the most shares that are of a weight. Each weight has some.
   *
   * @param weight from {@link #MIN_WEIGHT} to {@link #MAX_WEIGHT}
   */
  public static long ofWeight(long weight) {
    long least = MIN;
    long most = MAX;
    while (least < most) {
      long middle = (least + most + 1) / 2;
      if (weight(middle) <= weight) {
        least = middle;
      } else {
        most = middle - 1;
      }
    }
    return least;
  }

  /** Exact for powers of two, on which the curve's three points lie. */
  private static double log2(long value) {
    int exponent = Math.getExponent((double) value);
    return exponent + Math.log(Math.scalb((double) value, -exponent)) / Math.log(2);
  }
}
