package dev.caisson.gateway.relay;

import dev.caisson.proto.journal.v1.Backlog;
import dev.caisson.proto.journal.v1.GetBacklogResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What the journal has, and Kafka has not. */
record Lag(Behind events, Behind usage) {

  /**
   * Of one stream.
   *
   * @param bytes on the executor's disk
   * @param oldest when the oldest of the records was written; empty: there is none, or it is not
   *     known
   */
  record Behind(long records, long bytes, Optional<Instant> oldest) {

    static Behind of(Backlog backlog) {
      Optional<Instant> oldest =
          backlog.hasOldest()
              ? Optional.of(
                  Instant.ofEpochSecond(
                      backlog.getOldest().getSeconds(), backlog.getOldest().getNanos()))
              : Optional.empty();
      return new Behind(backlog.getRecords(), backlog.getBytes(), oldest);
    }

    /** How old that is; never below zero, whatever the clocks say. */
    Duration age(Instant now) {
      Duration age = oldest.map(written -> Duration.between(written, now)).orElse(Duration.ZERO);
      return age.isNegative() ? Duration.ZERO : age;
    }
  }

  static Lag of(GetBacklogResponse response) {
    return new Lag(Behind.of(response.getEvents()), Behind.of(response.getUsage()));
  }
}
