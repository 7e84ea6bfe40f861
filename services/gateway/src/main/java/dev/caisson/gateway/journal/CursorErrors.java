package dev.caisson.gateway.journal;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;

/** What the journal says of a position, as a caller reads it. */
final class CursorErrors {
  private CursorErrors() {}

  static Throwable translate(Throwable error, Cursor cursor) {
    if (!(error instanceof StatusRuntimeException failure)) {
      return error;
    }
    return switch (failure.getStatus().getCode()) {
      case NOT_FOUND ->
          refusal(cursor, "be one that is still kept", "begin watches from the oldest that is");
      case OUT_OF_RANGE ->
          refusal(
              cursor, "be one of this journal", "it is beyond the end; was the journal replaced?");
      default -> error;
    };
  }

  private static StatusRuntimeException refusal(Cursor cursor, String rule, String hint) {
    return Errors.of(
        Status.Code.OUT_OF_RANGE,
        Reason.INVALID_CURSOR.name(),
        "cursor must " + rule + ": " + cursor + "; " + hint,
        Map.of("field", "cursor"));
  }
}
