package dev.caisson.executor.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.model.Sha256;
import dev.caisson.proto.executor.v1.Reason;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.Map;

/** What a request asked for, so that the same request id cannot stand for something else. */
final class Digests {
  private Digests() {}

  static ByteString of(Message request) {
    return ByteString.copyFrom(Sha256.start().digest(bytes(request)));
  }

  /** Another for each kind of request. */
  static ByteString ofKind(Message request) {
    MessageDigest digest = Sha256.start();
    digest.update(request.getDescriptorForType().getFullName().getBytes(UTF_8));
    digest.update((byte) 0);
    return ByteString.copyFrom(digest.digest(bytes(request)));
  }

  private static byte[] bytes(Message request) {
    byte[] bytes = new byte[request.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization(); // maps have no order of their own
    try {
      request.writeTo(out);
      return bytes;
    } catch (IOException e) {
      throw new AssertionError("memory takes all bytes", e);
    }
  }

  static RefusedException reused() {
    return new Refusal(
            Reason.REQUEST_ID_REUSED,
            "This request id was used with other content: take a new one.",
            Map.of())
        .exception();
  }

  static void requireSame(ByteString first, ByteString second) {
    if (!first.equals(second)) {
      throw reused();
    }
  }
}
