package dev.caisson.gateway.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The newest events behind a place, without a gap; the oldest make room. Not thread-safe. */
final class RecentEvents {
  private final @Nullable JournalEvent[] ring;
  private final int maxBytes;
  private int first;
  private int size;
  private long bytes;
  private Cursor start;

  /**
   * None yet.
   *
   * @param start behind which the first one will be
   */
  RecentEvents(Cursor start, int maxRecords, int maxBytes) {
    this.start = start;
    this.ring = new JournalEvent[maxRecords];
    this.maxBytes = maxBytes;
  }

  void add(JournalEvent event) {
    while (size == ring.length || (size > 0 && bytes + event.bytes() > maxBytes)) {
      dropOldest();
    }
    ring[(first + size) % ring.length] = event;
    size++;
    bytes += event.bytes();
  }

  private void dropOldest() {
    JournalEvent oldest = get(0);
    ring[first] = null;
    first = (first + 1) % ring.length;
    size--;
    bytes -= oldest.bytes();
    start = oldest.place();
  }

  private JournalEvent get(int index) {
    return Objects.requireNonNull(ring[(first + index) % ring.length]);
  }

  int size() {
    return size;
  }

  /** Of the last one, or where the first will be. */
  Cursor newest() {
    return size == 0 ? start : get(size - 1).place();
  }

  /** Which is the next one after a place; empty where it is not known that one could go on so. */
  OptionalInt after(Cursor place) {
    if (place.equals(start)) {
      return OptionalInt.of(0);
    }
    int low = 0;
    int high = size - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = get(middle).place().compareTo(place);
      if (order == 0) {
        return OptionalInt.of(middle + 1);
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return OptionalInt.empty();
  }

  List<JournalEvent> from(int index, int atMost) {
    List<JournalEvent> some = new ArrayList<>();
    for (int i = index; i < Math.min(size, index + atMost); i++) {
      some.add(get(i));
    }
    return some;
  }
}
