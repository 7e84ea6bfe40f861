package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.IoPriority;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Scheduler;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What a process asks of the schedulers of CPU and I/O: sched(7), ioprio_set(2). */
public final class Scheduling {
  private static final String SCHEDULER = "process.scheduler.";
  private static final String IO = "process.io_priority.";
  private static final int MAX_IO_PRIORITY = 7;
  private static final int MAX_PRIORITY = 99;
  private static final int MIN_NICE = -20;
  private static final int MAX_NICE = 19;
  private static final long HARMLESS_NICE = 20;
  private static final long NO_LIMIT = -1;

  /** {@code DL_SCALE} of kernel/sched/deadline.c: less is no bandwidth. Nanoseconds. */
  private static final long MIN_RUNTIME = 1024;

  /** {@code sched_flags} that need no value which the specification does not have. */
  private static final Map<String, Flag> FLAGS =
      Map.of(
          "SCHED_FLAG_RESET_ON_FORK", Flag.SCHED_FLAG_RESET_ON_FORK,
          "SCHED_FLAG_RECLAIM", Flag.SCHED_FLAG_RECLAIM,
          "SCHED_FLAG_DL_OVERRUN", Flag.SCHED_FLAG_DL_OVERRUN);

  /** Numbers: linux/sched.h. SCHED_ISO has one, and no kernel has it. */
  enum Policy {
    SCHED_OTHER(0),
    SCHED_FIFO(1),
    SCHED_RR(2),
    SCHED_BATCH(3),
    SCHED_IDLE(5),
    SCHED_DEADLINE(6);

    private final int number;

    Policy(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }

    boolean nice() {
      return this == SCHED_OTHER || this == SCHED_BATCH;
    }

    boolean prioritized() {
      return this == SCHED_FIFO || this == SCHED_RR;
    }
  }

  /** Numbers: linux/ioprio.h. */
  enum IoClass {
    IOPRIO_CLASS_RT(1),
    IOPRIO_CLASS_BE(2),
    IOPRIO_CLASS_IDLE(3);

    private final int number;

    IoClass(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  private Scheduling() {}

  /**
   * The field by which a process may put itself before all others of the host later, without a
   * capability: getrlimit(2).
   */
  public static Optional<String> realTimeLater(Process process) {
    return process.getRlimitsList().stream()
        .filter(limit -> Long.compareUnsigned(limit.getHard(), harmless(limit.getType())) > 0)
        .map(limit -> "process.rlimits " + limit.getType())
        .findFirst();
  }

  /** The nice value that RLIMIT_NICE allows is 20 less the limit. */
  private static long harmless(String type) {
    return switch (type) {
      case "RLIMIT_RTPRIO" -> 0;
      case "RLIMIT_NICE" -> HARMLESS_NICE;
      default -> NO_LIMIT;
    };
  }

  /** The field by which a process would come before all others of the host. */
  public static Optional<String> realTime(Process process) {
    String policy = process.getScheduler().getPolicy();
    return Stream.of(
            Map.entry(IO + "class", process.getIoPriority().getClass_().equals("IOPRIO_CLASS_RT")),
            Map.entry(
                SCHEDULER + "policy",
                List.of("SCHED_FIFO", "SCHED_RR", "SCHED_DEADLINE").contains(policy)),
            Map.entry(SCHEDULER + "nice", process.getScheduler().getNice() < 0))
        .filter(Map.Entry::getValue)
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /**
   * Refuses what no process of a user namespace may ask for: the kernel wants CAP_SYS_NICE of the
   * host's.
   */
  public static void requirePossible(Process process, boolean ownUserNamespace) {
    if (ownUserNamespace) {
      realTime(process).ifPresent(Scheduling::refuseInUserNamespace);
    }
  }

  private static void refuseInUserNamespace(String field) {
    String sentence =
        field
            + " asks for what the kernel gives to nobody in a user namespace of its own: leave it"
            + " out, or ask for the host's user namespace, if the guard allows that.";
    throw Refusal.unsupported(field, sentence).exception();
  }

  static void check(Process process) {
    if (process.hasIoPriority()) {
      var _ = step(process.getIoPriority());
    }
    if (process.hasScheduler()) {
      var _ = step(process.getScheduler());
    }
    if (!process.getCpuAffinity().isEmpty()) {
      var _ = affinity(process);
    }
  }

  static AttributeStep.SetAffinity affinity(Process process) {
    return new AttributeStep.SetAffinity(
        NumberList.parse(NumberList.Of.CPUS, "process.cpu_affinity", process.getCpuAffinity()));
  }

  static AttributeStep.SetIoPriority step(IoPriority given) {
    IoClass ioClass = Choice.of(List.of(IoClass.values()), IO + "class", given.getClass_());
    int priority = given.getPriority();
    check(
        Integer.compareUnsigned(priority, MAX_IO_PRIORITY) <= 0,
        IO + "priority",
        "be 0 to " + MAX_IO_PRIORITY,
        Integer.toUnsignedString(priority));
    return new AttributeStep.SetIoPriority(ioClass, priority);
  }

  static AttributeStep.SetScheduler step(Scheduler given) {
    Policy policy = Choice.of(List.of(Policy.values()), SCHEDULER + "policy", given.getPolicy());
    boolean deadline = policy == Policy.SCHED_DEADLINE;
    range("nice", given.getNice(), policy.nice() ? MIN_NICE : 0, policy.nice() ? MAX_NICE : 0);
    range(
        "priority",
        given.getPriority(),
        policy.prioritized() ? 1 : 0,
        policy.prioritized() ? MAX_PRIORITY : 0);
    if (deadline) {
      checkDeadline(given);
    } else {
      check(
          (given.getRuntime() | given.getDeadline() | given.getPeriod()) == 0,
          SCHEDULER + "runtime",
          "be given for SCHED_DEADLINE alone, and so deadline and period",
          policy);
    }
    return new AttributeStep.SetScheduler(
        policy,
        flags(given.getFlagsList(), deadline),
        given.getNice(),
        given.getPriority(),
        given.getRuntime(),
        given.getDeadline(),
        given.getPeriod());
  }

  /** As the kernel's {@code __checkparam_dl}: a period of 0 is the deadline. */
  private static void checkDeadline(Scheduler given) {
    long runtime = given.getRuntime();
    long deadline = given.getDeadline();
    long period = given.getPeriod();
    check(runtime >= MIN_RUNTIME, SCHEDULER + "runtime", "be at least " + MIN_RUNTIME, runtime);
    check(deadline >= runtime, SCHEDULER + "deadline", "not be below runtime", deadline);
    check(
        period == 0 || period >= deadline,
        SCHEDULER + "period",
        "be 0 or not below deadline",
        period);
  }

  private static List<Flag> flags(List<String> names, boolean deadline) {
    for (String name : names) {
      boolean reset = name.equals("SCHED_FLAG_RESET_ON_FORK");
      check(
          FLAGS.containsKey(name) && (deadline || reset),
          SCHEDULER + "flags",
          "be SCHED_FLAG_RESET_ON_FORK, or of SCHED_DEADLINE SCHED_FLAG_RECLAIM or"
              + " SCHED_FLAG_DL_OVERRUN",
          name);
    }
    return names.stream().distinct().map(FLAGS::get).sorted().toList();
  }

  private static void range(String name, int value, int least, int most) {
    check(
        value >= least && value <= most,
        SCHEDULER + name,
        least == most ? "be 0 with this policy" : "be " + least + " to " + most,
        value);
  }

  private static void check(boolean holds, String field, String rule, Object value) {
    if (!holds) {
      throw Refusal.invalid(field, rule, value).exception();
    }
  }
}
