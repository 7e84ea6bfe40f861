package dev.caisson.executor.guard;

/** Ids of the host, both ends included, unsigned 32-bit numbers as longs. */
public record IdRange(long first, long last) {
  private static final long MAX = 0xffff_fffeL;

  public IdRange {
    if (first < 0 || last < first || last > MAX) {
      throw new IllegalArgumentException("ids must be a range: " + first + "-" + last);
    }
  }

  boolean overlaps(IdRange other) {
    return first <= other.last && other.first <= last;
  }

  String text() {
    return first + "-" + last;
  }

  boolean contains(long from, long size) {
    return from >= first && size <= last - from + 1;
  }
}
