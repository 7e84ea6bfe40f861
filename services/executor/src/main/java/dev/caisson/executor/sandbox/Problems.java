package dev.caisson.executor.sandbox;

import com.google.rpc.Code;
import dev.caisson.executor.cgroup.CgroupException;
import dev.caisson.executor.cgroup.InvalidResources;
import dev.caisson.executor.init.InitException;
import dev.caisson.executor.init.StalledException;
import dev.caisson.executor.journal.BoundedText;
import dev.caisson.executor.journal.JournalException;
import dev.caisson.executor.journal.JournalFullException;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.StoreException;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.executor.v1.Reason;
import java.util.Map;

/**
 * What went wrong, for the caller and for the record: the executor's one mapping of exceptions to
 * reasons.
 */
public final class Problems {
  /** Of {@code Failure.message}, in bytes. */
  private static final int MAX_MESSAGE = 1024;

  private Problems() {}

  /**
   * What the caller is told. Anything unknown is a defect, of which it is told no more than that.
   */
  public static Refusal of(RuntimeException e) {
    return switch (e) {
      case RefusedException refused -> refused.refusal();
      case InvalidResources invalid -> invalid.refusal("resources");
      case LinuxException failed ->
          new Refusal(
              Reason.SYSTEM_CALL_FAILED,
              String.valueOf(failed.getMessage()),
              Map.of("operation", failed.operation(), "errno", failed.errno().name()));
      case CgroupException few when few.kind() == CgroupException.Kind.SHORT ->
          Refusal.hostLacks("resources.cpu.realtime_runtime", String.valueOf(few.getMessage()));
      case CgroupException failed -> plain(Reason.SYSTEM_CALL_FAILED, failed);
      case StoreException unwritten -> unrecorded();
      case JournalException unwritten -> unrecorded();
      case JournalFullException full -> plain(Reason.JOURNAL_FULL, full);
      case StalledException stalled -> plain(Reason.SYSTEM_CALL_FAILED, stalled);
      case InitException lost -> plain(Reason.SANDBOX_LOST, lost);
      default -> new Refusal(Reason.INTERNAL, "The executor failed; its log says why.", Map.of());
    };
  }

  /** Where, is the operator's affair. */
  private static Refusal unrecorded() {
    return new Refusal(
        Reason.SYSTEM_CALL_FAILED,
        "What is done cannot be recorded: the executor's disk is full, or fails. Make room in its"
            + " data directory; its log says more.",
        Map.of("operation", "record"));
  }

  private static Refusal plain(Reason reason, RuntimeException e) {
    return new Refusal(reason, String.valueOf(e.getMessage()), Map.of());
  }

  /** For an OUTCOME. */
  static Failure failure(RuntimeException e) {
    Refusal refusal = of(e);
    return Failure.newBuilder()
        .setCode(code(refusal.reason()).getNumber())
        .setReason(refusal.reason().name())
        .setMessage(BoundedText.of(refusal.message(), MAX_MESSAGE))
        .build();
  }

  /** The canonical code of a reason: reasons.proto says it in each comment. */
  public static Code code(Reason reason) {
    return switch (reason) {
      case INVALID_ID, INVALID_SPEC, LIMIT_TOO_LOW, LIMIT_REQUIRED, ROOTFS_NOT_FOUND ->
          Code.INVALID_ARGUMENT;
      case COMMAND_NOT_FOUND,
          SANDBOX_NOT_FOUND,
          CONTAINER_NOT_FOUND,
          PROCESS_NOT_FOUND,
          DONATION_NOT_FOUND ->
          Code.NOT_FOUND;
      case SANDBOX_EXISTS, CONTAINER_EXISTS, REQUEST_ID_REUSED -> Code.ALREADY_EXISTS;
      case COMMAND_NOT_EXECUTABLE, GUARD_REFUSED, PEER_REFUSED -> Code.PERMISSION_DENIED;
      case UNSUPPORTED_FIELD -> Code.UNIMPLEMENTED;
      case WRONG_STATE,
          SANDBOX_NOT_EMPTY,
          SANDBOX_LOST,
          NO_TERMINAL,
          NO_LOGS,
          LIMIT_IN_USE,
          PORT_CLOSED,
          HOST_UNSUPPORTED ->
          Code.FAILED_PRECONDITION;
      case LIMIT_REACHED, QUOTA_EXCEEDED, JOURNAL_FULL -> Code.RESOURCE_EXHAUSTED;
      case HOOK_FAILED, NETWORK_FAILED, CONNECTION_BROKEN, PROCESS_KILLED -> Code.ABORTED;
      case NOT_READY -> Code.UNAVAILABLE;
      case SYSTEM_CALL_FAILED, INTERNAL, REASON_UNSPECIFIED, UNRECOGNIZED -> Code.INTERNAL;
    };
  }
}
