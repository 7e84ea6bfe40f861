package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;

/** A record of the topic that cannot be in the trail, and why. */
record AsideRecord(
    SourceTopic topic,
    int partition,
    long offset,
    Reason reason,
    String message,
    ByteString value) {

  /** Of a value that is kept, in bytes; more than any event has. */
  static final int MAX_KEPT_BYTES = 256 * 1024;

  enum Reason {
    /** No event, or one that says what cannot be. */
    UNREADABLE,
    /**
     * Another record than the one that came first under the same number: at least one of them is
     * forged.
     */
    CONFLICT
  }

  AsideRecord {
    value = value.substring(0, Math.min(value.size(), MAX_KEPT_BYTES));
    message = TrailColumns.text(message);
  }
}
