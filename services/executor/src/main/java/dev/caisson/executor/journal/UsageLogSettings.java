package dev.caisson.executor.journal;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How usage samples are kept.
 *
 * @param directory its own; made when it is not there
 * @param node the node's name, in every sample
 * @param epoch the journal's
 * @param bootId of the host
 * @param maxBytes all segments together; the oldest is dropped first
 */
public record UsageLogSettings(
    Path directory,
    String node,
    long epoch,
    String bootId,
    long maxBytes,
    long segmentBytes,
    Duration syncInterval) {
  public static final long DEFAULT_MAX_BYTES = 64L << 20;
  public static final long DEFAULT_SEGMENT_BYTES = 4L << 20;
  public static final Duration DEFAULT_SYNC_INTERVAL = Duration.ofMillis(200);

  public UsageLogSettings {
    if (epoch < 1) {
      throw new IllegalArgumentException("epoch must be at least 1: " + epoch);
    }
    if (segmentBytes < 1 || segmentBytes > maxBytes / 2) {
      throw new IllegalArgumentException(
          "segmentBytes must be from 1 to half of maxBytes (" + maxBytes + "): " + segmentBytes);
    }
  }

  /** An hour of a thousand containers, about. */
  public static UsageLogSettings defaults(Path directory, String node, long epoch, String bootId) {
    return new UsageLogSettings(
        directory,
        node,
        epoch,
        bootId,
        DEFAULT_MAX_BYTES,
        DEFAULT_SEGMENT_BYTES,
        DEFAULT_SYNC_INTERVAL);
  }
}
