package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;

/**
 * A record as it is on disk.
 *
 * @param bytes the encoded event or sample
 * @param chain SHA-256(chain value before ‖ bytes); empty in a log without a chain
 */
public record LogRecord(Position position, ByteString bytes, ByteString chain) {
  int size() {
    return bytes.size() + chain.size();
  }
}
