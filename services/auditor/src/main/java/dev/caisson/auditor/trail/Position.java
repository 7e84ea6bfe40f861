package dev.caisson.auditor.trail;

import java.util.Comparator;

/** A place in a node's journal. Epochs are ordered first, sequences in them second. */
public record Position(long epoch, long seq) implements Comparable<Position> {

  static final Position START = new Position(0, 0);
  static final Position END = new Position(Long.MAX_VALUE, Long.MAX_VALUE);

  private static final Comparator<Position> ORDER =
      Comparator.comparingLong(Position::epoch).thenComparingLong(Position::seq);

  public Position {
    if (epoch < 0 || seq < 0) {
      throw new IllegalArgumentException("epoch and seq must be below 2^63");
    }
  }

  static Position later(Position one, Position other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  static Position earlier(Position one, Position other) {
    return one.compareTo(other) <= 0 ? one : other;
  }

  @Override
  public int compareTo(Position other) {
    return ORDER.compare(this, other);
  }
}
