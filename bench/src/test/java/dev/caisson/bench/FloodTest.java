package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FloodTest {
  private static final int IN_FLIGHT = 8;

  private final ExecutorService service = Executors.newSingleThreadExecutor();
  private final AtomicInteger under = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();

  @AfterEach
  void end() {
    service.shutdownNow();
  }

  private CompletableFuture<Integer> call() {
    most.accumulateAndGet(under.incrementAndGet(), Math::max);
    return CompletableFuture.supplyAsync(under::decrementAndGet, service);
  }

  @Test
  void keepsAsManyUnderWayAsItIsToldAndWaitsForTheLast() throws Exception {
    double rate = Flood.perSecond(this::call, IN_FLIGHT, Duration.ofMillis(50));
    assertThat(rate).isPositive();
    assertThat(most).hasValueLessThanOrEqualTo(IN_FLIGHT);
    assertThat(under).hasValue(0);
  }

  @Test
  void endsWithTheFirstThatFails() {
    IllegalStateException refused = new IllegalStateException("refused");
    assertThatThrownBy(() ->
            Flood.perSecond(
                () -> CompletableFuture.failedFuture(refused), IN_FLIGHT, Duration.ofHours(1)))
        .isInstanceOf(CompletionException.class)
        .hasCause(refused);
  }
}
