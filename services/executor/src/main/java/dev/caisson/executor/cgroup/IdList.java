package dev.caisson.executor.cgroup;

import java.util.BitSet;
import java.util.Optional;

/**
 * A list of CPUs or memory nodes, {@code 0-3,7}. Source: cpuset(7), "List format".
 *
 * @param text as it was written
 */
record IdList(String text, BitSet ids) {
  /** CONFIG_NR_CPUS is at most 8,192 on x86_64; no list is longer. */
  static final int MAX_ID = 8_191;

  private static final String RULE = "be a list such as 0-3,7 with ids up to " + MAX_ID;

  /** The kernel's own: trusted, empty allowed. */
  static IdList ofKernel(String text) {
    return text.isBlank() ? new IdList("", new BitSet()) : parse("kernel", text.strip());
  }

  static IdList parse(String field, String text) {
    return of(text).orElseThrow(() -> InvalidResources.invalid(field, RULE, text));
  }

  /** Empty where it is no list. */
  static Optional<IdList> of(String text) {
    BitSet ids = new BitSet();
    for (String range : text.split(",", -1)) {
      if (!addRange(range, ids)) {
        return Optional.empty();
      }
    }
    return Optional.of(new IdList(text, ids));
  }

  private static boolean addRange(String range, BitSet ids) {
    if (!range.matches("[0-9]{1,5}(-[0-9]{1,5})?")) {
      return false;
    }
    int dash = range.indexOf('-');
    int from = Integer.parseInt(dash < 0 ? range : range.substring(0, dash));
    int to = Integer.parseInt(dash < 0 ? range : range.substring(dash + 1));
    if (from > to || to > MAX_ID) {
      return false;
    }
    ids.set(from, to + 1);
    return true;
  }

  boolean contains(IdList other) {
    BitSet rest = (BitSet) other.ids.clone();
    rest.andNot(ids);
    return rest.isEmpty();
  }
}
