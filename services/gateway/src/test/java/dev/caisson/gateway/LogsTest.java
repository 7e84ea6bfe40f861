package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Timestamp;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.LogEntry;
import dev.caisson.proto.v1.Logs;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.proto.v1.ReadLogsResponse;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What containers put out, through the gateway. */
class LogsTest {
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

  private List<LogEntry> read(ReadLogsRequest.Builder request) {
    List<LogEntry> entries = new ArrayList<>();
    Iterator<ReadLogsResponse> answers = gateway.containers().readLogs(request.build());
    answers.forEachRemaining(answer -> entries.add(answer.getEntry()));
    return entries;
  }

  @Test
  void passesWhatIsAskedAndWhatIsRead() {
    Timestamp since = Timestamp.newBuilder().setSeconds(7).setNanos(8).build();
    List<LogEntry> entries =
        read(ReadLogsRequest.newBuilder().setName(APP).setTailLines(0).setSince(since));
    assertThat(gateway.executor.requests)
        .contains(
            dev.caisson.proto.executor.v1.ReadLogsRequest.newBuilder()
                .setTenant("t")
                .setContainerId("app")
                .setTailLines(0)
                .setSince(since)
                .build());
    assertThat(entries).hasSize(3);
    assertThat(entries.get(0).getPartial()).isTrue();
    assertThat(entries.get(0).getData().toStringUtf8()).isEqualTo("line 0");
    assertThat(entries.get(1).getNotice()).isTrue();
    assertThat(entries.get(1).getStream()).isEqualTo(Output.Stream.STDERR);
    assertThat(entries.get(2).getTime().getSeconds()).isEqualTo(2);
    assertThat(entries.get(2).getStream()).isEqualTo(Output.Stream.STDOUT);
  }

  @Test
  void endsTheExecutorsCallWithTheCallers() throws Exception {
    Context.CancellableContext call = Context.current().withCancellation();
    call.run(() -> {
      Iterator<ReadLogsResponse> answers =
          gateway
              .containers()
              .readLogs(ReadLogsRequest.newBuilder().setName(APP).setFollow(true).build());
      assertThat(answers.next().getEntry().getData().toStringUtf8()).isEqualTo("line 0");
    });
    call.cancel(null);
    assertThat(gateway.executor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void readsNothingUnderAWrongSandboxOrName() {
    assertThat(reason("tenants/t/sandboxes/other/containers/app")).isEqualTo("CONTAINER_NOT_FOUND");
    assertThat(reason("app")).isEqualTo("INVALID_NAME");
  }

  private String reason(String name) {
    var failure =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> read(ReadLogsRequest.newBuilder().setName(name)));
    return RpcErrors.info(failure).orElseThrow().getReason();
  }

  @Test
  void passesOnWhatIsToBeKept() {
    CreateContainerRequest.Builder request =
        GatewayFixture.container("tenants/t", "c", "sh").toBuilder();
    Container plain = gateway.containers().createContainer(request.build());
    assertThat(plain.getLogDirectory()).isEmpty();
    request.setContainerId("d").setLogs(Logs.newBuilder().setMaxBytes(1).setMaxFiles(2));
    Container made = gateway.containers().createContainer(request.build());
    assertThat(made.getLogDirectory()).isEqualTo("/logs/d");
    assertThat(
            gateway.executor.requests.stream()
                .filter(dev.caisson.proto.executor.v1.CreateContainerRequest.class::isInstance)
                .map(dev.caisson.proto.executor.v1.CreateContainerRequest.class::cast)
                .filter(dev.caisson.proto.executor.v1.CreateContainerRequest::hasLogs))
        .last()
        .returns(1L, asked -> asked.getLogs().getMaxBytes())
        .returns(2, asked -> asked.getLogs().getMaxFiles());
  }
}
