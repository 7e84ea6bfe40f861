package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** What only the real kernel shows of polling. */
final class EpollPollerIT {
  private final Kernel kernel = Kernel.open();

  @Test
  void tellsTheEndOfAChild() {
    SpawnRequest request =
        new SpawnRequest(Path.of("/bin/true"), List.of("true"), List.of(), Map.of(), false);
    try (Poller poller = kernel.polling().open();
        Fd child = kernel.processes().spawn(request).pidfd()) {
      poller.add(child, 5, Set.of(Interest.IN), true);

      Ready ready = poller.await(TestTimes.LONG).getFirst();
      assertThat(ready.token()).isEqualTo(5);
      assertThat(ready.interests()).contains(Interest.IN);
      assertThat(kernel.processes().reap(child)).contains(new ChildStatus(0, 0));
    }
  }

  @Test
  void tellsNoMoreAtOnceThanItsBound() {
    List<Pipe> pipes = new ArrayList<>();
    try (Poller poller = kernel.polling().open()) {
      for (int i = 0; i <= Poller.MAX_READY; i++) {
        Pipe pipe = kernel.files().pipe();
        pipes.add(pipe);
        kernel.files().write(pipe.write(), ByteBuffer.allocate(1));
        poller.add(pipe.read(), i, Set.of(Interest.IN), true);
      }

      assertThat(poller.await(TestTimes.LONG)).hasSize(Poller.MAX_READY);
      assertThat(poller.await(TestTimes.LONG)).hasSize(1);
    } finally {
      pipes.forEach(Pipe::close);
    }
  }

  @RepeatedTest(50)
  void closingEndsTheWaiting() throws Exception {
    Poller poller = kernel.polling().open();
    CountDownLatch started = new CountDownLatch(1);
    FutureTask<List<Ready>> waiting =
        new FutureTask<>(() -> {
          started.countDown();
          return awaitUnlessClosed(poller);
        });
    Thread.ofPlatform().start(waiting);
    started.await();
    poller.close();

    assertThat(waiting.get(TestTimes.LONG.toSeconds(), TimeUnit.SECONDS)).isEmpty();
  }

  private static List<Ready> awaitUnlessClosed(Poller poller) {
    try {
      return poller.await(Duration.ofDays(1));
    } catch (LinuxException closedBefore) {
      return List.of();
    }
  }
}
