package dev.caisson.testing;

import static dev.caisson.testing.Failures.assertErrno;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.Pipe;
import dev.caisson.linux.Poller;
import dev.caisson.linux.Ready;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link Poller} promises, whoever keeps it. */
abstract class PollingContract {
  private static final Set<Interest> IN = Set.of(Interest.IN);

  private Files files;
  private Poller poller;
  private Pipe pipe;

  abstract Kernel kernel();

  @BeforeEach
  final void open() {
    files = kernel().files();
    poller = kernel().polling().open();
    pipe = files.pipe();
  }

  @AfterEach
  final void close() {
    poller.close();
    pipe.close();
  }

  @Test
  final void isQuietUntilSomethingHappens() {
    poller.add(pipe.read(), 1, IN, false);

    assertThat(poller.await(Duration.ZERO)).isEmpty();
    assertThat(poller.await(Failures.SHORT)).isEmpty();
  }

  @Test
  final void tellsWhatCanBeReadAsLongAsItCan() {
    poller.add(pipe.read(), 7, IN, false);
    files.write(pipe.write(), ByteBuffer.allocate(1));

    assertThat(poller.await(Failures.LONG)).containsExactly(new Ready(7, IN));
    assertThat(poller.await(Failures.LONG)).containsExactly(new Ready(7, IN));
    files.read(pipe.read(), ByteBuffer.allocate(1));
    assertThat(poller.await(Duration.ZERO)).isEmpty();
  }

  @Test
  final void tellsWhatCanBeWritten() {
    poller.add(pipe.write(), -3, Set.of(Interest.OUT), false);

    assertThat(poller.await(Failures.LONG)).containsExactly(new Ready(-3, Set.of(Interest.OUT)));
  }

  @Test
  final void tellsTheEndEvenUnasked() {
    poller.add(pipe.read(), 1, Set.of(), false);
    pipe.write().close();

    assertThat(poller.await(Failures.LONG)).containsExactly(new Ready(1, Set.of(Interest.HANG_UP)));
  }

  @Test
  final void tellsTheEndWithWhatIsLeft() {
    poller.add(pipe.read(), 1, IN, false);
    files.write(pipe.write(), ByteBuffer.allocate(1));
    pipe.write().close();

    assertThat(poller.await(Failures.LONG))
        .containsExactly(new Ready(1, Set.of(Interest.IN, Interest.HANG_UP)));
  }

  @Test
  final void tellsOnceUntilArmedAgain() {
    poller.add(pipe.read(), 1, IN, true);
    files.write(pipe.write(), ByteBuffer.allocate(1));

    assertThat(poller.await(Failures.LONG)).hasSize(1);
    assertThat(poller.await(Duration.ZERO)).isEmpty();
    poller.change(pipe.read(), 2, IN, true);
    assertThat(poller.await(Failures.LONG)).containsExactly(new Ready(2, IN));
  }

  @Test
  final void tellsNothingOfWhatWasRemovedOrClosed() {
    poller.add(pipe.read(), 1, IN, false);
    try (Pipe other = files.pipe()) {
      files.write(other.write(), ByteBuffer.allocate(1));
      poller.add(other.read(), 2, IN, false);
    }
    files.write(pipe.write(), ByteBuffer.allocate(1));
    poller.remove(pipe.read());

    assertThat(poller.await(Duration.ZERO)).isEmpty();
  }

  @Test
  final void refusesWhatIsThereAlreadyAndChangesWhatIsNot() {
    assertErrno(Errno.ENOENT, () -> poller.change(pipe.read(), 1, IN, false));
    assertErrno(Errno.ENOENT, () -> poller.remove(pipe.read()));
    poller.add(pipe.read(), 1, IN, false);
    assertErrno(Errno.EEXIST, () -> poller.add(pipe.read(), 1, IN, false));
  }

  @Test
  final void refusesTheReservedToken() {
    assertThatThrownBy(() -> poller.add(pipe.read(), Poller.RESERVED_TOKEN, IN, false))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  final void wakesTheOneThatWaits() throws Exception {
    FutureTask<List<Ready>> waiting = new FutureTask<>(() -> poller.await(Failures.LONG));
    Thread.ofPlatform().start(waiting);
    poller.wake();

    assertThat(waiting.get(Failures.LONG.toSeconds() / 2, TimeUnit.SECONDS)).isEmpty();
  }

  @Test
  final void wakesTheNextOneOnceHoweverOften() {
    poller.wake();
    poller.wake();

    assertThat(poller.await(Failures.LONG)).isEmpty();
    files.write(pipe.write(), ByteBuffer.allocate(1));
    poller.add(pipe.read(), 1, IN, false);
    assertThat(poller.await(Failures.LONG)).hasSize(1);
  }

  @Test
  final void seesWhatIsAddedMeanwhile() throws Exception {
    files.write(pipe.write(), ByteBuffer.allocate(1));
    FutureTask<List<Ready>> waiting = new FutureTask<>(() -> poller.await(Failures.LONG));
    Thread.ofPlatform().start(waiting);
    poller.add(pipe.read(), 1, IN, false);

    assertThat(waiting.get(Failures.LONG.toSeconds() / 2, TimeUnit.SECONDS)).hasSize(1);
  }

  @Test
  final void refusesToWaitWhenClosed() {
    poller.close();
    poller.close();

    assertErrno(Errno.EBADF, () -> poller.await(Duration.ZERO));
    assertErrno(Errno.EBADF, () -> poller.wake());
  }

  @Test
  final void refusesAClosedDescriptor() {
    Fd closed = pipe.read();
    closed.close();

    assertErrno(Errno.EBADF, () -> poller.add(closed, 1, IN, false));
  }
}
