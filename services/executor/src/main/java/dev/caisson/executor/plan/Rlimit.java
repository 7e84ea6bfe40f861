package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Scalar;

/** The limits of getrlimit(2), with the numbers of asm-generic/resource.h. */
enum Rlimit {
  RLIMIT_CPU(0),
  RLIMIT_FSIZE(1),
  RLIMIT_DATA(2),
  RLIMIT_STACK(3),
  RLIMIT_CORE(4),
  RLIMIT_RSS(5),
  RLIMIT_NPROC(6),
  RLIMIT_NOFILE(7),
  RLIMIT_MEMLOCK(8),
  RLIMIT_AS(9),
  RLIMIT_LOCKS(10),
  RLIMIT_SIGPENDING(11),
  RLIMIT_MSGQUEUE(12),
  RLIMIT_NICE(13),
  RLIMIT_RTPRIO(14),
  RLIMIT_RTTIME(15);

  /** {@code RLIM64_INFINITY}, as the specification and the kernel write it. */
  private static final long INFINITY = -1;

  private final int number;

  Rlimit(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  Named argument() {
    return new Named(name(), number);
  }

  static Scalar value(long limit) {
    return limit == INFINITY ? new Named("RLIM_INFINITY", limit) : new Decimal(limit);
  }
}
