package dev.caisson.executor.journal;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How a journal is kept.
 *
 * @param directory its own; made when it is not there
 * @param node the node's name, in every event
 * @param maxBytes all segments together
 * @param reserveBytes the part of maxBytes that new work may not use
 * @param segmentBytes how long a segment grows; opening reads one
 * @param syncInterval how long a record waits for its fsync at most, with {@link Durability#GROUP}
 * @param retention how long segments are kept once they are acknowledged, as long as there is room
 */
public record JournalSettings(
    Path directory,
    String node,
    Durability durability,
    FullMode fullMode,
    long maxBytes,
    long reserveBytes,
    long segmentBytes,
    Duration syncInterval,
    Duration retention) {
  public static final long DEFAULT_MAX_BYTES = 1L << 30;
  public static final long DEFAULT_RESERVE_BYTES = 64L << 20;
  public static final long DEFAULT_SEGMENT_BYTES = 2L << 20;
  public static final Duration DEFAULT_SYNC_INTERVAL = Duration.ofMillis(50);
  public static final Duration DEFAULT_RETENTION = Duration.ofHours(24);

  static final int MAX_NODE_LENGTH = 253;
  static final Duration MAX_SYNC_INTERVAL = Duration.ofSeconds(10);

  public JournalSettings {
    if (node.isEmpty() || node.length() > MAX_NODE_LENGTH) {
      throw new IllegalArgumentException(
          "node must be 1 to " + MAX_NODE_LENGTH + " characters: " + node);
    }
    requireSizes(maxBytes, reserveBytes, segmentBytes);
    if (syncInterval.isNegative() || syncInterval.compareTo(MAX_SYNC_INTERVAL) > 0) {
      throw new IllegalArgumentException(
          "syncInterval must be from 0 to " + MAX_SYNC_INTERVAL + ": " + syncInterval);
    }
    if (retention.isNegative()) {
      throw new IllegalArgumentException("retention must not be negative: " + retention);
    }
  }

  /**
   * Only whole segments can be deleted: with fewer than four, a full journal could not free much.
   */
  private static void requireSizes(long maxBytes, long reserveBytes, long segmentBytes) {
    if (segmentBytes < 1 || segmentBytes > maxBytes / 4) {
      throw new IllegalArgumentException(
          "segmentBytes must be from 1 to a quarter of maxBytes ("
              + maxBytes
              + "): "
              + segmentBytes);
    }
    if (reserveBytes < 0 || reserveBytes > maxBytes / 2) {
      throw new IllegalArgumentException(
          "reserveBytes must be from 0 to half of maxBytes (" + maxBytes + "): " + reserveBytes);
    }
  }

  /** What suits a host with a few hundred containers: group durability, fail-closed. */
  public static JournalSettings defaults(Path directory, String node) {
    return new JournalSettings(
        directory,
        node,
        Durability.GROUP,
        FullMode.FAIL_CLOSED,
        DEFAULT_MAX_BYTES,
        DEFAULT_RESERVE_BYTES,
        DEFAULT_SEGMENT_BYTES,
        DEFAULT_SYNC_INTERVAL,
        DEFAULT_RETENTION);
  }
}
