package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.Set;
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
  void theLastCheckpointGrowsOldWhileNothingComes() {
    arrived(1, false);
    arrived(2, true);
    pass(300);
    assertThat(value("last.checkpoint.age")).isEqualTo(300.0);
    assertThat(age()).isZero();
    arrived(3, true);
    assertThat(value("last.checkpoint.age")).isZero();
    pass(7);
    arrived(3, true);
    assertThat(value("last.checkpoint.age")).as("seen before").isEqualTo(7.0);
  }

  @Test
  void ofANodeThatNeverSignedTheAgeIsThatOfItsFirstRecord() {
    arrived(1, false);
    pass(9);
    arrived(2, false);
    assertThat(value("last.checkpoint.age")).isEqualTo(9.0);
  }

  @Test
  void waitsForWhatACheckpointHasLeftOut() {
    arrived(4, Optional.of(new Voucher(new Position(1, 2), false)));
    pass(3);
    assertThat(age()).as("3 came while it was signed").isEqualTo(3.0);
    arrived(5, true);
    assertThat(age()).isZero();
  }

  @Test
  void tellsThatANodeEndedUntilItBeginsAgain() {
    arrived(1, false);
    arrived(3, Optional.of(new Voucher(new Position(1, 2), true)));
    arrived(2, false);
    assertThat(value("ended")).isEqualTo(1.0);
    progress = progress.after(new Position(2, 1), Optional.empty(), now.get());
    ages.refresh("n1", progress, Set.of());
    assertThat(value("ended")).isZero();
  }

  @Test
  void isBoundedHoweverManyNamesARelayInvents() {
    for (int i = 0; i < NodeRoom.MAX_OTHERS + 10; i++) {
      ages.refresh("n" + i, NodeProgress.NONE, Set.of("enrolled"));
    }
    assertThat(registry.find("caisson.trail.checkpoint.age").gauges()).hasSize(NodeRoom.MAX_OTHERS);
    ages.refresh("enrolled", NodeProgress.NONE, Set.of("enrolled"));
    assertThat(registry.getMeters()).hasSize(3 * (NodeRoom.MAX_OTHERS + 1));
  }

  private void arrived(long seq, boolean checkpoint) {
    Voucher voucher = new Voucher(new Position(1, Math.max(1, seq - 1)), false);
    arrived(seq, checkpoint ? Optional.of(voucher) : Optional.empty());
  }

  private void arrived(long seq, Optional<Voucher> voucher) {
    progress = progress.after(new Position(1, seq), voucher, now.get());
    ages.refresh("n1", progress, Set.of());
  }

  private void pass(long seconds) {
    now.updateAndGet(instant -> instant.plus(Duration.ofSeconds(seconds)));
  }

  private double age() {
    return value("checkpoint.age");
  }

  private double value(String name) {
    return registry.get("caisson.trail." + name).tag("node", "n1").gauge().value();
  }
}
