package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void takesTheNearestRankOfWhatWasMeasured() {
    long[] oneToHundred = LongStream.rangeClosed(1, 100).map(i -> (101 - i) * 1_000_000).toArray();
    assertThat(Statistics.of(oneToHundred)).isEqualTo(new Statistics(100, 50, 90, 99, 1, 100));
  }

  @Test
  void isThatOneValueWhenThereIsOnlyOne() {
    assertThat(Statistics.of(new long[] {2_500_000}))
        .isEqualTo(new Statistics(1, 2.5, 2.5, 2.5, 2.5, 2.5));
  }

  @Test
  void leavesItsInputAsItWas() {
    long[] times = {3, 1, 2};
    assertThat(Statistics.of(times).runs()).isEqualTo(3);
    assertThat(times).containsExactly(3, 1, 2);
  }

  @Test
  void refusesNothing() {
    assertThatThrownBy(() -> Statistics.of(new long[0]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
