package dev.caisson.gateway.relay;

import dev.caisson.gateway.journal.JournalRefusals;
import dev.caisson.gateway.relay.JournalException.Stream;
import io.grpc.StatusRuntimeException;
import java.util.Optional;

/** What the journal's errors mean to the relay. */
final class JournalErrors {

  private JournalErrors() {}

  static RuntimeException of(Throwable error, boolean ofEvents) {
    Optional<Place> oldest = oldest(error);
    if (oldest.isPresent()) {
      Stream stream = ofEvents ? Stream.EVENTS : Stream.USAGE;
      return JournalException.notRetained(stream, oldest.get());
    }
    return error instanceof StatusRuntimeException status
        ? status
        : new IllegalStateException("Failed to read the journal: " + error.getMessage(), error);
  }

  /** From where one can go on, when records were deleted. */
  static Optional<Place> oldest(Throwable error) {
    return JournalRefusals.oldest(error).map(place -> new Place(place.epoch(), place.seq()));
  }
}
