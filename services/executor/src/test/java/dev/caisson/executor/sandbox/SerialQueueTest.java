package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SerialQueueTest {
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger turns = new AtomicInteger();
  private final SerialQueue queue = new SerialQueue(turns::incrementAndGet);

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void runsWhatIsLeftAtOnceWhereNobodyHasTheTurn() {
    List<String> done = new ArrayList<>();
    queue.leave(() -> {
      queue.requireTurn();
      done.add("left");
    });
    assertThat(done).containsExactly("left");
    assertThat(turns).hasValue(1);
  }

  @Test
  void leavesItToWhoeverHasTheTurnWithoutWaiting() {
    CountDownLatch has = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    CompletableFuture<Thread> ran = new CompletableFuture<>();
    var turn =
        CompletableFuture.supplyAsync(
            () ->
                queue.call(() -> {
                  has.countDown();
                  await(go);
                  assertThat(ran).isNotDone();
                  return Thread.currentThread();
                }),
            threads);
    await(has);
    assertThat(queue.isTaken()).isTrue();
    queue.leave(() -> ran.complete(Thread.currentThread()));
    assertThat(ran).isNotDone();
    go.countDown();
    assertThat(ran.join()).isEqualTo(turn.join());
    assertThat(queue.isTaken()).isFalse();
  }

  @Test
  void leavesItToTheEndOfTheTurnWithinWhichItCame() {
    List<String> done = new ArrayList<>();
    queue.run(() -> {
      queue.leave(() -> done.add("left"));
      queue.run(() -> done.add("within"));
      assertThat(queue.isTaken()).as("by another").isFalse();
    });
    assertThat(done).containsExactly("within", "left");
  }

  @Test
  void whatIsLeftAndFailsIsNotTheCallersFailure() {
    List<String> done = new ArrayList<>();
    queue.run(() -> {
      queue.leave(() -> {
        throw new IllegalStateException("of another");
      });
      queue.leave(() -> done.add("after"));
    });
    assertThat(done).containsExactly("after");
  }

  @Test
  void losesNothingThatIsLeftByManyWhileTurnsGoByAndByOneByOne() {
    AtomicInteger inTurn = new AtomicInteger();
    int[] count = new int[1]; // in the queue only
    List<CompletableFuture<Void>> all =
        IntStream.range(0, 8)
            .mapToObj(i ->
                CompletableFuture.runAsync(
                    () -> {
                      for (int n = 0; n < 2_000; n++) {
                        Runnable one =
                            () -> {
                              assertThat(inTurn.incrementAndGet()).isEqualTo(1);
                              count[0]++;
                              inTurn.decrementAndGet();
                            };
                        if (i % 2 == 0) {
                          queue.leave(one);
                        } else {
                          queue.run(one);
                        }
                      }
                    },
                    threads))
            .toList();
    all.forEach(CompletableFuture::join);
    assertThat(queue.call(() -> count[0])).isEqualTo(16_000);
  }

  @Test
  void othersHaveTheirTurnsWhileOneWaitsOutside() {
    CountDownLatch waits = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    var turn =
        CompletableFuture.supplyAsync(
            () ->
                queue.call(() -> {
                  String awaited =
                      queue.outside(() -> {
                        waits.countDown();
                        await(go);
                        return "awaited";
                      });
                  queue.requireTurn();
                  return awaited;
                }),
            threads);
    await(waits);
    assertThat(queue.call(() -> turns.get())).as("a turn has ended").isEqualTo(1);
    go.countDown();
    assertThat(turn.join()).isEqualTo("awaited");
  }

  @Test
  void hasTheTurnAgainAfterAWaitThatFails() {
    assertThatThrownBy(() ->
            queue.run(() -> {
              try {
                queue.outside(() -> {
                  throw new IllegalStateException("in vain");
                });
              } finally {
                queue.requireTurn();
              }
            }))
        .hasMessage("in vain");
    assertThat(queue.call(() -> "free")).isEqualTo("free");
  }
}
