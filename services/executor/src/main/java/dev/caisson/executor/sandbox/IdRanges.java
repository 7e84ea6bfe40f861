package dev.caisson.executor.sandbox;

import dev.caisson.executor.guard.IdRange;
import dev.caisson.proto.types.v1.IdMapping;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Ranges of user and group ids for sandboxes: each range is 65,536 ids of which no two living
 * sandboxes share one, but for those of which one joins the user namespace of the other: it is free
 * again when the last of them has given it back.
 *
 * <p>They lie in the pool that the guard's configuration names.
 *
 * <p>Thread-safe.
 */
final class IdRanges {
  /** What a sandbox gets: as many as a user namespace of a distribution's user. */
  static final int SIZE = 65_536;

  private final long first;

  /** Of sandboxes that have each range. */
  private final int[] holders;

  /** Of which the ranges are taken, from the beginning; a rest is not used. */
  IdRanges(IdRange pool) {
    this.first = pool.first();
    this.holders = new int[Math.toIntExact((pool.last() - pool.first() + 1) / SIZE)];
  }

  /** The first id of a free range, as the bits of an int; empty when there is none. */
  synchronized OptionalInt take() {
    OptionalInt free = IntStream.range(0, holders.length).filter(i -> holders[i] == 0).findFirst();
    if (free.isEmpty()) {
      return free;
    }
    holders[free.getAsInt()]++;
    return OptionalInt.of((int) (first + (long) free.getAsInt() * SIZE));
  }

  /** One that another sandbox has taken, for as long as either lives. */
  synchronized void share(int id) {
    indexOf(id).ifPresent(range -> holders[range]++);
  }

  /** A range of a sandbox that an earlier executor has made, perhaps of another pool. */
  synchronized void retake(int id) {
    long offset = Integer.toUnsignedLong(id) - first;
    long from = Math.max(0, Math.floorDiv(offset, SIZE));
    long to = Math.min(holders.length - 1, Math.floorDiv(offset + SIZE - 1, SIZE));
    for (long range = from; range <= to; range++) {
      holders[(int) range]++;
    }
  }

  synchronized void giveBack(int id) {
    indexOf(id).ifPresent(range -> holders[range] = Math.max(0, holders[range] - 1));
  }

  /** What a sandbox's map holds of these: a map of several lines is a caller's own, and none. */
  void share(List<IdMapping> map) {
    range(map).ifPresent(this::share);
  }

  void retake(List<IdMapping> map) {
    range(map).ifPresent(this::retake);
  }

  void giveBack(List<IdMapping> map) {
    range(map).ifPresent(this::giveBack);
  }

  private static OptionalInt range(List<IdMapping> map) {
    return map.size() == 1 ? OptionalInt.of(map.getFirst().getHostId()) : OptionalInt.empty();
  }

  /** Empty for ids that are no range of these, such as a caller's own. */
  private OptionalInt indexOf(int id) {
    long offset = Integer.toUnsignedLong(id) - first;
    boolean ours = offset >= 0 && offset % SIZE == 0 && offset / SIZE < holders.length;
    return ours ? OptionalInt.of((int) (offset / SIZE)) : OptionalInt.empty();
  }
}
