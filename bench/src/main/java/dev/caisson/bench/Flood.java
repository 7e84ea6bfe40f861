package dev.caisson.bench;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Calls of which as many are under way as were asked for: each that is answered makes the next. */
final class Flood {
  private final Supplier<? extends CompletableFuture<?>> call;
  private final long end;
  private final CountDownLatch under;
  private final LongAdder answered = new LongAdder();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  private Flood(Supplier<? extends CompletableFuture<?>> call, int inFlight, long end) {
    this.call = call;
    this.under = new CountDownLatch(inFlight);
    this.end = end;
  }

  /**
   * How many were answered each second.
   *
   * @throws CompletionException if one fails
   */
  static double perSecond(
      Supplier<? extends CompletableFuture<?>> call, int inFlight, Duration time)
      throws InterruptedException {
    long start = System.nanoTime();
    Flood flood = new Flood(call, inFlight, start + time.toNanos());
    for (int one = 0; one < inFlight; one++) {
      flood.next();
    }
    flood.under.await();
    Throwable failed = flood.failure.get();
    if (failed != null) {
      throw new CompletionException("A call failed", failed);
    }
    return flood.answered.sum() * 1e9 / (System.nanoTime() - start);
  }

  private void next() {
    var _ = call.get().whenComplete((_, failed) -> ended(failed));
  }

  private void ended(@Nullable Throwable failed) {
    if (failed != null) {
      failure.compareAndSet(null, failed);
    } else {
      answered.increment();
    }
    if (failure.get() == null && System.nanoTime() < end) {
      next();
    } else {
      under.countDown();
    }
  }
}
