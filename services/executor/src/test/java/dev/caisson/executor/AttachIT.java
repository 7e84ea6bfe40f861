package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ExecRequest;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import io.grpc.Status;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several callers at the streams of one process, and callers that come back to it. */
class AttachIT {
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final int MEGABYTE = 1 << 20;

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private void create(String id, String script) {
    var request = node.request(id, node.shell(script)).setStdio(StdioMode.PIPE);
    var _ = node.stub().createContainer(request.build());
  }

  private void reopen(Duration lease, Duration patience) throws Exception {
    node.shut();
    node.lease(lease).patience(patience).open();
  }

  private static void pass(Duration time) {
    long began = System.nanoTime();
    TestNode.eventually("time passes", () -> System.nanoTime() - began > time.toNanos());
  }

  @Test
  void allReadersSeeTheSame() {
    create(
        "c",
        "echo ready; read x; echo two; read x; echo three; read x; head -c 3000000 /dev/zero;"
            + " echo end >&2");
    node.start("c");
    var first = node.attach("c").awaitOutput("ready");
    var second = node.attach("c").input("\n").awaitOutput("two");
    var third = node.attach("c", "init").input("\n").awaitOutput("three").input("\n");
    for (var reader : List.of(first, second, third)) {
      Ended ended = reader.ended();
      assertThat(ended.stdout().size()).isGreaterThanOrEqualTo(3_000_000);
      assertThat(ended.err()).isEqualTo("end\n");
    }
  }

  @Test
  void boundsTheCallersOfOneProcess() {
    create("c", "echo ready; cat");
    node.start("c");
    var first = node.attach("c").awaitOutput("ready");
    List<AttachedClient<?, ?>> others = new ArrayList<>();
    IntStream.range(1, 16)
        .forEach(i -> others.add(node.attach("c").input(i + "\n").awaitOutput(i + "\n")));
    Problem.of(node.attach("c").failure()).is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED);
    first.cancel();
    TestNode.eventually("a place is free", () -> hasPlace("c"));
    assertThat(others).noneMatch(AttachedClient::isCompleted);
  }

  private boolean hasPlace(String id) {
    var call = node.attach(id).input("more\n");
    TestNode.eventually("in or not", () -> call.isCompleted() || call.stdout().length > 0);
    return call.stdout().length > 0;
  }

  @Test
  void aDeadReaderHoldsNobodyUp() throws Exception {
    reopen(Duration.ofSeconds(30), SHORT);
    create("c", "read x; i=0; while [ $i -lt 20 ]; do head -c 1048576 /dev/zero; i=$((i+1)); done");
    create("other", "while read x; do echo $x; done");
    node.start("c");
    node.start("other");
    var dead = node.attach("c", "", AttachedClient.attach().slowly());
    var alive = node.attach("c").input("go\n");
    var other = node.attach("other");
    for (int i = 0; i < 20; i++) {
      other.input("line " + i + "\n").awaitOutput("line " + i + "\n");
    }
    assertThat(alive.ended().stdout().size()).isEqualTo(20 * MEGABYTE);
    dead.take(1_000_000);
    Problem.of(dead.failure()).is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED);
    assertThat(dead.stdout()).hasSizeLessThan(MEGABYTE);
  }

  @Test
  void aSlowReaderWhoIsAloneIsWaitedFor() throws Exception {
    reopen(Duration.ofSeconds(30), SHORT);
    create("c", "head -c 5000000 /dev/zero");
    var slow = node.attach("c", "", AttachedClient.attach().slowly());
    node.start("c");
    pass(SHORT.multipliedBy(3));
    assertThat(slow.isCompleted()).isFalse();
    slow.take(1_000_000);
    assertThat(slow.ended().stdout().size()).isEqualTo(5_000_000);
  }

  @Test
  void inputOfSeveralIsTakenAndItsEndIsForAll() {
    create("c", "cat; echo end");
    node.start("c");
    var first = node.attach("c").input("one ").awaitOutput("one ");
    var second = node.attach("c").input("two ").awaitOutput("two ");
    first.awaitOutput("one two ").endOfInput();
    assertThat(first.ended().out()).isEqualTo("one two end\n");
    assertThat(second.ended().out()).isEqualTo("two end\n");
  }

  @Test
  void aRunLivesAsLongAsAnybodyIsAttached() throws Exception {
    reopen(SHORT, Duration.ofSeconds(10));
    var run = node.runAttached(node.request("c", node.shell("echo hello; cat")).build());
    run.awaitOutput("hello");
    var other = node.attach("c").input("x").awaitOutput("x");
    run.cancel();
    pass(SHORT.multipliedBy(3));
    assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
    other.cancel();
    TestNode.eventually(
        "its lease ends", () -> node.stub().listContainers(all()).getContainersCount() == 0);
  }

  private static dev.caisson.proto.executor.v1.ListContainersRequest all() {
    return dev.caisson.proto.executor.v1.ListContainersRequest.getDefaultInstance();
  }

  @Test
  void anExecutedProcessIsAttachedToAgain() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    var first = node.exec("c", "sh", "-c", "echo ready; read x; echo got $x; read y; echo got $y");
    String process = first.execStarted().getId();
    first.awaitOutput("ready").cancel();
    var second = node.attach("c", process).input("one\n").awaitOutput("got one");
    second.cancel();
    node.restart();
    Ended ended = node.attach("c", process).input("two\n").ended();
    assertThat(ended.out()).isEqualTo("got two\n");
    assertThat(ended.code()).isZero();
  }

  @Test
  void anExecutedProcessAtATerminalIsAttachedToAgain() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder request =
        TestNode.execRequest("c", "sh", "-c", "tty; read x; echo got $x; stty size");
    request.getProcessBuilder().setTerminal(true);
    var first = node.exec(request);
    String process = first.execStarted().getId();
    first.awaitOutput("/dev/pts/0").cancel();
    node.restart();
    Ended ended = node.attach("c", process).resize(11, 22).input("one\n").ended();
    assertThat(ended.out()).endsWith("got one\r\n11 22\r\n");
  }

  @Test
  void severalCallersOfAnExecutedProcess() {
    node.started("c", node.spec("sleep", "60"));
    var first = node.exec("c", "sh", "-c", "echo ready; cat; exit 3").awaitOutput("ready");
    var second = node.attach("c", first.execStarted().getId()).input("x").awaitOutput("x");
    first.awaitOutput("x").closeInput();
    assertThat(first.ended().code()).isEqualTo(3);
    assertThat(second.ended().code()).isEqualTo(3);
  }

  @Test
  void theInputOfAnExecutedProcessEndsWhenNobodyComesBack() throws Exception {
    reopen(SHORT, Duration.ofSeconds(10));
    node.started("c", node.spec("sleep", "60"));
    var call = node.exec("c", "sh", "-c", "echo ready; cat; exit 3").awaitOutput("ready");
    String process = call.execStarted().getId();
    call.cancel();
    assertThat(node.await("c", process).getCode()).isEqualTo(3);
  }

  @Test
  void whatAnExecutedProcessHasLeftIsThereForOneWhoComesBack() {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    Path volume = node.share(spec);
    node.started("c", spec);
    var cutOff = AttachedClient.exec().slowly();
    ExecProcess.Builder writer =
        TestNode.execRequest(
            "c",
            "sh",
            "-c",
            "while head -c 65536 /dev/zero; do echo >> /shared/done; done & read x; exit 3");
    cutOff.begin(node.async()::exec, ExecRequest.newBuilder().setExec(writer).build());
    cutOff.take(1);
    String process = cutOff.execStarted().getId();
    File done = volume.resolve("done").toFile();
    TestNode.eventually(
        "nobody takes any more",
        () -> done.length() > 0 && RunIT.unchangedFor(SHORT, done::length));
    cutOff.input("\n");
    assertThat(node.await("c", process).getCode()).isEqualTo(3);
    cutOff.cancel();

    Ended ended = node.attach("c", process).ended();

    assertThat(ended.stdout().size()).isGreaterThanOrEqualTo(32 * 1024);
    assertThat(ended.code()).isEqualTo(3);
  }

  @Test
  void refusesAProcessThatIsNotThere() {
    create("c", "sleep 60");
    Problem.of(node.attach("c", "exec-0").failure())
        .is(Status.Code.NOT_FOUND, Reason.PROCESS_NOT_FOUND);
    Problem.of(node.attach("c", "../x").failure())
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
  }

  @Test
  void aRunThatIsLeftOnPurposeLivesOn() throws Exception {
    reopen(SHORT, Duration.ofSeconds(10));
    var run = node.runAttached(node.request("c", node.shell("echo hello; cat; exit 5")).build());
    run.awaitOutput("hello").input("one").awaitOutput("one").detach().closeInput();
    run.awaitCompleted();
    assertThat(run.hasExit()).isFalse();
    pass(SHORT.multipliedBy(3));
    node.restart();
    pass(SHORT.multipliedBy(3));
    Ended ended = node.attach("c").input("two").closeInput().ended();
    assertThat(ended.out()).isEqualTo("two");
    assertThat(ended.code()).isEqualTo(5);
    pass(SHORT.multipliedBy(3));
    assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
    node.delete("c");
  }

  @Test
  void oneWhoIsAttachedCanLeaveARunToItself() throws Exception {
    reopen(SHORT, Duration.ofSeconds(10));
    var run = node.runAttached(node.request("c", node.shell("echo hello; cat")).build());
    run.awaitOutput("hello");
    node.attach("c").input("x").awaitOutput("x").detach().awaitCompleted();
    run.cancel();
    pass(SHORT.multipliedBy(3));
    assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void leavesOutputThatCameLaterToOthers() {
    create("c", "read x; echo later; read y");
    node.start("c");
    var first = node.attach("c");
    first.input("go\n").detach().awaitCompleted();
    var second = node.attach("c").input("\n");
    String both =
        new String(first.stdout(), java.nio.charset.StandardCharsets.UTF_8) + second.ended().out();
    assertThat(both).isEqualTo("later\n");
  }

  @Test
  void anExecutedProcessThatIsLeftOnPurposeKeepsItsStreams() throws Exception {
    reopen(SHORT, Duration.ofSeconds(10));
    node.started("c", node.spec("sleep", "60"));
    var call = node.exec("c", "sh", "-c", "echo ready; read x; echo got $x").awaitOutput("ready");
    String process = call.execStarted().getId();
    call.detach().awaitCompleted();
    pass(SHORT.multipliedBy(3));
    node.restart();
    pass(SHORT.multipliedBy(3));
    assertThat(node.attach("c", process).input("one\n").ended().out()).isEqualTo("got one\n");
  }

  @Test
  void whatIsLeftOnPurposeIsClosedAfterItsEnd() throws Exception {
    reopen(SHORT, SHORT);
    node.started("c", node.spec("sleep", "60"));
    assertThat(node.exec("c", "true").ended().code()).isZero();
    Traces before = Traces.settled(node);
    for (int i = 0; i < 3; i++) {
      var call = node.exec("c", "sh", "-c", "echo ready; read x; echo $x").awaitOutput("ready");
      String process = call.execStarted().getId();
      call.detach().awaitCompleted();
      node.attach("c", process).input("x\n").detach().awaitCompleted();
      assertThat(node.await("c", process).getCode()).isZero();
    }
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).isEqualTo(before));
  }

  @Test
  void leavingComesAlone() {
    create("c", "sleep 60");
    var call = node.attach("c");
    call.send(Input.newBuilder().setDetach(true).setSignal(9).build());
    Problem.of(call.failure()).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  @Test
  void leavesNothing() throws Exception {
    reopen(SHORT, SHORT);
    node.started("c", node.spec("sleep", "60"));
    assertThat(node.exec("c", "true").ended().code()).isZero();
    Traces before = Traces.settled(node);
    for (int i = 0; i < 3; i++) {
      var first = node.exec("c", "sh", "-c", "echo ready; cat").awaitOutput("ready");
      String process = first.execStarted().getId();
      node.attach("c", process).input("x").awaitOutput("x").cancel();
      first.cancel();
      assertThat(node.await("c", process).getCode()).isZero();
    }
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).isEqualTo(before));
  }
}
