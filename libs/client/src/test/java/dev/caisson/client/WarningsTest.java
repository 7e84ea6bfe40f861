package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WarningsTest {
  private final RecordingChannel channel = new RecordingChannel();

  @Test
  void endsACallWhoseListenerThrows() {
    List<Status> ends = new ArrayList<>();
    Warnings warnings =
        new Warnings(text -> {
          throw new IllegalStateException(text);
        });
    warnings
        .interceptCall(ContainersGrpc.getGetContainerMethod(), CallOptions.DEFAULT, channel)
        .start(
            new ClientCall.Listener<Container>() {
              @Override
              public void onClose(Status status, Metadata trailers) {
                ends.add(status);
              }
            },
            new Metadata());
    Metadata trailers = new Metadata();
    trailers.put(
        Metadata.Key.of("caisson-warning-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {'x'});
    assertThatThrownBy(() -> channel.end(Status.OK, trailers))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("x");
    assertThat(ends).containsExactly(Status.OK);
  }
}
