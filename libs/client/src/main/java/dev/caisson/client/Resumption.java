package dev.caisson.client;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Lets a stream go on after what its subscriber has last been given, where UNAVAILABLE has ended
 * it.
 *
 * <p>It does so once two things are known: that there is a service, so that one who asks in the
 * wrong place hears of it at once; and from where to go on, so that nothing is lost in silence.
 *
 * @param patience with a service that is away, from the first failure to the last
 * @param whenCutOff told of the first failure in a row, if there is patience with it
 * @param closing whether the client is closed, and when: then there is nothing to go on by
 */
record Resumption(
    Duration patience, Consumer<CaissonException> whenCutOff, Closing closing, Scheduler timer) {
  /** Of streams whose answers stand each for itself: any place is good to go on from. */
  static final String ANYWHERE = "*";

  /** Where a watch begins that was not told, in the headers of its answer. */
  private static final Metadata.Key<String> CURSOR =
      Metadata.Key.of("caisson-cursor", Metadata.ASCII_STRING_MARSHALLER);

  /** One call of a stream. */
  interface Attempt<A> {
    /**
     * Makes it.
     *
     * @param cursor after which it goes on
     * @param whenAnswered to be told of the answer's headers
     */
    Flux<A> from(Calls.Repeated calls, String cursor, Consumer<Metadata> whenAnswered);
  }

  /**
   * The stream as a whole.
   *
   * @param cursor to begin with; empty: what the service tells
   * @param cursorOf an answer; empty: it has none
   */
  <A> Flux<A> of(Calls calls, String cursor, Attempt<A> attempt, Function<A, String> cursorOf) {
    return calls.repeated(made -> {
      Progress progress = new Progress(cursor, made);
      return Flux.defer(() -> attempt.from(progress.next(), progress.cursor, progress::answered))
          .doOnRequest(_ -> progress.asked())
          .doOnNext(answer -> progress.passed(cursorOf.apply(answer)))
          .retryWhen(
              Retry.from(ends -> ends.concatMap(end -> progress.afterFailure(end.failure()))));
    });
  }

  /** Of one subscription, whose signals come one after the other. */
  private final class Progress {
    private final Calls.Repeated calls;
    private String cursor;
    private boolean reached;
    private int failures;
    private long firstFailure;

    /** Whether the next call is there and does not run yet. */
    private volatile boolean waiting;

    private volatile long began;

    Progress(String cursor, Calls.Repeated calls) {
      this.cursor = cursor;
      this.calls = calls;
    }

    Calls.Repeated next() {
      began = now();
      waiting = true;
      return reached ? calls.atOnce() : calls;
    }

    /** A call begins when it is first asked for something, which its subscriber may put off. */
    void asked() {
      if (waiting) {
        waiting = false;
        began = now();
      }
    }

    void answered(Metadata headers) {
      advance(Objects.requireNonNullElse(headers.get(CURSOR), ""));
    }

    /** Before the subscriber has it: he gets it in the same breath, or never asks again. */
    void passed(String next) {
      failures = 0;
      advance(next);
    }

    private void advance(String next) {
      if (!next.isEmpty()) {
        cursor = next;
      }
    }

    Publisher<Long> afterFailure(Throwable failure) {
      if (!(failure instanceof CaissonException cut) || !canGoOn(cut)) {
        return Mono.error(failure);
      }
      reached = true;
      if (hasLived(cut)) {
        failures = 0;
      }
      if (failures == 0) {
        firstFailure = now();
      }
      if (since(firstFailure).compareTo(patience) >= 0) {
        return Mono.error(failure);
      }
      if (failures == 0) {
        whenCutOff.accept(cut);
      }
      return Mono.delay(pause(), timer).takeUntilOther(ended()).defaultIfEmpty(0L);
    }

    /** Where nothing happens a call brings no message, and is no failure for that. */
    private boolean hasLived(CaissonException cut) {
      return !cut.isUnreached() && since(began).compareTo(Backoff.LONGEST) > 0;
    }

    /** Not beyond the deadline: the next call then says that it has passed. */
    private Duration pause() {
      Duration pause = Backoff.pause(failures++, ThreadLocalRandom.current());
      Optional<Deadline> end = calls.end();
      return end.map(one -> Duration.ofNanos(one.timeRemaining(TimeUnit.NANOSECONDS)))
          .map(left -> left.isNegative() ? Duration.ZERO : left)
          .filter(left -> left.compareTo(pause) < 0)
          .orElse(pause);
    }

    /** That a pause is for nothing: the next call then says why. */
    private Mono<Void> ended() {
      return Mono.firstWithSignal(closing.begun(), cancellation(calls.context()));
    }

    private boolean canGoOn(CaissonException cut) {
      return cut.code() == Status.Code.UNAVAILABLE
          && !closing.hasBegun()
          && !cursor.isEmpty()
          && (reached || !cut.isUnreached());
    }

    private Duration since(long time) {
      return Duration.ofNanos(now() - time);
    }

    private long now() {
      return timer.now(TimeUnit.NANOSECONDS);
    }
  }

  private static Mono<Void> cancellation(Context context) {
    return Mono.create(sink -> {
      Context.CancellationListener listener = _ -> sink.success();
      context.addListener(listener, Runnable::run);
      sink.onDispose(() -> context.removeListener(listener));
    });
  }
}
