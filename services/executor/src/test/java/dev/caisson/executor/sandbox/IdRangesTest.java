package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdRangesTest {
  private final IdRanges ranges = new IdRanges();

  @Test
  void noTwoOverlapAndThereIsAnEnd() {
    Set<Integer> taken = new HashSet<>();
    for (int i = 0; i < IdRanges.COUNT; i++) {
      int first = ranges.take();
      assertThat(first).isBetween(IdRanges.FIRST, Integer.MAX_VALUE - IdRanges.SIZE + 1);
      assertThat((first - IdRanges.FIRST) % IdRanges.SIZE).isZero();
      assertThat(taken.add(first)).isTrue();
    }
    assertThat(ranges.take()).isEqualTo(-1);
  }

  @Test
  void oneThatIsGivenBackIsFree() {
    int first = ranges.take();
    ranges.giveBack(first);
    assertThat(ranges.take()).isEqualTo(first);
  }

  @Test
  void oneOfAnEarlierExecutorIsTaken() {
    ranges.retake(IdRanges.FIRST);
    assertThat(ranges.take()).isEqualTo(IdRanges.FIRST + IdRanges.SIZE);
  }

  @Test
  void idsThatAreNoRangeOfOursAreLeftAlone() {
    ranges.retake(200_000);
    ranges.giveBack(200_000);
    ranges.retake(IdRanges.FIRST + 1);
    assertThat(ranges.take()).isEqualTo(IdRanges.FIRST);
  }
}
