package dev.caisson.linux;

/**
 * A comparison of one argument of a system call, unsigned.
 *
 * @param argument 0 to 5
 * @param value what it is compared with; of MASKED_EQUAL the mask
 * @param masked of MASKED_EQUAL what the masked argument must be; else without meaning
 */
public record SeccompCondition(int argument, Comparison comparison, long value, long masked) {
  /** Registers that a system call has. */
  public static final int MAX_ARGUMENT = 5;

  /** {@code enum scmp_compare} of seccomp.h. */
  public enum Comparison {
    NOT_EQUAL(1),
    LESS(2),
    LESS_OR_EQUAL(3),
    EQUAL(4),
    GREATER_OR_EQUAL(5),
    GREATER(6),
    MASKED_EQUAL(7);

    private final int number;

    Comparison(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  public SeccompCondition {
    if (argument < 0 || argument > MAX_ARGUMENT) {
      throw new IllegalArgumentException("argument must be 0 to 5: " + argument);
    }
  }
}
