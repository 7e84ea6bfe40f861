package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import dev.caisson.executor.plan.Plan;
import java.nio.ByteBuffer;

/**
 * A plan with what is made from it.
 *
 * @param encoded its program, for this machine
 */
record Prepared(Plan plan, ByteString encoded, ByteString sha256) {
  ByteBuffer program() {
    return encoded.asReadOnlyByteBuffer();
  }
}
