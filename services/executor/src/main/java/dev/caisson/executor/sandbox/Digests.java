package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.executor.v1.Reason;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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
      return ByteString.copyFrom(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new AssertionError("memory, and a digest that every Java platform has", e);
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
