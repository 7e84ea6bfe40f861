package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.ForwardPort;
import dev.caisson.proto.v1.PortForwardRequest;
import dev.caisson.proto.v1.PortForwardResponse;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ForwardTest {
  private static final String APP = "tenants/t/sandboxes/pod/containers/app";

  @TempDir Path directory;
  private GatewayFixture gateway;

  @BeforeEach
  void start() throws Exception {
    gateway = GatewayFixture.start(directory);
    gateway.executor.add("t", "pod", "app");
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private StreamProbe<PortForwardRequest, PortForwardResponse> call() {
    StreamProbe<PortForwardRequest, PortForwardResponse> call = new StreamProbe<>();
    ContainersGrpc.newStub(gateway.channel).portForward(call);
    return call;
  }

  private StreamProbe<PortForwardRequest, PortForwardResponse> forward(String name, int port) {
    var call = call();
    call.send(first(name, port));
    return call;
  }

  private static PortForwardRequest first(String name, int port) {
    return PortForwardRequest.newBuilder()
        .setForward(ForwardPort.newBuilder().setName(name).setPort(port))
        .build();
  }

  private static PortForwardRequest data(int bytes) {
    return PortForwardRequest.newBuilder().setData(ByteString.copyFrom(new byte[bytes])).build();
  }

  private static String reason(StreamProbe<?, ?> call) throws Exception {
    return RpcErrors.info(call.failure()).orElseThrow().getReason();
  }

  @Test
  void carriesBytesBothWaysAndTheEndOfEither() throws Exception {
    var call = forward(APP, 80);
    assertThat(call.next().getOpened().getId()).isEqualTo("f1");
    call.send(data(16 * 1024));
    assertThat(call.next().getData().size()).isEqualTo(16 * 1024);
    call.call().onCompleted();
    assertThat(call.rest()).singleElement().matches(PortForwardResponse::hasEndOfData);
    var asked = gateway.executor.last(dev.caisson.proto.executor.v1.ForwardPort.class);
    assertThat(asked.getTenant()).isEqualTo("t");
    assertThat(asked.getContainerId()).isEqualTo("app");
    assertThat(asked.getPort()).isEqualTo(80);
    assertThat(asked.getActor().getPrincipal()).isNotEmpty();
  }

  @Test
  void passesOnThatNobodyListens() throws Exception {
    assertThat(reason(forward(APP, 81))).isEqualTo("PORT_CLOSED");
  }

  @Test
  void refusesPortsThatThereAreNot() throws Exception {
    for (int port : new int[] {0, -1, 65_536}) {
      Throwable error = forward(APP, port).failure();
      assertThat(Status.fromThrowable(error).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(RpcErrors.info(error).orElseThrow().getMetadataOrThrow("field"))
          .isEqualTo("forward.port");
    }
    assertThat(gateway.executor.requests).isEmpty();
  }

  @Test
  void findsNoContainerOfAnotherTenantOrSandbox() throws Exception {
    for (String name :
        List.of(
            "tenants/other/sandboxes/pod/containers/app",
            "tenants/other/sandboxes/-/containers/app",
            "tenants/t/sandboxes/other/containers/app")) {
      assertThat(reason(forward(name, 80))).isEqualTo("CONTAINER_NOT_FOUND");
    }
    assertThat(reason(forward("tenants/t/sandboxes/pod", 80))).isEqualTo("INVALID_NAME");
  }

  @Test
  void refusesWhatIsOutOfOrder() throws Exception {
    var early = call();
    early.send(data(1));
    assertThat(reason(early)).isEqualTo("INVALID_STREAM");
    var empty = call();
    empty.call().onCompleted();
    assertThat(reason(empty)).isEqualTo("INVALID_STREAM");
    var twice = forward(APP, 80);
    twice.send(first(APP, 80));
    assertThat(reason(twice)).isEqualTo("INVALID_STREAM");
  }

  @Test
  void holdsTheBoundOfAMessage() throws Exception {
    for (int wrong : new int[] {0, 16 * 1024 + 1}) {
      var call = forward(APP, 80);
      call.send(data(wrong));
      Throwable error = call.failure();
      assertThat(RpcErrors.info(error).orElseThrow().getMetadataOrThrow("field")).isEqualTo("data");
    }
  }

  @Test
  void tellsTheExecutorWhenTheClientGivesUp() throws Exception {
    var call = forward(APP, 80);
    call.next();
    call.call().cancel("enough", null);
    assertThat(gateway.executor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void endsAsUnavailableWhenTheExecutorEnds() throws Exception {
    var call = forward(APP, 80);
    call.next();
    gateway.stopExecutor();
    assertThat(Status.fromThrowable(call.failure()).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
  }
}
