package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.model.Sha256;
import dev.caisson.proto.executor.v1.Reason;
import java.io.IOException;
import java.util.Map;

/** What a request asked for, so that the same request id cannot stand for something else. */
final class Digests {
  private Digests() {}

  static ByteString of(Message request) {
    byte[] bytes = new byte[request.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization(); // maps have no order of their own
    try {
      request.writeTo(out);
      return ByteString.copyFrom(Sha256.start().digest(bytes));
    } catch (IOException e) {
      throw new AssertionError("memory takes all bytes", e);
    }
  }

  static void requireSame(ByteString first, ByteString second) {
    if (!first.equals(second)) {
      throw new Refusal(
              Reason.REQUEST_ID_REUSED,
              "This request id was used with other content: take a new one.",
              Map.of())
          .exception();
    }
  }
}
