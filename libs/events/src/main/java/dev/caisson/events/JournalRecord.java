package dev.caisson.events;

import com.google.protobuf.ByteString;

/**
 * One record of a node's journal, as the relay reads it.
 *
 * @param epoch unsigned, as in the journal
 * @param seq unsigned, as in the journal
 * @param event the bytes of an Event, which may be of a newer version, or none at all
 * @param chain {@link HashChain} up to this record
 */
public record JournalRecord(String node, long epoch, long seq, ByteString event, ByteString chain) {

  /** The most bytes that an event may have. */
  public static final int MAX_EVENT_BYTES = 64 * 1024;

  public JournalRecord {
    if (node.isEmpty()) {
      throw new IllegalArgumentException("node must not be empty");
    }
    if (event.size() > MAX_EVENT_BYTES) {
      throw new IllegalArgumentException("event must have at most 65536 bytes: " + event.size());
    }
    if (chain.size() != HashChain.LENGTH) {
      throw new IllegalArgumentException("chain must have 32 bytes: " + chain.size());
    }
  }
}
