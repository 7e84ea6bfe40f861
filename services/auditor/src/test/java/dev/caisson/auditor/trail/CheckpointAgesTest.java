package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class CheckpointAgesTest {

  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Clock clock = ((InstantSource) now::get).withZone(ZoneOffset.UTC);
  private final CheckpointAges ages = new CheckpointAges(registry, clock);
  private NodeProgress progress = NodeProgress.NONE;

  @Test
  void growsWhileARecordWaitsAndEndsWithItsCheckpoint() {
    arrived(1, false);
    pass(7);
    arrived(2, false);
    pass(5);
    assertThat(age()).isEqualTo(12.0);
    arrived(3, true);
    pass(100);
    assertThat(age()).isZero();
    arrived(4, false);
    pass(3);
    assertThat(age()).isEqualTo(3.0);
  }

  @Test
  void takesAnotherPartitionsRecordsInAnyOrder() {
    arrived(3, true);
    arrived(1, false);
    arrived(2, false);
    pass(9);
    assertThat(age()).isZero();
    arrived(5, false);
    pass(1);
    arrived(3, true);
    assertThat(age()).isEqualTo(1.0);
    arrived(4, true);
    pass(1);
    assertThat(age()).isEqualTo(1.0);
    arrived(6, true);
    assertThat(age()).isZero();
  }

  @Test
  void isBoundedHoweverManyNamesARelayInvents() {
    for (int i = 0; i < CheckpointAges.MAX_NODES + 10; i++) {
      ages.refresh("n" + i, Optional.of(Instant.EPOCH));
    }
    assertThat(registry.getMeters()).hasSize(CheckpointAges.MAX_NODES);
  }

  private void arrived(long seq, boolean checkpoint) {
    progress = progress.after(new Position(1, seq), checkpoint, now.get());
    ages.refresh("n1", progress.waitingSince());
  }

  private void pass(long seconds) {
    now.updateAndGet(instant -> instant.plus(Duration.ofSeconds(seconds)));
  }

  private double age() {
    return registry.get("caisson.trail.checkpoint.age").tag("node", "n1").gauge().value();
  }
}
