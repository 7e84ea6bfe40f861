package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.disk.Disk;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sandboxes of an executor of another version, whose caisson-inits this one cannot speak to. */
class OtherVersionIT {
  private static final Weakening OTHER =
      Weakening.none()
          .inC("caisson_init.h", "#define CONTROL_VERSION 1u", "#define CONTROL_VERSION 2u")
          .inJava(
              "init/InitClient", "hello.arg0() != Message.CONTROL_VERSION", "hello.arg0() != 2");

  /** For the changed executor, which is compiled once. */
  @TempDir private static Path compiled;

  private TestNode node;
  private boolean other;

  /** Of processes in the one that runs. */
  private String exec;

  private ProcessInfo endsUnseen;

  /** Containers of either: one that runs, and one that was not started. */
  @BeforeEach
  void launch() throws Exception {
    node =
        TestNode.launch((options, waits) ->
            other
                ? WeakenedExecutor.start(OTHER, compiled, options)
                : Executor.start(options, waits, Kernel.open(), Disk::new));
    node.started("ours", node.spec("sleep", "60"));
    node.shut();
    other = true;
    node.open();
    node.started("theirs", node.spec("sleep", "60"));
    exec = node.exec("theirs", "sleep", "60").execStarted().getId();
    endsUnseen = node.exec("theirs", "sleep", "60").execStarted();
    node.create("created", node.spec("sleep", "60"));
    assertThat(sentences())
        .as("it has one like ours")
        .hasSize(1)
        .first()
        .asString()
        .contains("ours");
    node.shut();
    OnNode.onHost("kill", "-9", Integer.toString(endsUnseen.getPid()));
    other = false;
    node.open();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private List<String> sentences() {
    return node.stub().getNode(GetNodeRequest.getDefaultInstance()).getMissingList().stream()
        .filter(sentence -> sentence.startsWith("Sandbox "))
        .toList();
  }

  private List<ProcessInfo> processes(String id) {
    return node.stub()
        .listProcesses(
            ListProcessesRequest.newBuilder().setTenant(TestNode.TENANT).setContainerId(id).build())
        .getProcessesList();
  }

  private static void unreachable(ThrowingCallable call) {
    Problem.of(call)
        .is(Status.Code.FAILED_PRECONDITION, Reason.SANDBOX_LOST)
        .says("caisson-init speaks version 2 of the protocol, and this executor version 1")
        .says("delete it by force");
  }

  @Test
  void areToldOfAndGoOn() {
    assertThat(sentences()).hasSize(2);
    assertThat(sentences().getFirst()).startsWith("Sandbox created of tenant acme cannot be");
    assertThat(sentences().getLast()).startsWith("Sandbox theirs of tenant acme cannot be");
    assertThat(node.state("theirs")).isEqualTo(ContainerState.RUNNING);
    assertThat(node.state("created")).isEqualTo(ContainerState.CREATED);
    assertThat(processes("theirs")).hasSize(2);
    unreachable(() -> node.start("created"));
    unreachable(() -> node.createIn("theirs", "more", node.spec("sleep", "60")));
    unreachable(() -> {
      throw node.exec("theirs", "true").failure();
    });
  }

  @Test
  void areDeletedByForceAndNothingIsLeft() {
    int pid = node.get("theirs").getPid();
    Problem.of(() -> node.delete("theirs")).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    var waits = node.future().wait(TestNode.waitRequest("theirs", ""));
    node.delete("theirs", true);
    assertThat(Path.of("/proc/" + pid)).doesNotExist();
    assertThat(waits)
        .succeedsWithin(TestNode.PATIENCE)
        .satisfies(answer -> assertThat(answer.getStatus().getLost()).isTrue());
    node.deleteSandbox("created", true);
    assertThat(sentences()).isEmpty();
    assertThat(Traces.of(node).cgroups()).as("ours").hasSameSizeAs(cgroupsOfOne());
    node.started("theirs", node.spec("sleep", "60"));
  }

  /** Once nothing but ours is there. */
  private List<String> cgroupsOfOne() {
    node.delete("ours", true);
    node.started("ours", node.spec("sleep", "60"));
    return List.copyOf(Traces.of(node).cgroups());
  }

  @Test
  void canBeSignalledPausedAndResumed() {
    node.pause("theirs");
    node.resume("theirs");
    node.signal("theirs", 9);
    assertThat(node.await("theirs").getLost()).as("how it ended nobody can tell").isTrue();
    assertThat(node.state("theirs")).isEqualTo(ContainerState.STOPPED);
    node.delete("theirs");
  }

  @Test
  void endsOfProcessesInThemAreNoticed() {
    assertThat(node.await("theirs", endsUnseen.getId()).getLost()).isTrue();
    var waits = node.future().wait(TestNode.waitRequest("theirs", exec));
    var _ =
        node.stub()
            .signal(TestNode.signalRequest("theirs").setProcessId(exec).setSignal(9).build());
    assertThat(waits)
        .succeedsWithin(TestNode.PATIENCE)
        .satisfies(answer -> assertThat(answer.getStatus().getLost()).isTrue());
    assertThat(node.state("theirs")).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void areLostWhenTheirCaissonInitEnds() throws Exception {
    int init =
        node
            .stub()
            .listSandboxes(dev.caisson.proto.executor.v1.ListSandboxesRequest.getDefaultInstance())
            .getSandboxesList()
            .stream()
            .filter(one -> one.getId().equals("theirs"))
            .findFirst()
            .orElseThrow()
            .getInitPid();
    OnNode.onHost("kill", "-9", Integer.toString(init));
    assertThat(node.await("theirs").getLost()).isTrue();
    node.delete("theirs");
    assertThat(sentences()).hasSize(1);
  }

  @Test
  void areReachedAgainByTheExecutorThatMadeThem() throws Exception {
    node.shut();
    other = true;
    node.open();
    assertThat(node.start("created").getState()).isEqualTo(ContainerState.RUNNING);
    assertThat(node.exec("theirs", "echo", "there").ended().out()).isEqualTo("there\n");
    node.signal("theirs", 15);
    node.signal("theirs", 9);
    assertThat(node.await("theirs").getLost()).isFalse();
  }

  @Test
  void affectNothingElse() throws Exception {
    assertThat(node.exec("ours", "echo", "there").ended().out()).isEqualTo("there\n");
    assertThat(node.run(node.spec("echo", "new")).out()).isEqualTo("new\n");
    assertThat(Files.exists(node.data())).isTrue();
  }
}
