package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.executor.stdio.OutputPump;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesResponse;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Namespace;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Run: a container from its creation to its deletion in one call. */
class RunIT extends OnNode {
  /** Its descendant survives the end of the terminal's session too. */
  private static final String FILLING = "trap '' HUP; echo said; yes & exit 3";

  @Test
  void tellsOutputAndExitCode() {
    Ended ended = node.run(node.shell("echo out; echo err >&2; exit 7"));

    assertThat(ended.out()).isEqualTo("out\n");
    assertThat(ended.err()).isEqualTo("err\n");
    assertThat(ended.code()).isEqualTo(7);
    assertThat(ended.signal()).isZero();
    assertThat(ended.status().getOutOfMemory()).isFalse();
    assertThat(ended.status().getUsage().getMaxRssBytes()).isPositive();
  }

  @Test
  void tellsTheSignalThatEndedIt() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("sleep", "60")).build());
    assertThat(call.started().getState()).isEqualTo(ContainerState.RUNNING);
    Ended ended = call.signal(9).ended();

    assertThat(ended.signal()).isEqualTo(9);
    assertThat(ended.code()).isZero();
  }

  @Test
  void movesInputUntilItsEnd() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("cat")).build());
    call.input("one ").input("two").closeInput();

    assertThat(call.ended().out()).isEqualTo("one two");
  }

  @Test
  void movesMuchOutputByteExactOnBothStreams() {
    String script = "yes 0123456789abcdef | head -c 3000001; yes err | head -c 2000003 >&2";
    Ended ended = node.run(node.shell(script));

    assertThat(ended.stdout().size()).isEqualTo(3_000_001);
    assertThat(ended.out().replace("0123456789abcdef\n", "")).isEqualTo("0123456789a");
    assertThat(ended.stderr().size()).isEqualTo(2_000_003);
    assertThat(ended.err().replace("err\n", "")).isEqualTo("err");
  }

  @Test
  void movesMuchInputByteExact() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("md5sum")).build());
    ByteString chunk = ByteString.copyFrom(new byte[64 * 1024]);
    for (int i = 0; i < 64; i++) {
      call.input(chunk);
    }
    call.closeInput();

    assertThat(call.ended().out()).isEqualTo("b5cfa9d6c8febd618f91ac2843d50a1c  -\n");
  }

  @Test
  void stopsTheWriterWhenNobodyReads() throws Exception {
    var spec =
        node.shell("dd if=/dev/zero bs=64k count=512 2>/shared/done; echo end > /shared/end");
    Path volume = node.share(spec);
    var call = AttachedClient.run().slowly();
    call.begin(
        node.async()::run,
        RunRequest.newBuilder().setRun(node.request(node.newId("run"), spec)).build());
    call.take(6);
    TestNode.eventually("output begins", () -> call.stdout().length > 0);

    assertThat(unchangedFor(Duration.ofMillis(500), () -> writtenBytes(volume))).isTrue();
    assertThat(volume.resolve("end")).doesNotExist();
    assertThat(call.stdout()).hasSizeLessThanOrEqualTo(4 * OutputPump.BUFFER_BYTES);

    call.take(1_000_000);
    assertThat(call.ended().stdout().size()).isEqualTo(512 * 64 * 1024);
    assertThat(volume.resolve("end")).exists();
  }

  private static long writtenBytes(Path volume) {
    return volume.resolve("done").toFile().length();
  }

  /** Looks again and again. */
  static boolean unchangedFor(Duration time, LongSupplier value) {
    long end = System.nanoTime() + time.toNanos();
    long first = value.getAsLong();
    boolean same = true;
    while (same && System.nanoTime() < end) {
      same = value.getAsLong() == first;
    }
    return same;
  }

  @Test
  void leavesNothingOfARunThatHasEnded() {
    String id = node.newId("run");
    var call = node.runAttached(node.request(id, node.spec("true")).build());
    assertThat(call.ended().code()).isZero();

    Problem.of(() -> node.get(id)).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    assertThat(node.stub().listSandboxes(ListSandboxesRequest.getDefaultInstance()))
        .isEqualTo(ListSandboxesResponse.getDefaultInstance());
  }

  @Test
  void refusesInputBeforeARequest() {
    var call = AttachedClient.run();
    call.begin(node.async()::run, RunRequest.newBuilder().setInput(Input.newBuilder()).build());

    Problem.of(call.failure()).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  @Test
  void refusesMoreInputThanOneMessageMayHold() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("cat")).build());
    call.started();
    call.input(ByteString.copyFrom(new byte[64 * 1024 + 1]));

    Problem.of(call.failure()).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC).says("stdin");
  }

  @Test
  void refusesASignalThatThereIsNot() {
    var call = node.runAttached(node.request(node.newId("run"), node.spec("cat")).build());
    call.started();
    call.signal(65);

    Problem.of(call.failure()).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC).says("signal");
  }

  @Test
  void doesNotWaitForADescendantThatKeepsTheOutputOpen() {
    Ended ended = node.run(node.shell("sleep 60 & echo said"));

    assertThat(ended.out()).isEqualTo("said\n");
    assertThat(ended.code()).isZero();
  }

  /** The first and the last of a C library's. */
  @ParameterizedTest
  @ValueSource(ints = {34, 64})
  void delivers(int realTimeSignal) {
    String script = "trap 'exit 7' " + realTimeSignal + "; echo ready; while :; do sleep 0.1; done";
    var call = node.runAttached(node.request("c", node.shell(script)).build());
    call.awaitOutput("ready");
    var executed = node.exec("c", "sh", "-c", script).awaitOutput("ready");
    assertThat(executed.signal(realTimeSignal).ended().code()).isEqualTo(7);
    assertThat(call.signal(realTimeSignal).ended().code()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void doesNotWaitForADescendantThatFillsTheOutput(boolean terminal) {
    ContainerSpec.Builder spec = withoutPidNamespace(node.shell(FILLING));
    spec.getProcessBuilder().setTerminal(terminal);

    Ended ended = node.run(spec);

    assertThat(ended.out()).startsWith("said");
    assertThat(ended.code()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void doesNotWaitForADescendantOfAnExecThatFillsTheOutput(boolean terminal) {
    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder request = TestNode.execRequest("c", "sh", "-c", FILLING);
    request.getProcessBuilder().setTerminal(terminal);

    Ended ended = node.exec(request).ended();

    assertThat(ended.out()).startsWith("said");
    assertThat(ended.code()).isEqualTo(3);
  }

  /** In one of its own the kernel would end its descendants with it. */
  private static ContainerSpec.Builder withoutPidNamespace(ContainerSpec.Builder spec) {
    List<Namespace> others =
        spec.getNamespacesList().stream()
            .filter(namespace -> namespace.getType() != Namespace.Type.PID)
            .toList();
    return spec.clearNamespaces().addAllNamespaces(others);
  }

  @Test
  void goesOnWhenTheProcessDoesNotReadItsInput() {
    var call =
        node.runAttached(
            node.request(node.newId("run"), node.shell("exec 0<&-; sleep 0.2")).build());
    for (int i = 0; i < 8; i++) {
      call.input(ByteString.copyFrom(new byte[64 * 1024]));
    }

    assertThat(call.ended().code()).isZero();
  }
}
