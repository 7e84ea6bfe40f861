package dev.caisson.gateway.journal;

import com.google.rpc.ErrorInfo;
import dev.caisson.proto.journal.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** What the journal's refusals mean for how one goes on. */
public final class JournalRefusals {
  private static final String DOMAIN = "journal.caisson.dev";

  // Streams are held for a moment each. Not in step: those who wait began together.
  private static final Duration SHORTEST = Duration.ofMillis(50);
  private static final Duration LONGEST = Duration.ofMillis(250);

  private JournalRefusals() {}

  /** Tries again while the executor serves as many streams as it can. */
  static Retry untilThereIsRoom() {
    return Retry.indefinitely()
        .filter(error -> is(error, Reason.TOO_MANY_STREAMS))
        .doBeforeRetryAsync(_ -> Mono.delay(moment()).then());
  }

  /** One of a caller's own: what is added to an exception is added for all who have it. */
  static StatusRuntimeException of(Throwable failure) {
    Metadata trailers = new Metadata();
    Optional.ofNullable(Status.trailersFromThrowable(failure)).ifPresent(trailers::merge);
    return new StatusRuntimeException(Status.fromThrowable(failure), trailers);
  }

  static boolean isClosed(Throwable error) {
    return is(error, Reason.JOURNAL_CLOSED);
  }

  static Duration moment() {
    return Duration.ofMillis(
        ThreadLocalRandom.current().nextLong(SHORTEST.toMillis(), LONGEST.toMillis()));
  }

  /** Where one can begin, if a place is refused because the journal begins later by now. */
  public static Optional<Cursor> oldest(Throwable error) {
    return RpcErrors.info(error)
        .filter(info -> is(info, Reason.POSITION_NOT_RETAINED))
        .map(ErrorInfo::getMetadataMap)
        .flatMap(JournalRefusals::place);
  }

  private static Optional<Cursor> place(Map<String, String> metadata) {
    try {
      return Optional.of(
          new Cursor(
              Long.parseUnsignedLong(metadata.getOrDefault("epoch", "")),
              Long.parseUnsignedLong(metadata.getOrDefault("seq", ""))));
    } catch (NumberFormatException notNamed) {
      return Optional.empty();
    }
  }

  private static boolean is(Throwable error, Reason reason) {
    return RpcErrors.info(error).filter(info -> is(info, reason)).isPresent();
  }

  private static boolean is(ErrorInfo info, Reason reason) {
    return info.getDomain().equals(DOMAIN) && info.getReason().equals(reason.name());
  }
}
