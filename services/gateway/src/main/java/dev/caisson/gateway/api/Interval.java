package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import java.time.Duration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * How often a caller wants to be told.
 *
 * @param length of time from one answer to the next
 */
record Interval(Duration length) {
  private static final Duration DEFAULT = Duration.ofSeconds(1);
  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofHours(1);

  /**
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT, if it is out of range
   */
  static Interval of(boolean given, com.google.protobuf.Duration interval) {
    if (!given) {
      return new Interval(DEFAULT);
    }
    long seconds = Math.clamp(interval.getSeconds(), -1, LONGEST.toSeconds() + 1);
    Duration length = Duration.ofSeconds(seconds, interval.getNanos());
    if (length.compareTo(SHORTEST) < 0 || length.compareTo(LONGEST) > 0) {
      throw outOfRange(interval);
    }
    return new Interval(length);
  }

  private static RuntimeException outOfRange(com.google.protobuf.Duration interval) {
    return Errors.invalid(
        Reason.INVALID_FIELD,
        "interval",
        "be 100 ms to 1 h",
        interval.getSeconds() + " s and " + interval.getNanos() + " ns");
  }

  /** At once and then each time, until one of them fails; for who is slower, fewer. */
  <T> Flux<T> each(Mono<T> answer) {
    return Flux.interval(Duration.ZERO, length).onBackpressureDrop().concatMap(_ -> answer, 1);
  }
}
