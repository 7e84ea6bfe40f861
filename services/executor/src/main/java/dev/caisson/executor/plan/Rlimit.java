package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Scalar;

/** getrlimit(2), in the order of asm-generic/resource.h. */
enum Rlimit {
  RLIMIT_CPU,
  RLIMIT_FSIZE,
  RLIMIT_DATA,
  RLIMIT_STACK,
  RLIMIT_CORE,
  RLIMIT_RSS,
  RLIMIT_NPROC,
  RLIMIT_NOFILE,
  RLIMIT_MEMLOCK,
  RLIMIT_AS,
  RLIMIT_LOCKS,
  RLIMIT_SIGPENDING,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_RTPRIO,
  RLIMIT_RTTIME;

  /** {@code RLIM64_INFINITY}, as the specification and the kernel write it. */
  private static final long INFINITY = -1;

  Named argument() {
    return new Named(name(), ordinal());
  }

  static Scalar value(long limit) {
    return limit == INFINITY ? new Named("RLIM_INFINITY", limit) : new Decimal(limit);
  }
}
