package dev.caisson.executor.journal;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import dev.caisson.proto.journal.v1.Reason;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** What went wrong, as the API says it. */
final class JournalStatus {
  private static final String DOMAIN = "journal.caisson.dev";

  private JournalStatus() {}

  static StatusRuntimeException of(RuntimeException failure) {
    return switch (failure) {
      case PositionException e when e.kind() == PositionException.Kind.NOT_RETAINED ->
          status(Status.Code.NOT_FOUND, Reason.POSITION_NOT_RETAINED, e, e.nearest());
      case PositionException e ->
          status(Status.Code.OUT_OF_RANGE, Reason.POSITION_AHEAD, e, e.nearest());
      case JournalCorruptException e ->
          status(Status.Code.DATA_LOSS, Reason.RECORD_CORRUPT, e, e.position());
      case JournalException _ ->
          status(
              Status.Code.UNAVAILABLE,
              ErrorInfo.newBuilder().setReason(Reason.JOURNAL_CLOSED.name()),
              "The journal cannot be read: it is closed, or its disk has failed; see the executor's log");
      default ->
          Status.INTERNAL
              .withDescription("A defect of the executor")
              .withCause(failure)
              .asRuntimeException();
    };
  }

  static StatusRuntimeException tooMany(int streams) {
    return status(
        Status.Code.RESOURCE_EXHAUSTED,
        ErrorInfo.newBuilder().setReason(Reason.TOO_MANY_STREAMS.name()),
        "streams must be at most " + streams + " at a time: end one, then try again");
  }

  private static StatusRuntimeException status(
      Status.Code code, Reason reason, RuntimeException failure, Position position) {
    ErrorInfo.Builder info =
        ErrorInfo.newBuilder()
            .setReason(reason.name())
            .putMetadata("epoch", Long.toString(position.epoch()))
            .putMetadata("seq", Long.toString(position.seq()));
    return status(code, info, String.valueOf(failure.getMessage()));
  }

  private static StatusRuntimeException status(
      Status.Code code, ErrorInfo.Builder info, String message) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .setMessage(message)
            .addDetails(Any.pack(info.setDomain(DOMAIN).build()))
            .build());
  }
}
