package dev.caisson.gateway.admission;

import dev.caisson.proto.v1.PolicyFinding;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;

/** Tells the caller in the answer's headers what the policies warn of. */
final class WarnedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
  /** UTF-8. */
  private static final Metadata.Key<byte[]> WARNING =
      Metadata.Key.of("caisson-warning-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** Clients take 8 KiB of metadata. */
  private static final int MOST = 8;

  private static final int LONGEST = 300;

  private final Findings findings;
  private boolean told;

  WarnedCall(ServerCall<Q, A> call, Findings findings) {
    super(call);
    this.findings = findings;
  }

  @Override
  public void sendHeaders(Metadata headers) {
    tell(headers);
    super.sendHeaders(headers);
  }

  /** Of a call that has no answer. */
  @Override
  public void close(Status status, Metadata trailers) {
    tell(trailers);
    super.close(status, trailers);
  }

  private void tell(Metadata metadata) {
    if (told) {
      return;
    }
    told = true;
    findings.all().stream()
        .filter(one -> one.getAction() == PolicyFinding.Action.WARN)
        .limit(MOST)
        .map(one -> one.getPolicy() + ": " + one.getMessage())
        .map(text -> text.substring(0, Math.min(text.length(), LONGEST)))
        .forEach(text -> metadata.put(WARNING, text.getBytes(StandardCharsets.UTF_8)));
  }
}
