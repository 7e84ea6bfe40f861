package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class SharesTest {

  @Test
  void givesWhatIsLeftToTheLargestRemainders() {
    // 10/7, 20/7 and 40/7: remainders 3, 6 and 5 of 7.
    assertThat(Shares.proportional(10, new long[] {1, 2, 4})).containsExactly(1, 3, 6);
  }

  @Test
  void givesWhatIsLeftToTheFirstAmongEqualRemainders() {
    assertThat(Shares.proportional(2, new long[] {1, 1, 1})).containsExactly(1, 1, 0);
  }

  @Test
  void dividesEqually() {
    assertThat(Shares.equal(11, 3)).containsExactly(4, 4, 3);
  }

  @Test
  void needsMoreThan64BitsForProducts() {
    long big = Long.MAX_VALUE / 2;
    assertThat(Shares.proportional(Long.MAX_VALUE, new long[] {big, big}))
        .containsExactly((Long.MAX_VALUE / 2) + 1, Long.MAX_VALUE / 2);
  }

  @Property
  void losesNothing(
      @ForAll @LongRange(min = 0) long amount, @ForAll("weights") List<Long> weights) {
    assertThat(Shares.sum(Shares.proportional(amount, array(weights)))).isEqualTo(amount);
  }

  @Property
  void roundsEachPartDownOrUp(
      @ForAll @LongRange(min = 0) long amount, @ForAll("weights") List<Long> weights) {
    long[] parts = Shares.proportional(amount, array(weights));
    BigInteger sum = BigInteger.valueOf(Shares.sum(array(weights)));
    for (int i = 0; i < parts.length; i++) {
      BigInteger product = BigInteger.valueOf(amount).multiply(BigInteger.valueOf(weights.get(i)));
      BigInteger[] exact = product.divideAndRemainder(sum);
      long down = exact[0].longValueExact();
      assertThat(parts[i]).isBetween(down, exact[1].signum() == 0 ? down : down + 1);
    }
  }

  @Property
  void losesNothingWhenEqual(
      @ForAll @LongRange(min = 0) long amount, @ForAll @IntRange(min = 1, max = 100) int count) {
    assertThat(Shares.sum(Shares.equal(amount, count))).isEqualTo(amount);
  }

  @Provide
  Arbitrary<List<Long>> weights() {
    return Arbitraries.longs()
        .between(0, Long.MAX_VALUE / 64)
        .list()
        .ofMinSize(1)
        .ofMaxSize(40)
        .filter(weights -> weights.stream().anyMatch(weight -> weight > 0));
  }

  private static long[] array(List<Long> values) {
    return Arrays.stream(values.toArray(new Long[0])).mapToLong(Long::longValue).toArray();
  }
}
