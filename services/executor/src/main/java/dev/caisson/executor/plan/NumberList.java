package dev.caisson.executor.plan;

import com.google.protobuf.ByteString;
import dev.caisson.executor.refusal.Refusal;
import java.util.Arrays;
import java.util.BitSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** CPUs or memory nodes by their numbers: cpuset(7), "List format". */
record NumberList(String text, ByteString mask) {
  /** What is counted, and how many of it there can be. */
  enum Of {
    /** {@code NR_CPUS} of the largest kernels that are built: MAXSMP of x86_64. */
    CPUS("CPUs", 8192),
    /** {@code MAX_NUMNODES}: {@code CONFIG_NODES_SHIFT} is at most 10. */
    NODES("memory nodes", 1024);

    private final String word;
    private final int most;

    Of(String word, int most) {
      this.word = word;
      this.most = most;
    }
  }

  private static final int MAX_TEXT = 1024;
  private static final Pattern PART = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");
  private static final Pattern COMMA = Pattern.compile(",");

  /**
   * The list as sched_setaffinity(2) and set_mempolicy(2) take it.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if it is none
   */
  static NumberList parse(Of of, String field, String text) {
    check(text.length() <= MAX_TEXT, of, field, text);
    BitSet numbers = new BitSet();
    for (String part : COMMA.split(text, -1)) {
      Matcher range = PART.matcher(part);
      check(range.matches(), of, field, text);
      int first = Integer.parseInt(range.group(1));
      int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
      check(first <= last && last < of.most, of, field, text);
      numbers.set(first, last + 1);
    }
    return new NumberList(text, mask(numbers));
  }

  /** Whole words of 64 bits, the lowest number in the lowest bit of the first. */
  private static ByteString mask(BitSet numbers) {
    int words = (numbers.length() + Long.SIZE - 1) / Long.SIZE;
    return ByteString.copyFrom(Arrays.copyOf(numbers.toByteArray(), words * Long.BYTES));
  }

  private static void check(boolean holds, Of of, String field, String text) {
    if (!holds) {
      throw Refusal.invalid(
              field, "be a list of " + of.word + " below " + of.most + ", as in 0-3,7", text)
          .exception();
    }
  }
}
