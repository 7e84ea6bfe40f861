package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ThroughputTest {
  private final Throughput throughput = new Throughput();

  @Test
  void countsFromTheFirstPieceToTheLastAndBeginsAnew() {
    throughput.accept(1_000_000, 5_000_000_000L);
    throughput.accept(1_000_000, 5_010_000_000L);
    assertThat(throughput.take(2_000_000)).isEqualTo(200);
    throughput.accept(500_000, 9_000_000_000L);
    throughput.accept(500_000, 9_010_000_000L);
    assertThat(throughput.take(1_000_000)).isEqualTo(100);
  }

  @Test
  void refusesWhatDidNotComeWhole() {
    throughput.accept(10, 1);
    throughput.accept(10, 2);
    assertThatThrownBy(() -> throughput.take(21)).hasMessageContaining("21 bytes must come");
  }

  @Test
  void refusesNothing() {
    assertThatThrownBy(() -> throughput.take(0)).isInstanceOf(IllegalStateException.class);
  }
}
