package dev.caisson.testing;

import static dev.caisson.testing.Failures.assertErrno;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.ChildStatus;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.Pipe;
import dev.caisson.linux.Poller;
import dev.caisson.linux.Processes;
import dev.caisson.linux.SpawnRequest;
import dev.caisson.linux.Spawned;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link Processes} promises of a child that runs until it is killed. */
abstract class ProcessesContract {
  private static final int SIGKILL = 9;
  private static final ChildStatus KILLED = new ChildStatus(0, SIGKILL);

  private Processes processes;
  private Pipe pipe;
  private Spawned child;

  abstract Kernel kernel();

  @BeforeEach
  final void spawn() {
    processes = kernel().processes();
    pipe = kernel().files().pipe();
    child =
        processes.spawn(
            new SpawnRequest(
                Path.of("/bin/sleep"),
                List.of("sleep", "1000"),
                List.of(),
                Map.of(1, pipe.write()),
                true));
  }

  @Test
  final void aLimitThatIsHighEnoughStays() {
    int files = 7;
    processes.raiseHardLimit(child.pidfd(), files, processes.ownHardLimit(files));
    processes.raiseHardLimit(child.pidfd(), files, 0);
  }

  @Test
  final void aProcessThatIsGoneHasNoLimits() {
    killAndReap();
    assertErrno(Errno.ESRCH, () -> processes.raiseHardLimit(child.pidfd(), 7, 1));
  }

  @AfterEach
  final void kill() {
    if (processes.pid(child.pidfd()) > 0) {
      killAndReap();
    }
    child.pidfd().close();
    pipe.close();
  }

  private void killAndReap() {
    processes.signal(child.pidfd(), SIGKILL);
    assertThat(processes.awaitEnd(child.pidfd(), Failures.LONG)).isTrue();
    assertThat(processes.reap(child.pidfd())).contains(KILLED);
  }

  @Test
  final void runsUntilItIsKilled() {
    assertThat(processes.awaitEnd(child.pidfd(), Failures.SHORT)).isFalse();
    assertThat(processes.reap(child.pidfd())).isEqualTo(Optional.empty());
    assertThat(processes.pid(child.pidfd())).isEqualTo(child.pid());
    processes.signal(child.pidfd(), 0);
    killAndReap();
  }

  @Test
  final void isReachedThroughItsGroup() {
    processes.signalGroup(child.pidfd(), SIGKILL);
    assertThat(processes.awaitEnd(child.pidfd(), Failures.LONG)).isTrue();
    assertThat(processes.reap(child.pidfd())).contains(KILLED);
    assertErrno(Errno.ESRCH, () -> processes.signalGroup(child.pidfd(), SIGKILL));
  }

  @Test
  final void isKilledOrGone() {
    assertThat(processes.kill(child.pidfd())).isTrue();
    assertThat(processes.awaitEnd(child.pidfd(), Failures.LONG)).isTrue();
    assertThat(processes.reap(child.pidfd())).contains(KILLED);
    assertThat(processes.kill(child.pidfd())).isFalse();
  }

  @Test
  final void isNobodyOnceReaped() {
    killAndReap();

    assertErrno(Errno.ECHILD, () -> processes.reap(child.pidfd()));
    assertErrno(Errno.ESRCH, () -> processes.signal(child.pidfd(), SIGKILL));
    assertErrno(Errno.ESRCH, () -> processes.open(child.pid()));
    assertThat(processes.pid(child.pidfd())).isEqualTo(-1);
    assertThat(processes.awaitEnd(child.pidfd(), Duration.ZERO)).isTrue();
  }

  @Test
  final void isOpenedByItsPid() {
    try (Fd again = processes.open(child.pid())) {
      assertThat(processes.pid(again)).isEqualTo(child.pid());
    }
  }

  @Test
  final void holdsWhatItInherited() {
    pipe.write().close();
    kernel().files().setBlocking(pipe.read(), false);
    ByteBuffer into = ByteBuffer.allocate(1);
    assertThat(kernel().files().read(pipe.read(), into)).isEqualTo(-1);

    killAndReap();
    assertThat(kernel().files().read(pipe.read(), into)).isZero();
  }

  @Test
  final void aPollerTellsItsEnd() {
    try (Poller poller = kernel().polling().open()) {
      poller.add(child.pidfd(), 1, Set.of(Interest.IN), true);
      assertThat(poller.await(Duration.ZERO)).isEmpty();
      processes.signal(child.pidfd(), SIGKILL);

      assertThat(poller.await(Failures.LONG).getFirst().interests()).contains(Interest.IN);
    }
  }
}
