package dev.caisson.auditor.cpu;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Comparator;

/** Division of an amount without loss: the parts are whole, and sum to the amount. */
final class Shares {

  private Shares() {}

  /**
   * Divides in proportion to weights, rounded down; what is left over goes one each to the largest
   * remainders, among equal ones to the first.
   *
   * @param amount from 0
   * @param weights from 0, at least one above 0, whose sum fits into 63 bits
   */
  static long[] proportional(long amount, long[] weights) {
    long sum = sum(weights);
    long[] parts = new long[weights.length];
    long[] remainders = new long[weights.length];
    long left = amount;
    for (int i = 0; i < weights.length; i++) {
      divide(amount, weights[i], sum, i, parts, remainders);
      left -= parts[i];
    }
    giveToLargest((int) left, remainders, parts);
    return parts;
  }

  /** The sum of amounts from 0, which must fit into 63 bits. */
  static long sum(long[] amounts) {
    return Arrays.stream(amounts).reduce(0, Math::addExact);
  }

  /** Divides into equal parts; what is left over goes one each to the first. */
  static long[] equal(long amount, int count) {
    long[] parts = new long[count];
    Arrays.fill(parts, amount / count);
    for (int i = 0; i < amount % count; i++) {
      parts[i]++;
    }
    return parts;
  }

  // amount * weight needs up to 126 bits; the quotient is at most the amount, since the weight is
  // at most the sum.
  private static void divide(
      long amount, long weight, long sum, int i, long[] parts, long[] remainders) {
    if (Math.multiplyHigh(amount, weight) == 0 && amount * weight >= 0) {
      parts[i] = amount * weight / sum;
      remainders[i] = amount * weight % sum;
      return;
    }
    BigInteger[] exact =
        BigInteger.valueOf(amount)
            .multiply(BigInteger.valueOf(weight))
            .divideAndRemainder(BigInteger.valueOf(sum));
    parts[i] = exact[0].longValueExact();
    remainders[i] = exact[1].longValueExact();
  }

  // Each part lost less than one to rounding, so fewer are left than there are parts with a
  // remainder.
  private static void giveToLargest(int left, long[] remainders, long[] parts) {
    if (left == 0) {
      return;
    }
    Integer[] order = new Integer[parts.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingLong((Integer i) -> remainders[i]).reversed());
    for (int i = 0; i < left; i++) {
      parts[order[i]]++;
    }
  }
}
