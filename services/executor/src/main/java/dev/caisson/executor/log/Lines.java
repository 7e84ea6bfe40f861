package dev.caisson.executor.log;

import com.google.protobuf.ByteString;

/**
 * One stream of output, cut into lines, and these into pieces of at most {@link
 * LogFormat#MAX_DATA}. What has no end yet is kept until it has, or is as long as that.
 *
 * <p>For one thread at a time.
 */
final class Lines {

  /** Where the pieces go, without the ends of lines. */
  @FunctionalInterface
  interface Taker {
    void take(ByteString piece, boolean partial);
  }

  private ByteString begun = ByteString.EMPTY;

  void add(ByteString data, Taker taker) {
    int from = 0;
    for (int i = 0; i < data.size(); i++) {
      if (data.byteAt(i) == '\n') {
        taker.take(whole(data.substring(from, i)), false);
        from = i + 1;
      } else if (begun.size() + i - from == LogFormat.MAX_DATA) {
        taker.take(whole(data.substring(from, i)), true);
        from = i;
      }
    }
    begun = ByteString.copyFrom(whole(data.substring(from)).toByteArray());
  }

  /** There is no more. */
  void end(Taker taker) {
    if (!begun.isEmpty()) {
      taker.take(whole(ByteString.EMPTY), true);
    }
  }

  private ByteString whole(ByteString rest) {
    ByteString whole = begun.concat(rest);
    begun = ByteString.EMPTY;
    return whole;
  }
}
