package dev.caisson.auditor.rpc;

import com.google.protobuf.Timestamp;
import dev.caisson.auditor.trail.Problem;
import dev.caisson.auditor.trail.TrailQuery;
import dev.caisson.auditor.trail.TrailSearch.Found;
import dev.caisson.auditor.trail.Verification;
import dev.caisson.proto.audit.v1.NodeVerification;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.audit.v1.TrailProblem;
import dev.caisson.proto.audit.v1.TrailRecord;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Between the API's messages and the trail's values. */
final class TrailMessages {

  private TrailMessages() {}

  static TrailQuery query(SearchTrailRequest request) {
    int size = request.getPageSize() == 0 ? TrailQuery.DEFAULT_PAGE_SIZE : request.getPageSize();
    return new TrailQuery(
        request.getTenant(),
        request.getNode(),
        request.getSandbox(),
        request.getContainer(),
        request.getPrincipal(),
        request.getType(),
        request.hasFrom() ? nanos("from", request.getFrom()) : OptionalLong.empty(),
        request.hasTo() ? nanos("to", request.getTo()) : OptionalLong.empty(),
        outcome(request.getOutcome()),
        size);
  }

  static TrailRecord message(Found found) {
    return TrailRecord.newBuilder()
        .setEvent(found.event())
        .setType(found.type())
        .setChain(found.chain())
        .build();
  }

  static NodeVerification message(Verification verification) {
    NodeVerification.Builder message =
        NodeVerification.newBuilder()
            .setNode(verification.node())
            .setOk(verification.problem().isEmpty())
            .setRecords(verification.records())
            .setFirstEpoch(verification.first().epoch())
            .setFirstSeq(verification.first().seq())
            .setLastEpoch(verification.last().epoch())
            .setLastSeq(verification.last().seq())
            .setDroppedEpoch(verification.dropped().epoch())
            .setDroppedSeq(verification.dropped().seq())
            .setOpenIntents(verification.openIntents())
            .setOmittedEvents(verification.omitted())
            .setSignaturesChecked(verification.signatures().checked())
            .setCheckpoints(verification.signatures().checkpoints())
            .setSignedEpoch(verification.signatures().last().epoch())
            .setSignedSeq(verification.signatures().last().seq())
            .setUnsignedRecords(verification.signatures().unsigned())
            .setEnded(verification.signatures().ended());
    verification.problem().ifPresent(problem -> message.setProblem(message(problem)));
    return message.build();
  }

  private static TrailProblem message(Problem problem) {
    return TrailProblem.newBuilder()
        .setKind(kind(problem.kind()))
        .setEpoch(problem.position().epoch())
        .setSeq(problem.position().seq())
        .setMessage(problem.message())
        .build();
  }

  private static TrailProblem.Kind kind(Problem.Kind kind) {
    return switch (kind) {
      case CHAIN_BROKEN -> TrailProblem.Kind.CHAIN_BROKEN;
      case GAP -> TrailProblem.Kind.GAP;
      case UNPAIRED_OUTCOME -> TrailProblem.Kind.UNPAIRED_OUTCOME;
      case ORDER -> TrailProblem.Kind.ORDER;
      case ALTERED -> TrailProblem.Kind.ALTERED;
      case BAD_SIGNATURE -> TrailProblem.Kind.BAD_SIGNATURE;
      case UNKNOWN_KEY -> TrailProblem.Kind.UNKNOWN_KEY;
      case UNSIGNED -> TrailProblem.Kind.UNSIGNED;
      case DROPPED_EARLY -> TrailProblem.Kind.DROPPED_EARLY;
      case NO_RECORDS -> TrailProblem.Kind.NO_RECORDS;
      case SILENT -> TrailProblem.Kind.SILENT;
    };
  }

  private static String outcome(SearchTrailRequest.Outcome outcome) {
    return switch (outcome) {
      case OUTCOME_UNSPECIFIED -> "";
      case SUCCEEDED, FAILED, DENIED -> outcome.name();
      case UNRECOGNIZED -> throw AuditErrors.invalid("outcome", "outcome must be a known value");
    };
  }

  // Years 1677 to 2262, as the trail keeps them.
  private static OptionalLong nanos(String field, Timestamp time) {
    try {
      Instant instant = Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
      long seconds = Math.multiplyExact(instant.getEpochSecond(), TimeUnit.SECONDS.toNanos(1));
      return OptionalLong.of(Math.addExact(seconds, instant.getNano()));
    } catch (DateTimeException | ArithmeticException e) {
      throw AuditErrors.invalid(field, field + " must be between the years 1678 and 2262");
    }
  }
}
