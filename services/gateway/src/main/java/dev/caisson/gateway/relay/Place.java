package dev.caisson.gateway.relay;

import dev.caisson.proto.journal.v1.Position;

/**
 * A place in one of the journal's streams. Both numbers are unsigned; (0, 0) is before everything.
 */
record Place(long epoch, long seq) implements Comparable<Place> {

  static final Place START = new Place(0, 0);

  static Place of(Position position) {
    return new Place(position.getEpoch(), position.getSeq());
  }

  Position message() {
    return Position.newBuilder().setEpoch(epoch).setSeq(seq).build();
  }

  @Override
  public int compareTo(Place other) {
    int epochs = Long.compareUnsigned(epoch, other.epoch);
    return epochs == 0 ? Long.compareUnsigned(seq, other.seq) : epochs;
  }

  @Override
  public String toString() {
    return "(" + Long.toUnsignedString(epoch) + ", " + Long.toUnsignedString(seq) + ")";
  }
}
