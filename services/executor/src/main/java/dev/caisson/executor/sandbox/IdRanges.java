package dev.caisson.executor.sandbox;

import dev.caisson.executor.guard.IdRange;
import java.util.BitSet;
import java.util.OptionalInt;

/**
 * Ranges of user and group ids for sandboxes: each range is 65,536 ids of which no two living
 * sandboxes share one.
 *
 * <p>They lie in the pool that the guard's configuration names.
 *
 * <p>Thread-safe.
 */
final class IdRanges {
  /** What a sandbox gets: as many as a user namespace of a distribution's user. */
  static final int SIZE = 65_536;

  private final long first;
  private final int count;
  private final BitSet taken = new BitSet();

  /** Of which the ranges are taken, from the beginning; a rest is not used. */
  IdRanges(IdRange pool) {
    this.first = pool.first();
    this.count = Math.toIntExact((pool.last() - pool.first() + 1) / SIZE);
  }

  /** The first id of a free range, as the bits of an int; empty when there is none. */
  synchronized OptionalInt take() {
    int free = taken.nextClearBit(0);
    if (free >= count) {
      return OptionalInt.empty();
    }
    taken.set(free);
    return OptionalInt.of((int) (first + (long) free * SIZE));
  }

  /** A range of a sandbox that an earlier executor has made, perhaps of another pool. */
  synchronized void retake(int id) {
    long offset = Integer.toUnsignedLong(id) - first;
    long from = Math.max(0, Math.floorDiv(offset, SIZE));
    long to = Math.min(count - 1, Math.floorDiv(offset + SIZE - 1, SIZE));
    if (from <= to) {
      taken.set((int) from, (int) to + 1);
    }
  }

  synchronized void giveBack(int id) {
    indexOf(id).ifPresent(taken::clear);
  }

  /** Empty for ids that are no range of these, such as a caller's own. */
  private OptionalInt indexOf(int id) {
    long offset = Integer.toUnsignedLong(id) - first;
    boolean ours = offset >= 0 && offset % SIZE == 0 && offset / SIZE < count;
    return ours ? OptionalInt.of((int) (offset / SIZE)) : OptionalInt.empty();
  }
}
