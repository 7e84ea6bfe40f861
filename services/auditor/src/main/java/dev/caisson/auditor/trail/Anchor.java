package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.events.HashChain;
import dev.caisson.proto.events.v1.Event;
import java.util.Optional;

/**
 * The last record of a node that retention has dropped, whole. Its own bytes say when it was made;
 * and the chain, from it to the next checkpoint, says that they are its own: so whoever makes up an
 * anchor, to hide what he deleted, must have one that the node has made so long ago.
 *
 * @param chainBefore the chain value of the record before it
 * @param entry it, with the chain value that follows
 */
record Anchor(ByteString chainBefore, TrailEntry entry) {

  /** An anchor as it is kept; empty: it cannot be one of that node, and so anchors nothing. */
  static Optional<Anchor> read(String node, ByteString chainBefore, ByteString event) {
    try {
      ByteString chain = HashChain.next(chainBefore, event);
      Anchor anchor = new Anchor(chainBefore, TrailEntry.received(event, chain));
      return anchor.entry.columns().node().equals(node) ? Optional.of(anchor) : Optional.empty();
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  Position position() {
    return entry.position();
  }

  long timeNanos() {
    return entry.columns().timeNanos();
  }

  Event decoded() {
    try {
      return entry.decoded();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("It was decoded before", e);
    }
  }
}
