package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.init.RunningProgram;
import dev.caisson.executor.init.StalledException;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.Step;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Pair;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is known of a program while it is on its way, whatever becomes of its process. */
class WaitingTest {
  private static final int START = 1;

  /** A program's state in its status page. */
  private static final int FAILED = 1;

  private static final Duration NEVER_MIND = Duration.ofMinutes(5);

  private final Kernel kernel = Kernel.open();
  private final Pair sockets = kernel.sockets().pair();

  @AfterEach
  void close() {
    sockets.second().close();
  }

  private Waiting at(int step) {
    return with(ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putInt(4, step));
  }

  private Waiting with(ByteBuffer status) {
    Fd page = kernel.files().sealedMemory("status", status);
    Plan plan =
        new Plan(
            List.of(new Step.Barrier("before"), new Step.Await(ContainerPlan.START)),
            List.of("", ""),
            List.of(),
            List.of(),
            List.of());
    return new Waiting(new RunningProgram(kernel, sockets.first(), page), plan, Optional.empty());
  }

  @Test
  void isApartWhereTheProgramHasComeToItsStart() {
    try (Waiting waiting = at(START)) {
      waiting.awaitApart(Duration.ZERO);
      assertThat(waiting.program().isThrough()).as("it waits there").isFalse();
    }
  }

  @Test
  void saysWhereItDoesNotComeThere() {
    try (Waiting waiting = at(0)) {
      assertThatThrownBy(() -> waiting.awaitApart(Duration.ZERO))
          .isInstanceOf(StalledException.class);
    }
  }

  @Test
  void saysOfOneThatHasEndedThatItWasKilled() {
    try (Waiting waiting = at(0)) {
      sockets.second().close();
      assertThatThrownBy(waiting.program()::proceed)
          .isInstanceOfSatisfying(
              LinuxException.class,
              problem ->
                  assertThat(Waiting.told(problem))
                      .hasMessageContaining("was killed while it was set up"));
    }
    LinuxException other = new LinuxException("write", "cpu.max", Errno.EINVAL);
    assertThat(Waiting.told(other)).isSameAs(other);
  }

  /** setns(2) by a pidfd of the container's first process, which has just been killed. */
  @Test
  void isKilledWithTheContainerThatItEnters() {
    ByteBuffer failed =
        ByteBuffer.allocate(12)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0, FAILED)
            .putInt(8, Errno.ESRCH.number());
    try (Waiting waiting = with(failed)) {
      sockets.second().close();
      assertThatThrownBy(() -> waiting.finish(NEVER_MIND))
          .hasMessageContaining("was killed while it was set up");
    }
  }

  @Test
  void waitsForNobodyWhoHasBeenKilledOnTheWay() {
    try (Waiting waiting = at(0)) {
      sockets.second().close();
      long before = System.nanoTime();
      waiting.awaitApart(NEVER_MIND);
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(NEVER_MIND);
    }
  }
}
