package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** For how long a watch comes back, and in whose name. */
class ResumptionTest {
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final RecordingChannel channel = new RecordingChannel();
  private final VirtualTimer timer = new VirtualTimer();
  private final Closing closing = new Closing();
  private final List<CaissonException> cuts = new ArrayList<>();
  private final List<Throwable> ends = new ArrayList<>();

  private void watch(Duration patience, boolean waitForReady) {
    Calls calls = new Calls(channel, Optional.empty(), waitForReady);
    var _ =
        new Events(calls, new Resumption(patience, cuts::add, closing, timer))
            .watch("tenants/t", Events.BEGIN)
            .subscribe(_ -> {}, ends::add);
  }

  private void watch() {
    watch(PATIENCE, false);
  }

  private void cut() {
    channel.end(Status.UNAVAILABLE, new Metadata());
  }

  private void findNobody() {
    channel.end(Status.UNAVAILABLE, SentCalls.marked(new Metadata(), false));
  }

  @Test
  void hasPatienceAnewAfterACallThatLivedAndBroughtNothing() {
    watch();
    for (int restarts = 1; restarts <= 3; restarts++) {
      cut();
      timer.pass(Backoff.LONGEST);
      assertThat(cuts).hasSize(restarts);
      assertThat(channel.methods).hasSize(restarts + 1);
      timer.pass(PATIENCE.plusMinutes(1));
    }
    assertThat(ends).isEmpty();
  }

  @Test
  void losesItWithCallsThatAreAnsweredAndCutAtOnce() {
    watch();
    while (ends.isEmpty()) {
      channel.listeners.getLast().onHeaders(new Metadata());
      cut();
      timer.pass(Backoff.LONGEST);
      assertThat(timer.now(TimeUnit.MINUTES)).isLessThanOrEqualTo(PATIENCE.toMinutes());
    }
    assertThat(cuts).hasSize(1);
    assertThat(channel.methods).hasSizeGreaterThan(100);
  }

  @Test
  void losesItWithCallsThatLookForSomebodyForLong() {
    watch();
    cut();
    timer.pass(Backoff.LONGEST);
    while (ends.isEmpty()) {
      timer.pass(Duration.ofMinutes(1));
      findNobody();
      timer.pass(Backoff.LONGEST);
    }
    assertThat(cuts).hasSize(1);
    assertThat(channel.methods).hasSizeLessThan(15);
  }

  @Test
  void doesNotTellOfACutThatItDoesNotSurvive() {
    watch(Duration.ZERO, false);
    cut();
    assertThat(cuts).isEmpty();
    assertThat(ends).hasSize(1);
  }

  @Test
  void waitsForAServiceInItsFirstCallAlone() {
    watch(PATIENCE, true);
    cut();
    timer.pass(Backoff.LONGEST);
    findNobody();
    timer.pass(Backoff.LONGEST);
    assertThat(channel.options)
        .extracting(CallOptions::isWaitForReady)
        .containsExactly(true, false, false);
  }

  @Test
  void makesEachCallInTheContextOfItsSubscriber() {
    Context own = Context.ROOT.withValue(Context.key("who"), "ada");
    own.run(this::watch);
    cut();
    timer.pass(Backoff.LONGEST);
    assertThat(channel.contexts).hasSize(4).containsOnly(own);
  }

  @Test
  void pausesNoLongerThanThatContextLasts() {
    Context.CancellableContext own = Context.ROOT.withCancellation();
    own.run(this::watch);
    cut();
    own.cancel(null);
    // gRPC's own channel refuses this one at once.
    assertThat(channel.methods).hasSize(2);
    assertThat(timer.isIdle()).isTrue();
    channel.end(Status.CANCELLED, new Metadata());
    assertThat(ends).hasSize(1);
  }

  @Test
  void pausesNoLongerThanTheClientIsOpen() {
    watch();
    cut();
    closing.begin();
    closing.wake();
    assertThat(channel.methods).hasSize(2);
    assertThat(timer.isIdle()).isTrue();
    findNobody();
    assertThat(ends).hasSize(1);
  }
}
