package dev.caisson.gateway.journal;

import dev.caisson.gateway.bridge.InContext;
import dev.caisson.proto.journal.v1.ReadResponse;
import io.grpc.Context;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Reads what the journal has, a page at a time: as much as its reader takes within a moment. Then
 * its stream is another's, also when the reader has taken nothing. Thread-safe.
 */
final class JournalPages {
  /** Of one response: what a reader is ahead of its own reader. */
  static final int RECORDS = 64;

  /** How often in a page's time it is looked whether its reader still reads. */
  private static final int LOOKS = 20;

  private final Function<Cursor, Flux<ReadResponse>> reading;
  private final Duration look;
  private final WaitingLine line;

  /**
   * None is read.
   *
   * @param reading what there is after a place
   * @param admitting where those begin that have waited for others
   */
  JournalPages(
      Function<Cursor, Flux<ReadResponse>> reading, JournalBounds bounds, Scheduler admitting) {
    this.reading = reading;
    this.look = bounds.pageTime().dividedBy(LOOKS);
    this.line = new WaitingLine(bounds.pages(), admitting);
  }

  /**
   * One page: one response at least, if there is anything. Without any it ends where the journal
   * does.
   *
   * @param place after which it begins, asked for when it does
   * @param whole told when the journal had no more
   * @param context in which it is read
   */
  Flux<ReadResponse> page(Supplier<Cursor> place, Runnable whole, Context context) {
    Flux<ReadResponse> responses =
        InContext.flux(context, Flux.defer(() -> reading.apply(place.get())))
            .retryWhen(JournalRefusals.untilThereIsRoom())
            .doOnComplete(whole)
            .filter(response -> response.getRecordsCount() > 0);
    return line.inTurn(forAMoment(responses));
  }

  /** Counted from the first response on: however slow the journal is, each page gets on. */
  private Flux<ReadResponse> forAMoment(Flux<ReadResponse> responses) {
    return Flux.defer(() -> {
      Sinks.Empty<Void> begun = Sinks.empty();
      AtomicLong wanted = new AtomicLong();
      AtomicInteger idle = new AtomicInteger();
      Flux<Long> over =
          begun
              .asMono()
              .thenMany(Flux.interval(look))
              .filter(looks -> looks >= LOOKS - 1 || isIdle(wanted.get() > 0, idle));
      return responses
          .takeUntilOther(over)
          .doOnRequest(wanted::addAndGet)
          .doOnNext(_ -> {
            wanted.decrementAndGet();
            var _ = begun.tryEmitEmpty();
          });
    });
  }

  /** Not one who has just been given something. */
  private static boolean isIdle(boolean wants, AtomicInteger idle) {
    if (wants) {
      idle.set(0);
      return false;
    }
    return idle.incrementAndGet() > 1;
  }
}
