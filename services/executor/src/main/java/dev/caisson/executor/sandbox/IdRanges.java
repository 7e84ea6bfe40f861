package dev.caisson.executor.sandbox;

import java.util.BitSet;

/**
 * Ranges of user and group ids for sandboxes: each range is 65,536 ids of which no two living sandboxes share one.
 *
 * <p>They lie where systemd's allocation of ids (UIDS-GIDS.md, "Summary") has nothing: 1,879,048,192 to 2,147,483,647.
 *
 * <p>Thread-safe.
 */
final class IdRanges {
  static final int SIZE = 65_536;
  static final int FIRST = 1_879_048_192;
  static final int COUNT = 4_096;

  private final BitSet taken = new BitSet(COUNT);

  /** The first id of a free range; -1 when there is none. */
  synchronized int take() {
    int free = taken.nextClearBit(0);
    if (free >= COUNT) {
      return -1;
    }
    taken.set(free);
    return FIRST + free * SIZE;
  }

  /** A range of a sandbox that an earlier executor has made. */
  synchronized void retake(int first) {
    if (first >= FIRST && (first - FIRST) % SIZE == 0) {
      taken.set((first - FIRST) / SIZE);
    }
  }

  synchronized void giveBack(int first) {
    if (first >= FIRST) {
      taken.clear((first - FIRST) / SIZE);
    }
  }
}
