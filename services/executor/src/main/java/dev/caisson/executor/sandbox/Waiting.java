package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Retry;
import dev.caisson.executor.init.Progress;
import dev.caisson.executor.init.RunningProgram;
import dev.caisson.executor.init.StalledException;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.executor.v1.Reason;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A program on its way, with the plan that explains where it is.
 *
 * @param listener our end of the socket on which it hands out its filter's listener, if it does
 */
record Waiting(RunningProgram program, Plan plan, Optional<Fd> listener) implements AutoCloseable {

  /** Of a socket to a process that has ended, and of what is done to it by its pidfd. */
  private static final Set<Errno> ENDED = Set.of(Errno.EPIPE, Errno.ECONNRESET, Errno.ESRCH);

  /** Of what AppArmor and SELinux do not have: proc_pid_attr(5). */
  private static final Set<Errno> UNKNOWN_LABEL = Set.of(Errno.ENOENT, Errno.EINVAL);

  private static final String NOT_EXECUTABLE = " It must be an executable file for this machine.";

  /** What a program does at a barrier, beside waiting. */
  interface AtBarrier {
    void reached(String barrier);
  }

  /**
   * Lets the program come to the barrier of that name, and leaves it there.
   *
   * @param others told of each barrier before it, which is then opened
   * @throws RefusedException in the failing step's own words
   */
  void advanceTo(String barrier, Duration timeout, AtBarrier others) {
    while (true) {
      switch (program.await(timeout)) {
        case Progress.AtBarrier(int step) -> {
          String reached = plan.barrier(step).orElseThrow();
          if (reached.equals(barrier)) {
            return;
          }
          others.reached(reached);
          program.proceed();
        }
        case Progress.Executed() -> throw killed();
        case Progress.Failed(int step, Errno errno) -> throw failed(step, errno);
        case Progress.Malformed() -> throw new IllegalStateException("malformed program");
      }
    }
  }

  /**
   * Waits until a container that is created has nothing of its sandbox among its mounts any more,
   * or has ended.
   *
   * @throws StalledException when that does not come about in time
   */
  void awaitApart(Duration timeout) {
    plan.awaits(ContainerPlan.START)
        .ifPresent(step -> {
          if (!Retry.until(timeout, () -> program.hasComeTo(step) || program.isThrough())) {
            throw new StalledException(timeout);
          }
        });
  }

  /**
   * Lets the program go on to its end: the file is then executed.
   *
   * @throws RefusedException as above
   */
  void finish(Duration timeout) {
    switch (program.await(timeout)) {
      case Progress.AtBarrier(int step) ->
          throw new IllegalStateException("a second barrier: " + plan.barrier(step));
      case Progress.Executed() -> {}
      case Progress.Failed(int step, Errno errno) -> throw failed(step, errno);
      case Progress.Malformed() -> throw new IllegalStateException("malformed program");
    }
  }

  /** What a caller is told of a process that has ended at no step of its own. */
  static RefusedException killed() {
    return new Refusal(
            Reason.PROCESS_KILLED,
            "The process was killed while it was set up, as a deletion by force does, or the"
                + " kernel when memory runs out.",
            Map.of())
        .exception();
  }

  /**
   * What a caller is told of a problem with a process that is set up.
   *
   * @return the problem itself, unless it is that the process is not there any more
   */
  static RuntimeException told(RuntimeException problem) {
    return problem instanceof LinuxException failed && ENDED.contains(failed.errno())
        ? killed()
        : problem;
  }

  private RefusedException failed(int step, Errno errno) {
    if (errno == Errno.ESRCH) {
      return killed(); // with the container whose namespaces it was to enter
    }
    Refusal plain = StepFailure.of(plan, step, errno);
    if (plan.labels(step) && UNKNOWN_LABEL.contains(errno)) {
      return command(
          Reason.HOST_UNSUPPORTED,
          StepFailure.words(plan.describe(step), errno)
              + ". It is not loaded on this host: name one that is, or load it.",
          errno);
    }
    if (!plan.executes(step)) {
      return plain.exception();
    }
    String words = plain.message();
    return switch (errno) {
      case ENOENT, ENOTDIR ->
          command(Reason.COMMAND_NOT_FOUND, words + ". Name a program that the image has.", errno);
      case EACCES, EPERM ->
          command(Reason.COMMAND_NOT_EXECUTABLE, words + "." + NOT_EXECUTABLE + allowed(), errno);
      case ENOEXEC, EISDIR, ELOOP ->
          command(Reason.COMMAND_NOT_EXECUTABLE, words + "." + NOT_EXECUTABLE, errno);
      default -> command(Reason.SYSTEM_CALL_FAILED, words, errno);
    };
  }

  /** A policy may be what says no. */
  private String allowed() {
    return plan.labels().isEmpty()
        ? ""
        : " " + String.join(" and ", plan.labels()) + " must allow it, and to be entered for it.";
  }

  private static RefusedException command(Reason reason, String words, Errno errno) {
    return new Refusal(reason, words, Map.of("errno", errno.name())).exception();
  }

  @Override
  public void close() {
    program.close();
    listener.ifPresent(Fd::close);
  }
}
