package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.types.v1.Actor;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DenialsTest {
  private static final Actor ADA = Actor.newBuilder().setPrincipal("uid:1000").build();

  @TempDir Path directory;
  private final AtomicReference<Instant> now = new AtomicReference<>(Journals.CLOCK.instant());
  private final Clock clock = ((InstantSource) now::get).withZone(ZoneOffset.UTC);

  @Test
  void recordsOneInASecondAndCountsTheOthers() {
    try (Journal journal = Journals.open(directory)) {
      Denials denials = new Denials(journal, clock, "gateway");
      assertThat(deny(denials, 0)).isTrue();
      assertThat(deny(denials, 0)).isFalse();
      assertThat(deny(denials, 40)).isFalse();
      assertThat(deny(denials, -7)).as("what no counter says").isFalse();
      pass(Duration.ofMillis(999));
      assertThat(deny(denials, 0)).isFalse();
      pass(Duration.ofMillis(1));
      assertThat(deny(denials, 2)).isTrue();
      List<Event> events = Journals.events(journal, 3);
      assertThat(events.getLast().getRequestDenied().getSuppressed()).isEqualTo(40 + 4 + 2);
      assertThat(events.getLast().getRequestDenied().getBy()).isEqualTo("gateway");
      assertThat(events.getLast().getActor()).isEqualTo(ADA);
    }
  }

  @Test
  void countsWithoutEndAndCutsWhatIsTooLong() {
    try (Journal journal = Journals.open(directory)) {
      Denials denials = new Denials(journal, clock, "gateway");
      String endless = "x".repeat(100_000);
      assertThat(denials.record(endless, endless, endless, ADA, Long.MAX_VALUE)).isTrue();
      assertThat(deny(denials, Long.MAX_VALUE)).isFalse();
      pass(Duration.ofSeconds(1));
      assertThat(deny(denials, Long.MAX_VALUE)).isTrue();
      List<Event> events = Journals.events(journal, 3);
      assertThat(events.get(1).getRequestDenied().getOperation()).hasSize(62).endsWith("x…");
      assertThat(events.get(1).getRequestDenied().getMessage()).hasSize(1022);
      assertThat(events.getLast().getRequestDenied().getSuppressed()).isEqualTo(Long.MAX_VALUE);
    }
  }

  @Test
  void takesNothingOfTheReserveOfAFullJournal() {
    try (Journal journal =
        Journals.open(Journals.bounded(directory, FullMode.FAIL_CLOSED), Journals.BOOT)) {
      Denials denials = new Denials(journal, clock, "guard");
      int recorded = 0;
      while (deny(denials, 0)) {
        recorded++;
        pass(Duration.ofSeconds(1));
      }
      assertThat(recorded).isPositive();
      assertThat(journal.append(Journals.event("a"))).as("from the reserve").isPositive();
    }
  }

  private boolean deny(Denials denials, long more) {
    return denials.record("CreateContainer", "NOT_ALLOWED", "The caller may not.", ADA, more);
  }

  private void pass(Duration time) {
    var _ = now.updateAndGet(before -> before.plus(time));
  }
}
