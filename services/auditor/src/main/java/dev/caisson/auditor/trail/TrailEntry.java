package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.events.HashChain;
import dev.caisson.proto.events.v1.Event;

/**
 * A record of the trail. One that was read from the database can have been altered in any way.
 *
 * @param event the bytes as journalled
 * @param chain the chain value that came with them
 */
record TrailEntry(TrailColumns columns, ByteString event, ByteString chain) {

  /**
   * The entry of a record that came from Kafka.
   *
   * @throws InvalidProtocolBufferException when the bytes are no event
   * @throws IllegalArgumentException when it says things that cannot be
   */
  static TrailEntry received(ByteString event, ByteString chain)
      throws InvalidProtocolBufferException {
    if (chain.size() != HashChain.LENGTH) {
      throw new IllegalArgumentException("chain must have 32 bytes: " + chain.size());
    }
    return new TrailEntry(TrailColumns.of(Event.parseFrom(event)), event, chain);
  }

  Position position() {
    return columns.position();
  }

  /** The event that the bytes are. Those in the database can have been altered. */
  Event decoded() throws InvalidProtocolBufferException {
    return Event.parseFrom(event);
  }
}
