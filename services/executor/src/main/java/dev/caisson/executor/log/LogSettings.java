package dev.caisson.executor.log;

import dev.caisson.proto.executor.v1.Logs;

/**
 * How much of a container's output is kept.
 *
 * @param maxBytes of one file, at least {@link #MIN_BYTES}
 * @param maxFiles the oldest goes when there would be more
 */
public record LogSettings(long maxBytes, int maxFiles) {
  public static final long MIN_BYTES = 64 * 1024;
  public static final long MAX_BYTES = 1L << 30;
  public static final int MIN_FILES = 2;
  public static final int MAX_FILES = 100;

  private static final long DEFAULT_BYTES = 10L << 20;
  private static final int DEFAULT_FILES = 5;

  /** With the defaults where it says 0. */
  public static LogSettings of(Logs asked) {
    return new LogSettings(
        asked.getMaxBytes() == 0 ? DEFAULT_BYTES : asked.getMaxBytes(),
        asked.getMaxFiles() == 0 ? DEFAULT_FILES : asked.getMaxFiles());
  }

  /** The most that all files together have. */
  public long totalBytes() {
    return Math.multiplyExact(maxBytes, maxFiles);
  }
}
