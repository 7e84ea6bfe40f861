package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.proto.executor.v1.AttachContainer;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.v1.AttachContainerRequest;
import dev.caisson.proto.v1.AttachContainerResponse;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.Input;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class StreamsTest {
  private static final String APP = "tenants/t/sandboxes/pod/containers/app";
  private static final Input EOF = Input.newBuilder().setStdinEof(true).build();

  /**
   * What may be under way when somebody has stopped reading, at each of the two hops, in chunks.
   */
  private static final int UNDER_WAY = 12;

  @TempDir Path directory;
  private GatewayFixture gateway;
  private ContainersGrpc.ContainersStub stub;

  @BeforeEach
  void start() throws Exception {
    gateway = GatewayFixture.start(directory);
    gateway.executor.add("t", "pod", "app");
    stub = ContainersGrpc.newStub(gateway.channel);
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void runsAContainerWithItsStreams() throws Exception {
    var run = run("cat");
    assertThat(run.next().getCreated().getName()).isEqualTo("tenants/t/sandboxes/c/containers/c");
    assertThat(run.next().getStarted().getUid()).isEqualTo("uid-c");
    run.send(input("hello"));
    Output output = run.next().getOutput();
    assertThat(output.getStream()).isEqualTo(Output.Stream.STDOUT);
    assertThat(output.getData().toStringUtf8()).isEqualTo("hello");
    run.send(RunContainerRequest.newBuilder().setInput(EOF).build());
    assertThat(run.next().hasExited()).isTrue();
    assertThat(run.rest()).isEmpty();
    assertThat(
            gateway
                .executor
                .last(dev.caisson.proto.executor.v1.CreateContainerRequest.class)
                .getStdio())
        .isEqualTo(StdioMode.PIPE);
  }

  @Test
  void passesSignalsOn() throws Exception {
    var run = run("cat");
    run.send(RunContainerRequest.newBuilder().setInput(Input.newBuilder().setSignal(15)).build());
    assertThat(run.rest().getLast().getExited().getCode()).isEqualTo(143);
  }

  @Test
  void stopsTheExecutorWhenTheClientStopsReading() throws Exception {
    var run = run("flood");
    run.next();
    run.next();
    int stopped = settled(gateway.executor.chunks::get);
    assertThat(stopped).isBetween(1, 2 * UNDER_WAY);
    for (int read = 0; read < stopped; read++) {
      assertThat(run.next().getOutput().getData().size()).isEqualTo(FakeExecutor.CHUNK);
    }
    Awaitility.await().until(() -> gateway.executor.chunks.get() > stopped);
    int again = settled(gateway.executor.chunks::get);
    assertThat(again - stopped).isBetween(1, 2 * UNDER_WAY);
  }

  @Test
  void stopsTheClientWhenTheExecutorStopsReading() throws Exception {
    gateway.executor.deaf = true;
    var run = run("cat");
    run.next();
    RunContainerRequest chunk =
        RunContainerRequest.newBuilder()
            .setInput(
                Input.newBuilder().setStdin(ByteString.copyFrom(new byte[FakeExecutor.CHUNK])))
            .build();
    int sent = 0;
    while (readyWithin(run, 500)) {
      run.send(chunk);
      sent++;
      assertThat(sent).isLessThan(1000);
    }
    assertThat(sent).isBetween(1, 3 * UNDER_WAY);
    assertThat(gateway.executor.received.get()).isZero();
    run.call().cancel("enough", null);
    assertThat(gateway.executor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aSlowStreamHoldsUpNoOther() throws Exception {
    for (int slow = 0; slow < 40; slow++) {
      run("flood").next();
    }
    settled(gateway.executor.chunks::get);
    var other = run("true");
    assertThat(other.rest()).last().matches(RunContainerResponse::hasExited);
  }

  @Test
  void tellsTheExecutorWhenTheClientGivesUp() throws Exception {
    var run = run("cat");
    run.next();
    run.call().cancel("enough", null);
    assertThat(gateway.executor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void endsWithTheExecutorsOwnWords() throws Exception {
    StreamProbe<ExecContainerRequest, ExecContainerResponse> exec = new StreamProbe<>();
    stub.execContainer(exec);
    exec.send(exec("tenants/t/sandboxes/-/containers/gone", "cat", false));
    Throwable error = exec.failure();
    assertThat(Status.fromThrowable(error).getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(RpcErrors.info(error).orElseThrow().getReason()).isEqualTo("CONTAINER_NOT_FOUND");
  }

  @Test
  void endsAsUnavailableWhenTheExecutorEnds() throws Exception {
    var run = run("cat");
    run.next();
    gateway.stopExecutor();
    Throwable error = run.failure();
    assertThat(Status.fromThrowable(error).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(RpcErrors.info(error)).isPresent();
  }

  @Test
  void refusesAStreamThatDoesNotBeginAsItMust() throws Exception {
    StreamProbe<RunContainerRequest, RunContainerResponse> run = new StreamProbe<>();
    stub.runContainer(run);
    run.send(input("too early"));
    assertThat(reason(run)).isEqualTo("INVALID_STREAM");

    StreamProbe<RunContainerRequest, RunContainerResponse> empty = new StreamProbe<>();
    stub.runContainer(empty);
    empty.call().onCompleted();
    assertThat(reason(empty)).isEqualTo("INVALID_STREAM");

    StreamProbe<AttachContainerRequest, AttachContainerResponse> attach = new StreamProbe<>();
    stub.attachContainer(attach);
    attach.send(AttachContainerRequest.getDefaultInstance());
    assertThat(reason(attach)).isEqualTo("INVALID_STREAM");

    StreamProbe<ExecContainerRequest, ExecContainerResponse> exec = new StreamProbe<>();
    stub.execContainer(exec);
    exec.call().onCompleted();
    assertThat(reason(exec)).isEqualTo("INVALID_STREAM");
  }

  @Test
  void refusesASecondBeginning() throws Exception {
    var run = run("cat");
    run.next();
    run.send(RunContainerRequest.newBuilder().setCreate(container("tenants/t", "d", "x")).build());
    assertThat(reason(run)).isEqualTo("INVALID_STREAM");
    assertThat(gateway.executor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void holdsTheBoundOfInput() throws Exception {
    var run = run("cat");
    run.next();
    run.next();
    run.send(input("x".repeat(64 * 1024)));
    assertThat(run.next().getOutput().getData().size()).isEqualTo(64 * 1024);
    run.send(input("x".repeat(64 * 1024 + 1)));
    Throwable error = run.failure();
    assertThat(RpcErrors.info(error).orElseThrow().getMetadataOrThrow("field"))
        .isEqualTo("input.stdin");
  }

  @Test
  void passesTheSizeOfATerminalOn() throws Exception {
    var run = run("cat");
    run.next();
    run.next();
    run.send(resize(24, 65_535));
    assertThat(run.next().getOutput().getData().toStringUtf8()).isEqualTo("24 rows, 65535 columns");
  }

  @Test
  void refusesASizeThatNoTerminalHas() throws Exception {
    for (RunContainerRequest wrong : List.of(resize(0, 80), resize(24, 65_536), resize(-1, 1))) {
      var run = run("cat");
      run.send(wrong);
      assertThat(RpcErrors.info(run.failure()).orElseThrow().getMetadataOrThrow("field"))
          .startsWith("input.resize.");
    }
  }

  private static RunContainerRequest resize(int rows, int columns) {
    ConsoleSize size = ConsoleSize.newBuilder().setHeight(rows).setWidth(columns).build();
    return RunContainerRequest.newBuilder().setInput(Input.newBuilder().setResize(size)).build();
  }

  @Test
  void refusesABadContainerBeforeTheExecutorHearsOfIt() throws Exception {
    StreamProbe<RunContainerRequest, RunContainerResponse> run = new StreamProbe<>();
    stub.runContainer(run);
    run.send(RunContainerRequest.newBuilder().setCreate(container("tenants/t", "..", "x")).build());
    assertThat(reason(run)).isEqualTo("INVALID_FIELD");
    assertThat(gateway.executor.requests).isEmpty();
  }

  @Test
  void executesAProcessInAContainer() throws Exception {
    StreamProbe<ExecContainerRequest, ExecContainerResponse> exec = new StreamProbe<>();
    stub.execContainer(exec);
    exec.send(exec(APP, "cat", false));
    assertThat(exec.next().getStarted().getId()).isEqualTo("e1");
    exec.send(
        ExecContainerRequest.newBuilder()
            .setInput(Input.newBuilder().setStdin(ByteString.copyFromUtf8("x")))
            .build());
    assertThat(exec.next().getOutput().getData().toStringUtf8()).isEqualTo("x");
    exec.send(ExecContainerRequest.newBuilder().setInput(EOF).build());
    assertThat(exec.next().getExited().getCode()).isZero();
    var asked = gateway.executor.last(dev.caisson.proto.executor.v1.ExecProcess.class);
    assertThat(asked.getAddEnvList()).containsExactly("A=b");
    assertThat(asked.getActor().getRequestId()).isEqualTo("r");
    assertThat(asked.getActor().getPrincipal()).isNotEmpty();
  }

  @Test
  void leavesADetachedProcessAlone() throws Exception {
    StreamProbe<ExecContainerRequest, ExecContainerResponse> exec = new StreamProbe<>();
    stub.execContainer(exec);
    exec.send(exec(APP, "cat", true));
    assertThat(exec.rest()).singleElement().matches(ExecContainerResponse::hasStarted);
  }

  @Test
  void asksForACommandToExecute() throws Exception {
    StreamProbe<ExecContainerRequest, ExecContainerResponse> exec = new StreamProbe<>();
    stub.execContainer(exec);
    exec.send(ExecContainerRequest.newBuilder().setExec(Exec.newBuilder().setName(APP)).build());
    assertThat(reason(exec)).isEqualTo("INVALID_FIELD");
  }

  @Test
  void attachesToAContainer() throws Exception {
    StreamProbe<AttachContainerRequest, AttachContainerResponse> attach = new StreamProbe<>();
    stub.attachContainer(attach);
    attach.send(AttachContainerRequest.newBuilder().setAttach(APP).setProcessId("e1").build());
    attach.send(
        AttachContainerRequest.newBuilder()
            .setInput(Input.newBuilder().setStdin(ByteString.copyFromUtf8("y")))
            .build());
    assertThat(attach.next().getOutput().getData().toStringUtf8()).isEqualTo("y");
    assertThat(gateway.executor.requests.stream().filter(AttachContainer.class::isInstance))
        .singleElement()
        .returns("e1", request -> ((AttachContainer) request).getProcessId());
    attach.send(AttachContainerRequest.newBuilder().setInput(EOF).build());
    assertThat(attach.rest().getLast().hasExited()).isTrue();
  }

  @Test
  void passesOnThatTheCallerLeavesOnPurpose() throws Exception {
    StreamProbe<AttachContainerRequest, AttachContainerResponse> attach = new StreamProbe<>();
    stub.attachContainer(attach);
    attach.send(AttachContainerRequest.newBuilder().setAttach(APP).build());
    attach.send(
        AttachContainerRequest.newBuilder().setInput(Input.newBuilder().setDetach(true)).build());
    assertThat(attach.rest()).isEmpty();
  }

  @Test
  void leavingComesAlone() throws Exception {
    StreamProbe<AttachContainerRequest, AttachContainerResponse> attach = new StreamProbe<>();
    stub.attachContainer(attach);
    attach.send(AttachContainerRequest.newBuilder().setAttach(APP).build());
    attach.send(
        AttachContainerRequest.newBuilder()
            .setInput(Input.newBuilder().setDetach(true).setStdinEof(true))
            .build());
    assertThat(reason(attach)).isEqualTo("INVALID_FIELD");
  }

  @Test
  void doesNotAttachUnderAWrongSandbox() throws Exception {
    StreamProbe<AttachContainerRequest, AttachContainerResponse> attach = new StreamProbe<>();
    stub.attachContainer(attach);
    attach.send(
        AttachContainerRequest.newBuilder()
            .setAttach("tenants/t/sandboxes/other/containers/app")
            .build());
    assertThat(reason(attach)).isEqualTo("CONTAINER_NOT_FOUND");
  }

  private StreamProbe<RunContainerRequest, RunContainerResponse> run(String program) {
    StreamProbe<RunContainerRequest, RunContainerResponse> run = new StreamProbe<>();
    stub.runContainer(run);
    run.send(
        RunContainerRequest.newBuilder().setCreate(container("tenants/t", "c", program)).build());
    return run;
  }

  private static RunContainerRequest input(String text) {
    return RunContainerRequest.newBuilder()
        .setInput(Input.newBuilder().setStdin(ByteString.copyFromUtf8(text)))
        .build();
  }

  static ExecContainerRequest exec(String name, String program, boolean detach) {
    return ExecContainerRequest.newBuilder()
        .setExec(
            Exec.newBuilder()
                .setName(name)
                .setProcess(Process.newBuilder().addArgs(program))
                .addAddEnv("A=b")
                .setDetach(detach)
                .setRequestId("r"))
        .build();
  }

  private static String reason(StreamProbe<?, ?> stream) throws Exception {
    return RpcErrors.info(stream.failure()).orElseThrow().getReason();
  }

  /** The value, once it has not changed for half a second. */
  private static int settled(IntSupplier value) {
    int[] last = {-1};
    Awaitility.await()
        .pollInterval(500, TimeUnit.MILLISECONDS)
        .until(() -> {
          boolean same = last[0] == value.getAsInt();
          last[0] = value.getAsInt();
          return same;
        });
    return last[0];
  }

  private static boolean readyWithin(StreamProbe<?, ?> stream, long millis) {
    try {
      Awaitility.await()
          .pollDelay(0, TimeUnit.MILLISECONDS)
          .pollInterval(5, TimeUnit.MILLISECONDS)
          .atMost(millis, TimeUnit.MILLISECONDS)
          .until(() -> stream.call().isReady());
      return true;
    } catch (org.awaitility.core.ConditionTimeoutException full) {
      return false;
    }
  }
}
