package dev.caisson.executor.journal;

import dev.caisson.proto.events.v1.Gap;
import java.time.Instant;

/**
 * Events in a row that were left out of a full journal.
 *
 * @param count of which no Gap tells yet
 * @param from when the first of those was to be recorded
 * @param to when the last was; equal to {@code from} while there is none
 */
record Omission(long count, Instant from, Instant to) {
  static final Omission NONE = new Omission(0, Instant.EPOCH, Instant.EPOCH);

  private static final String CAUSE = "journal full";

  Omission with(Instant now) {
    return new Omission(count + 1, count == 0 ? now : from, now);
  }

  /** A Gap tells of all so far; the row goes on. */
  Omission told() {
    return new Omission(0, to, to);
  }

  Gap gap() {
    return Gap.newBuilder()
        .setCount(count)
        .setCause(CAUSE)
        .setFrom(Journal.timestamp(from))
        .setTo(Journal.timestamp(to))
        .build();
  }
}
