package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;

/**
 * What a log's owner must know of all the records before, without reading them. Used under the
 * log's lock.
 */
interface LogState {
  ByteString snapshot();

  /** At most once, before anything else. */
  void restore(ByteString snapshot) throws java.io.IOException;

  /** A record of an earlier life, after the snapshot. */
  void replay(LogRecord record) throws java.io.IOException;
}
