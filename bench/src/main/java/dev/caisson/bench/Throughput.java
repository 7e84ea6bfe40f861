package dev.caisson.bench;

import java.util.function.IntConsumer;

/**
 * How fast bytes come, from the first piece to the last: without what it takes to make a container.
 * Told by one thread at a time.
 */
final class Throughput implements IntConsumer {
  private long bytes;
  private long first;
  private long last;

  @Override
  public void accept(int piece) {
    accept(piece, System.nanoTime());
  }

  void accept(int piece, long now) {
    if (bytes == 0) {
      first = now;
    }
    last = now;
    bytes += piece;
  }

  /**
   * In millions of bytes a second; begins anew.
   *
   * @param expected how many must have come
   */
  double take(long expected) {
    if (bytes != expected || last == first) {
      throw new IllegalStateException(expected + " bytes must come, in pieces: " + bytes);
    }
    double rate = bytes * 1e3 / (last - first);
    bytes = 0;
    return rate;
  }
}
