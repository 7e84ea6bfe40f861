package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.guard.IdRange;
import dev.caisson.proto.types.v1.IdMapping;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdRangesTest {
  private static final long FIRST = 3_000_000_000L;
  private static final int COUNT = 3;

  private final IdRanges ranges =
      new IdRanges(new IdRange(FIRST, FIRST + (long) COUNT * IdRanges.SIZE + 7));

  private long taken() {
    return Integer.toUnsignedLong(ranges.take().orElseThrow());
  }

  @Test
  void noTwoOverlapAndThereIsAnEnd() {
    for (long i = 0; i < COUNT; i++) {
      assertThat(taken()).isEqualTo(FIRST + i * IdRanges.SIZE);
    }
    assertThat(ranges.take()).isEmpty();
  }

  @Test
  void oneThatIsGivenBackIsFree() {
    int first = ranges.take().orElseThrow();
    ranges.giveBack(first);
    assertThat(ranges.take()).hasValue(first);
  }

  @Test
  void oneThatIsSharedIsFreeWhenTheLastHasGivenItBack() {
    int first = ranges.take().orElseThrow();
    ranges.share(first);
    ranges.giveBack(first);
    assertThat(taken()).isEqualTo(FIRST + IdRanges.SIZE);
    ranges.giveBack(first);
    assertThat(ranges.take()).hasValue(first);
  }

  @Test
  void oneThatSandboxesOfAnEarlierExecutorShareIsTakenForEachOfThem() {
    ranges.retake((int) FIRST);
    ranges.retake((int) FIRST);
    ranges.giveBack((int) FIRST);
    assertThat(taken()).isEqualTo(FIRST + IdRanges.SIZE);
    ranges.giveBack((int) FIRST);
    assertThat(taken()).isEqualTo(FIRST);
  }

  private static IdMapping line(long first) {
    return IdMapping.newBuilder().setHostId((int) first).setSize(IdRanges.SIZE).build();
  }

  @Test
  void aMapOfOneLineIsARangeAndAnotherIsNone() {
    ranges.retake(List.of(line(FIRST)));
    ranges.share(List.of(line(FIRST)));
    ranges.share(List.of(line(FIRST + IdRanges.SIZE), line(0)));
    ranges.giveBack(List.of(line(FIRST)));
    assertThat(taken()).isEqualTo(FIRST + IdRanges.SIZE);
    ranges.giveBack(List.of(line(FIRST)));
    assertThat(taken()).isEqualTo(FIRST);
  }

  @Test
  void oneThatIsGivenBackTooOftenIsHandedOutOnce() {
    ranges.giveBack((int) FIRST);
    assertThat(taken()).isEqualTo(FIRST);
    assertThat(taken()).isEqualTo(FIRST + IdRanges.SIZE);
  }

  @Test
  void oneOfAnEarlierExecutorIsTaken() {
    ranges.retake((int) FIRST);
    assertThat(taken()).isEqualTo(FIRST + IdRanges.SIZE);
  }

  @Test
  void idsThatAreNoRangeOfOursAreLeftAlone() {
    ranges.retake(200_000);
    ranges.share(200_000);
    ranges.giveBack(200_000);
    ranges.retake((int) (FIRST - IdRanges.SIZE));
    ranges.giveBack((int) FIRST + 1);
    ranges.retake((int) (FIRST + (long) COUNT * IdRanges.SIZE));
    assertThat(taken()).isEqualTo(FIRST);
  }

  @Test
  void oneOfAnotherPoolTakesAllThatItOverlaps() {
    ranges.retake((int) FIRST + 1);
    assertThat(taken()).isEqualTo(FIRST + 2L * IdRanges.SIZE);
    assertThat(ranges.take()).isEmpty();
  }
}
