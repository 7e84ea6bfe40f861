package dev.caisson.executor.journal;

import java.util.Comparator;

/**
 * Where a record is: its epoch (one life of the executor) first, its sequence in the epoch second.
 *
 * @param epoch from 1; 0 with seq 0 is before everything
 * @param seq from 1 in each epoch
 */
public record Position(long epoch, long seq) implements Comparable<Position> {
  public static final Position BEFORE_ALL = new Position(0, 0);

  private static final Comparator<Position> ORDER =
      Comparator.comparingLong(Position::epoch).thenComparingLong(Position::seq);

  public Position {
    if (epoch < 0 || seq < 0) {
      throw new IllegalArgumentException("position must not be negative: " + epoch + "/" + seq);
    }
  }

  @Override
  public int compareTo(Position other) {
    return ORDER.compare(this, other);
  }

  Position next() {
    return new Position(epoch, seq + 1);
  }

  @Override
  public String toString() {
    return epoch + "/" + seq;
  }
}
