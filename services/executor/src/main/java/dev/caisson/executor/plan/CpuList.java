package dev.caisson.executor.plan;

import com.google.protobuf.ByteString;
import dev.caisson.executor.refusal.Refusal;
import java.util.Arrays;
import java.util.BitSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** CPUs by their numbers: cpuset(7), "List format". */
record CpuList(String text, ByteString mask) {
  /** {@code NR_CPUS} of the largest kernels that are built: MAXSMP of x86_64. */
  static final int MAX_CPUS = 8192;

  private static final int MAX_TEXT = 1024;
  private static final Pattern PART = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");
  private static final Pattern COMMA = Pattern.compile(",");

  /**
   * The list as sched_setaffinity(2) takes it.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if it is none
   */
  static CpuList parse(String field, String text) {
    check(text.length() <= MAX_TEXT, field, text);
    BitSet cpus = new BitSet();
    for (String part : COMMA.split(text, -1)) {
      Matcher range = PART.matcher(part);
      check(range.matches(), field, text);
      int first = Integer.parseInt(range.group(1));
      int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
      check(first <= last && last < MAX_CPUS, field, text);
      cpus.set(first, last + 1);
    }
    return new CpuList(text, mask(cpus));
  }

  /** Whole words of 64 bits, the lowest CPU in the lowest bit of the first. */
  private static ByteString mask(BitSet cpus) {
    int words = (cpus.length() + Long.SIZE - 1) / Long.SIZE;
    return ByteString.copyFrom(Arrays.copyOf(cpus.toByteArray(), words * Long.BYTES));
  }

  private static void check(boolean holds, String field, String text) {
    if (!holds) {
      throw Refusal.invalid(field, "be a list of CPUs below " + MAX_CPUS + ", as in 0-3,7", text)
          .exception();
    }
  }
}
