package dev.caisson.gateway.relay;

import com.google.rpc.ErrorInfo;
import dev.caisson.gateway.relay.JournalException.Stream;
import dev.caisson.rpc.RpcErrors;
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
    return RpcErrors.info(error)
        .filter(info -> info.getReason().equals("POSITION_NOT_RETAINED"))
        .flatMap(JournalErrors::place);
  }

  private static Optional<Place> place(ErrorInfo info) {
    String epoch = info.getMetadataOrDefault("epoch", "");
    String seq = info.getMetadataOrDefault("seq", "");
    try {
      return Optional.of(new Place(Long.parseUnsignedLong(epoch), Long.parseUnsignedLong(seq)));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
