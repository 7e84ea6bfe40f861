package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;

/**
 * Where the lives before ended.
 *
 * @param lastEpoch the highest that was begun; no record of it needs to be there
 * @param last the last whole record
 * @param chain its chain value
 */
record LogEnd(How how, long lastEpoch, Position last, ByteString chain) {
  enum How {
    /** There was none. */
    NONE,
    /** Closed. */
    CLEAN,
    /** Not closed, and all records whole. */
    CRASH,
    /** The last record was cut off. */
    TORN
  }
}
