package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.executor.v1.WaitResponse;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What can be done to a container, in each of its states. */
class LifecycleIT extends OnNode {
  private static final int SIGKILL = 9;
  private static final int SIGUSR1 = 10;
  private static final int SIGTERM = 15;

  @Test
  void goesThroughItsStates() {
    Container created = node.create("c", node.spec("sleep", "60"));
    assertThat(created.getState()).isEqualTo(ContainerState.CREATED);
    assertThat(created.getPid()).isPositive();
    assertThat(created.hasStartTime()).isFalse();

    assertThat(node.start("c").getState()).isEqualTo(ContainerState.RUNNING);
    assertThat(node.pause("c").getState()).isEqualTo(ContainerState.PAUSED);
    assertThat(node.resume("c").getState()).isEqualTo(ContainerState.RUNNING);
    node.signal("c", SIGKILL);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);

    Container stopped = node.get("c");
    assertThat(stopped.getState()).isEqualTo(ContainerState.STOPPED);
    assertThat(stopped.getPid()).isZero();
    assertThat(stopped.getExit().getSignal()).isEqualTo(SIGKILL);
    node.delete("c");
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.delete("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void doesNotExecuteTheProgramBeforeTheStart() {
    var spec = node.shell("echo > /shared/ran");
    Path volume = node.share(spec);
    node.create("c", spec);
    assertThat(volume.resolve("ran")).doesNotExist();
    node.start("c");
    assertThat(node.await("c").getCode()).isZero();
    assertThat(volume.resolve("ran")).exists();
  }

  @Test
  void answersWaitBeforeAndAfterTheEndForEveryone() throws Exception {
    node.started(
        "c",
        node.shell(
            "read x < /shared/go; exit 3"
                .replace("read x < /shared/go", "while [ ! -e /tmp/go ]; do sleep 0.01; done")));
    var before =
        IntStream.range(0, 20)
            .mapToObj(i -> node.future().wait(TestNode.waitRequest("c", "")))
            .toList();
    assertThat(node.exec("c", "touch", "/tmp/go").ended().code()).isZero();

    for (var answer : before) {
      WaitResponse response = answer.get(10, TimeUnit.SECONDS);
      assertThat(response.getStatus().getCode()).isEqualTo(3);
    }
    ExitStatus after = node.await("c");
    assertThat(after.getCode()).isEqualTo(3);
    assertThat(node.await("c", "init")).isEqualTo(after);
  }

  @Test
  void refusesWhatTheStateDoesNotAllow() {
    node.create("c", node.spec("sleep", "60"));
    wrongState("created", () -> node.pause("c"));
    wrongState("created", () -> node.resume("c"));
    Problem.of(node.exec("c", "true").failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);

    node.start("c");
    wrongState("running", () -> node.start("c"));
    wrongState("running", () -> node.resume("c"));
    wrongState("running", () -> node.delete("c"));

    node.pause("c");
    wrongState("paused", () -> node.start("c"));
    wrongState("paused", () -> node.pause("c"));
    wrongState("paused", () -> node.delete("c"));
    node.resume("c");

    node.signal("c", SIGKILL);
    node.await("c");
    wrongState("stopped", () -> node.start("c"));
    wrongState("stopped", () -> node.pause("c"));
    Problem.of(() -> node.signal("c", SIGTERM))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE)
        .says("ended");
  }

  private static void wrongState(
      String state, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    Problem problem =
        Problem.of(call).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE).says(state);
    assertThat(problem.info().getMetadataMap()).containsEntry("state", state);
  }

  @Test
  void killsACreatedContainer() {
    node.create("c", node.spec("sleep", "60"));
    node.signal("c", SIGKILL);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    wrongState("stopped", () -> node.start("c"));
    node.delete("c");
  }

  @Test
  void deletesACreatedContainer() {
    node.create("c", node.spec("sleep", "60"));
    node.delete("c");
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void standsStillWhilePaused() throws Exception {
    var spec = node.shell("i=0; while :; do i=$((i+1)); echo $i > /shared/n; done");
    Path counter = node.share(spec).resolve("n");
    node.started("c", spec);
    TestNode.eventually("it counts", () -> counter.toFile().length() > 0);

    node.pause("c");
    String paused = Files.readString(counter);
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300);
    while (System.nanoTime() < end) {
      assertThat(Files.readString(counter)).isEqualTo(paused);
    }
    node.resume("c");
    TestNode.eventually("it counts again", () -> !text(counter).equals(paused));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** They do not nest: one resumption is enough. */
  @Test
  void ofManyPausesAtOnceOneIsDone() {
    String cgroup = node.started("c", node.spec("sleep", "60")).getCgroup();
    assertThat(done(8, () -> node.pause("c"))).isEqualTo(1);
    assertThat(node.state("c")).isEqualTo(ContainerState.PAUSED);
    assertThat(Frozen.is(cgroup)).isTrue();
    assertThat(done(8, () -> node.resume("c"))).isEqualTo(1);
    assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
    assertThat(Frozen.is(cgroup)).isFalse();
    assertThat(node.exec("c", "true").ended().code()).isZero();
  }

  /** How many of so many calls at once are done; the others are refused for the state. */
  private static long done(int calls, Supplier<Container> call) {
    return IntStream.range(0, calls)
        .mapToObj(number -> CompletableFuture.supplyAsync(() -> isDone(call)))
        .toList()
        .stream()
        .filter(CompletableFuture::join)
        .count();
  }

  private static boolean isDone(Supplier<Container> call) {
    try {
      var _ = call.get();
      return true;
    } catch (StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
      return false;
    }
  }

  @Test
  void pausesOneAndNotItsNeighbours() {
    node.createSandbox("box");
    List<String> cgroups = new ArrayList<>();
    for (String id : List.of("a", "b")) {
      cgroups.add(node.createIn("box", id, node.spec("sleep", "60")).getCgroup());
      node.start(id);
    }
    node.pause("a");
    assertThat(node.exec("b", "true").ended().code()).isZero();
    Problem.of(node.exec("a", "true").failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    node.pause("b");
    node.resume("a");
    assertThat(node.exec("a", "true").ended().code()).isZero();
    assertThat(cgroups).map(Frozen::is).containsExactly(false, true);
    node.delete("b", true);
    assertThat(node.exec("a", "true").ended().code()).isZero();
  }

  @Test
  void pausesAForkBomb() {
    ContainerSpec.Builder spec =
        node.shell("bomb() { while :; do bomb & done; }; (bomb) 2>&- & exec sleep 1000");
    spec.getResourcesBuilder().getPidsBuilder().setLimit(50);
    Container container = node.started("c", spec);
    TestNode.eventually(
        "it explodes",
        () -> LimitsInForce.read("pids", container.getCgroup(), "pids.current").equals("50"));
    assertThat(node.pause("c").getState()).isEqualTo(ContainerState.PAUSED);
    assertThat(Frozen.is(container.getCgroup())).isTrue();
    node.signal("c", SIGKILL);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    node.delete("c");
  }

  @Test
  void killsWhatIsPaused() {
    node.started("c", node.spec("sleep", "60"));
    node.pause("c");
    node.signal("c", SIGKILL);

    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    node.delete("c");
  }

  @Test
  void killsAllOfWhatIsPaused() {
    node.started("c", node.spec("sleep", "60"));
    node.pause("c");
    var _ = node.stub().signal(TestNode.signalRequest("c").setSignal(SIGKILL).setAll(true).build());

    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
  }

  @Test
  void deletesByForceWhatIsPaused() {
    node.started("c", node.spec("sleep", "60"));
    node.pause("c");
    node.delete("c", true);
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void signalsOneProcessOnly() {
    node.started("c", node.shell("trap 'exit 5' USR1; while :; do sleep 0.05; done"));
    var exec = node.exec("c", "sleep", "60");
    String process = exec.execStarted().getId();
    var _ =
        node.stub()
            .signal(TestNode.signalRequest("c").setProcessId(process).setSignal(SIGTERM).build());
    assertThat(exec.ended().signal()).isEqualTo(SIGTERM);
    assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);

    TestNode.eventually("the trap is set", () -> exits(SIGUSR1));
    assertThat(node.await("c").getCode()).isEqualTo(5);
  }

  /** A first process gets no signal that it has no handler for: pid_namespaces(7). */
  private static boolean exits(int signal) {
    try {
      node.signal("c", signal);
    } catch (io.grpc.StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    }
    return node.state("c") == ContainerState.STOPPED;
  }

  @Test
  void signalsAllProcesses() {
    node.started("c", node.spec("sleep", "60"));
    var first = node.exec("c", "sleep", "60");
    var second = node.exec("c", "sh", "-c", "sleep 60 & wait");
    first.execStarted();
    second.execStarted();
    var _ = node.stub().signal(TestNode.signalRequest("c").setSignal(SIGTERM).setAll(true).build());

    assertThat(first.ended().signal()).isEqualTo(SIGTERM);
    assertThat(second.ended().signal()).isEqualTo(SIGTERM);
    TestNode.eventually("only the first process is left", () -> processes("c").size() == 1);
    assertThat(processes("c").getFirst().getId()).isEqualTo("init");
  }

  private static List<ProcessInfo> processes(String id) {
    return node.stub()
        .listProcesses(
            ListProcessesRequest.newBuilder().setTenant(TestNode.TENANT).setContainerId(id).build())
        .getProcessesList();
  }

  @Test
  void refusesToSignalAProcessThatThereIsNot() {
    node.started("c", node.spec("sleep", "60"));
    Problem.of(() ->
            node.stub()
                .signal(TestNode.signalRequest("c").setProcessId("exec-none").setSignal(9).build()))
        .is(Status.Code.NOT_FOUND, Reason.PROCESS_NOT_FOUND);
    Problem.of(() -> node.await("c", "exec-none"))
        .is(Status.Code.NOT_FOUND, Reason.PROCESS_NOT_FOUND);
    Problem.of(() -> node.stub().signal(TestNode.signalRequest("c").setSignal(65).build()))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  @Test
  void executesInARunningContainer() {
    node.started("c", node.spec("sleep", "60"));
    var call = node.exec("c", "sh", "-c", "cat; echo err >&2; exit 4");
    call.input("in").closeInput();
    Ended ended = call.ended();

    assertThat(ended.out()).isEqualTo("in");
    assertThat(ended.err()).isEqualTo("err\n");
    assertThat(ended.code()).isEqualTo(4);
    assertThat(node.await("c", call.execStarted().getId()).getCode()).isEqualTo(4);
  }

  @Test
  void execInheritsAndOverridesTheEnvironment() {
    var spec = node.spec("sleep", "60");
    spec.getProcessBuilder().addEnv("A=container").addEnv("B=container").setCwd("/tmp");
    node.started("c", spec);
    var exec = TestNode.execRequest("c", "sh", "-c", "echo $A $B $(pwd)").addAddEnv("B=exec");

    assertThat(node.exec(exec).ended().out()).isEqualTo("container exec /tmp\n");
  }

  /** Their ends come while the executor still waits for other answers of caisson-init. */
  @Test
  void noEndOfAShortProcessIsMissed() {
    node.started("c", node.spec("sleep", "60"));
    for (int i = 0; i < 100; i++) {
      assertThat(node.exec("c", "true").ended().code()).isZero();
    }
  }

  @Test
  void detachedExecEndsTheCallAtOnce() {
    node.started("c", node.spec("sleep", "60"));
    var call =
        node.exec(TestNode.execRequest("c", "sh", "-c", "echo detach; exit 9").setDetach(true));
    call.awaitCompleted();

    assertThat(node.await("c", call.execStarted().getId()).getCode()).isEqualTo(9);
  }

  @Test
  void execOfWhatIsNotThereSaysSo() {
    node.started("c", node.spec("sleep", "60"));
    Problem.of(node.exec("c", "no-such-program").failure())
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND)
        .says("no-such-program");
    Problem.of(node.exec("c", "/tmp").failure())
        .is(Status.Code.PERMISSION_DENIED, Reason.COMMAND_NOT_EXECUTABLE);
    TestNode.eventually("neither is left", () -> processes("c").size() == 1);
  }

  @Test
  void endsExecutedProcessesWithTheContainer() {
    node.started("c", node.spec("sleep", "60"));
    var exec = node.exec("c", "sleep", "60");
    exec.execStarted();
    node.delete("c", true);

    assertThat(exec.ended().signal()).isEqualTo(SIGKILL);
  }

  @Test
  void execLivesOnWhenItsCallerLeaves() {
    node.started("c", node.spec("sleep", "60"));
    var exec = node.exec("c", "sleep", "60");
    String process = exec.execStarted().getId();
    exec.cancel();
    var _ =
        node.stub()
            .signal(TestNode.signalRequest("c").setProcessId(process).setSignal(SIGKILL).build());

    assertThat(node.await("c", process).getSignal()).isEqualTo(SIGKILL);
  }

  @Test
  void attachesToACreatedContainer() {
    var _ = node.stub().createContainer(piped("c", "echo hello; cat; exit 2"));
    var call = node.attach("c");
    node.start("c");
    call.awaitOutput("hello").input("again").closeInput();

    assertThat(call.ended().out()).isEqualTo("hello\nagain");
    assertThat(call.ended().code()).isEqualTo(2);
    assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
  }

  @Test
  void keepsOutputForWhoAttachesAfterTheEnd() {
    var _ = node.stub().createContainer(piped("c", "echo early; exit 2"));
    node.start("c");
    node.await("c");

    Ended ended = node.attach("c").ended();
    assertThat(ended.out()).isEqualTo("early\n");
    assertThat(ended.code()).isEqualTo(2);
  }

  @Test
  void letsAnotherAttachWhenOneHasGone() {
    var _ = node.stub().createContainer(piped("c", "echo hello; cat"));
    node.start("c");
    node.attach("c").awaitOutput("hello").cancel();
    assertThat(node.attach("c").input("more").closeInput().ended().out()).isEqualTo("more");
  }

  private static CreateContainerRequest piped(String id, String script) {
    return node.request(id, node.shell(script)).setStdio(StdioMode.PIPE).build();
  }

  @Test
  void listsContainersAndProcesses() {
    node.createSandbox("box");
    node.createIn("box", "b", node.spec("sleep", "60"));
    node.createIn("box", "a", node.spec("sleep", "61"));
    node.create("other", node.spec("sleep", "62"));
    node.start("a");

    var all = node.stub().listContainers(ListContainersRequest.getDefaultInstance());
    assertThat(all.getContainersList())
        .extracting(Container::getId)
        .containsExactly("a", "b", "other");
    var inBox =
        node.stub()
            .listContainers(
                ListContainersRequest.newBuilder()
                    .setTenant(TestNode.TENANT)
                    .setSandboxId("box")
                    .build());
    assertThat(inBox.getContainersList()).extracting(Container::getId).containsExactly("a", "b");
    var none =
        node.stub().listContainers(ListContainersRequest.newBuilder().setTenant("nobody").build());
    assertThat(none.getContainersList()).isEmpty();

    ProcessInfo process = processes("a").getFirst();
    assertThat(process.getId()).isEqualTo("init");
    assertThat(process.getPid()).isEqualTo(node.get("a").getPid());
    assertThat(process.getContainerPid()).isEqualTo(1);
    assertThat(process.getUid()).isZero();
    assertThat(process.getCommand()).isEqualTo("sleep");
    assertThat(process.getThreads()).isEqualTo(1);
    assertThat(process.hasStartTime()).isTrue();
  }

  @Test
  void anExactIdWinsOverItsPrefixes() {
    node.create("foo", node.spec("sleep", "60"));
    node.create("foobar", node.spec("sleep", "60"));
    assertThat(node.get("foo").getId()).isEqualTo("foo");
    Problem.of(() -> node.get("fo")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    node.delete("foo");
    assertThat(node.get("foobar").getState()).isEqualTo(ContainerState.CREATED);
  }

  @Test
  void twoContainersShareTheirSandbox() {
    node.createSandbox("box");
    String look =
        "for n in net ipc uts user pid mnt cgroup; do readlink /proc/self/ns/$n; done; hostname";
    List<String> first = inBox("a", look);
    List<String> second = inBox("b", look);

    assertThat(second.subList(0, 4)).isEqualTo(first.subList(0, 4));
    assertThat(second.getLast()).isEqualTo(first.getLast()).isEqualTo("box");
    assertThat(second.subList(4, 7)).doesNotContainAnyElementsOf(first.subList(4, 7));
  }

  /** Of a container that goes on: the number of a namespace that has ended may be taken again. */
  private static List<String> inBox(String id, String script) {
    node.createIn("box", id, node.spec("sleep", "60"));
    node.start(id);
    return node.exec(id, "sh", "-c", script).ended().out().lines().toList();
  }

  @Test
  void aSandboxOutlivesTheContainersThatAreMadeInIt() {
    node.createSandbox("box");
    node.createIn("box", "a", node.spec("sleep", "60"));
    Problem.of(() -> node.deleteSandbox("box", false))
        .is(Status.Code.FAILED_PRECONDITION, Reason.SANDBOX_NOT_EMPTY);
    node.delete("a");
    node.deleteSandbox("box", false);
    Problem.of(() -> node.deleteSandbox("box", false))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  @Test
  void aSandboxEndsWithItsRootContainer() {
    node.started("root", node.spec("sleep", "60"));
    node.createIn("root", "created", node.spec("sleep", "60"));
    for (String id : List.of("running", "paused")) {
      node.createIn("root", id, node.spec("sleep", "60"));
      node.start(id);
    }
    node.pause("paused");
    node.signal("root", SIGKILL);
    for (String id : List.of("root", "created", "running", "paused")) {
      assertThat(node.await(id).getSignal()).isEqualTo(SIGKILL);
      assertThat(node.state(id)).isEqualTo(ContainerState.STOPPED);
    }
    Problem.of(() -> node.createIn("root", "further", node.spec("sleep", "60")))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE)
        .says("has ended");
    Problem.of(() -> node.delete("root"))
        .is(Status.Code.FAILED_PRECONDITION, Reason.SANDBOX_NOT_EMPTY);
    node.delete("root", true);

    Problem.of(() -> node.get("running")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.deleteSandbox("root", true))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  @Test
  void anotherContainerOfTheSandboxIsNotTouchedByADeletion() {
    node.createSandbox("box");
    node.createIn("box", "a", node.spec("sleep", "60"));
    node.createIn("box", "b", node.spec("sleep", "60"));
    node.start("a");
    node.start("b");
    node.delete("a", true);

    assertThat(node.exec("b", "true").ended().code()).isZero();
  }
}
