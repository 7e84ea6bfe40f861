package dev.caisson.auditor.trail;

import com.google.protobuf.Timestamp;
import dev.caisson.events.EventType;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Subject;
import java.util.concurrent.TimeUnit;

/**
 * What is searched by: everything that the trail keeps of an event beside its bytes, and derives
 * from them.
 */
record TrailColumns(
    String node,
    Position position,
    long sandboxSeq,
    long timeNanos,
    String type,
    String phase,
    String outcome,
    String tenant,
    String sandboxId,
    String sandboxUid,
    String containerId,
    String containerUid,
    String principal) {

  /**
   * Characters of a text, more than any id, uid or principal has; two of them fit into an index.
   */
  static final int MAX_TEXT = 256;

  private static final int MAX_NODE = 253;

  static final String SUCCEEDED = "SUCCEEDED";
  static final String FAILED = "FAILED";
  static final String DENIED = "DENIED";
  static final String NONE = "";

  TrailColumns {
    if (node.isEmpty()) {
      throw new IllegalArgumentException("node must not be empty");
    }
    if (position.seq() == 0) {
      throw new IllegalArgumentException("seq must be from 1");
    }
  }

  static TrailColumns of(Event event) {
    Subject subject = event.getSubject();
    if (event.getNode().length() > MAX_NODE) {
      throw new IllegalArgumentException("node must have at most 253 characters");
    }
    return new TrailColumns(
        text(event.getNode()),
        new Position(event.getEpoch(), event.getSeq()),
        event.getSandboxSeq(),
        nanos(event.getTime()),
        EventType.of(event),
        event.getPhase().name(),
        outcome(event),
        text(subject.getTenant()),
        text(subject.getSandboxId()),
        text(subject.getSandboxUid()),
        text(subject.getContainerId()),
        text(subject.getContainerUid()),
        text(event.getActor().getPrincipal()));
  }

  /**
   * A text as it is kept and searched by: no more than an index takes, and without NUL, which
   * PostgreSQL's text cannot have. The bytes of the event have all of it.
   */
  static String text(String whole) {
    String text = whole.replace('\0', '\ufffd');
    if (text.length() <= MAX_TEXT) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(MAX_TEXT - 1)) ? MAX_TEXT - 1 : MAX_TEXT;
    return text.substring(0, end);
  }

  private static String outcome(Event event) {
    if (event.getPayloadCase() == PayloadCase.REQUEST_DENIED) {
      return DENIED;
    }
    if (event.getPhase() != Phase.OUTCOME) {
      return NONE;
    }
    return event.hasFailure() ? FAILED : SUCCEEDED;
  }

  // Years 1677 to 2262; the seconds of a time outside them are kept as the nearest.
  static long nanos(Timestamp time) {
    long seconds = TimeUnit.SECONDS.toNanos(time.getSeconds());
    boolean saturated = seconds == Long.MIN_VALUE || seconds == Long.MAX_VALUE;
    return saturated ? seconds : seconds + Math.clamp(time.getNanos(), 0, 999_999_999);
  }
}
