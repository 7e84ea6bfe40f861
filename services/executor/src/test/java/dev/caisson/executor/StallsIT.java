package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.ExecRequest;
import dev.caisson.proto.executor.v1.ExecResponse;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Hook;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What does not go on in one sandbox holds up neither its end nor anybody else. */
class StallsIT {
  private static final int SIGKILL = 9;
  private static final Path TREE = Path.of("/sys/fs/cgroup/unified");

  /** More than there are workers for the ends of processes. */
  private static final int MANY = 17;

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch("limits.hook-timeout-seconds = 120", "limits.execs-per-sandbox = 2");
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  /** Stops whatever else is started in it. */
  private void hostile(String id) {
    node.started(id, node.shell("while :; do kill -STOP -1 2>/dev/null; done"));
  }

  /** One that is stopped before it has executed its program. */
  private AttachedClient<ExecRequest, ExecResponse> stalled(String id) {
    while (true) {
      var exec = node.exec(id, "sleep", "60");
      TestNode.eventually("it is stopped", () -> exec.hasStarted() || stalls(id) == 1);
      if (!exec.hasStarted()) {
        return exec;
      }
      exec.cancel(); // it was faster
      node.delete(id, true);
      hostile(id);
    }
  }

  /**
   * How many are on their way: nobody knows an id of them, and they do not execute what they are
   * for. One that has only just executed it may be stopped before its id is known.
   */
  private long stalls(String id) {
    return processes(id).stream()
        .filter(one ->
            one.getId().isEmpty()
                && !one.getCommand().equals("sleep")
                && state(one.getPid()) == 'T')
        .count();
  }

  private static char state(int pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      return 'X';
    }
  }

  /** Its process is killed before it has executed its program, or as it does. */
  private static void endedWithoutTimeout(AttachedClient<ExecRequest, ExecResponse> exec) {
    TestNode.eventually("it is answered", exec::isCompleted);
    if (exec.hasStarted()) {
      assertThat(exec.ended().signal()).isEqualTo(SIGKILL);
    } else {
      assertThat(exec.failure()).hasMessageNotContaining("progress");
    }
  }

  @Test
  void deletesAContainerThatStopsWhatIsStartedInIt() {
    hostile("c");
    var exec = stalled("c");
    node.delete("c", true);
    endedWithoutTimeout(exec);
    node.started("c", node.spec("sleep", "60")); // nothing is in its place
  }

  @Test
  void deletesASandboxThatStopsWhatIsStartedInIt() {
    hostile("c");
    var exec = stalled("c");
    node.deleteSandbox("c", true);
    endedWithoutTimeout(exec);
  }

  @Test
  void killsAContainerThatStopsWhatIsStartedInIt() {
    hostile("c");
    var exec = stalled("c");
    node.signal("c", SIGKILL);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    endedWithoutTimeout(exec);
    node.delete("c");
  }

  @Test
  void killsAllProcessesOfIt() {
    hostile("c");
    var exec = stalled("c");
    var _ = node.stub().signal(TestNode.signalRequest("c").setSignal(SIGKILL).setAll(true).build());
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    endedWithoutTimeout(exec);
  }

  @Test
  void everythingElseGoesOnMeanwhile() {
    hostile("c");
    var exec = stalled("c");
    node.signal("c", 0);
    assertThat(node.pause("c").getState()).isEqualTo(ContainerState.PAUSED);
    assertThat(node.resume("c").getState()).isEqualTo(ContainerState.RUNNING);
    assertThat(node.run(node.spec("echo", "other")).out()).isEqualTo("other\n");
    assertThat(exec.hasStarted()).as("it is still unanswered").isFalse();
    assertThat(exec.isCompleted()).isFalse();
  }

  @Test
  void thoseThatAreUnansweredCount() {
    hostile("c");
    var first = stalled("c");
    var second = node.exec("c", "sleep", "60");
    TestNode.eventually(
        "both are there",
        () -> second.hasStarted() || stalls("c") == 2,
        () -> assertThat(processes("c")).as("%s", second.isCompleted()).isEmpty());
    Problem.of(node.exec("c", "sleep", "60").failure())
        .is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED);
    node.delete("c", true);
    endedWithoutTimeout(first);
    endedWithoutTimeout(second);
  }

  @Test
  void oneThatGoesOnAfterAWhileSucceeds() throws Exception {
    Container container = node.started("c", node.spec("sleep", "60"));
    Path freeze = TREE.resolve(container.getCgroup().substring(1)).resolve("cgroup.freeze");
    Files.writeString(freeze, "1");
    var exec = node.exec("c", "sh", "-c", "echo out; exit 3");
    TestNode.eventually("it is there", () -> isThere("c", 2));
    node.signal("c", 0);
    assertThat(exec.hasStarted()).isFalse();
    Files.writeString(freeze, "0");
    Ended ended = exec.ended();
    assertThat(ended.out()).isEqualTo("out\n");
    assertThat(ended.code()).isEqualTo(3);
  }

  private boolean isThere(String id, int processes) {
    return processes(id).size() == processes;
  }

  private List<ProcessInfo> processes(String id) {
    return node.stub()
        .listProcesses(
            ListProcessesRequest.newBuilder().setTenant(TestNode.TENANT).setContainerId(id).build())
        .getProcessesList();
  }

  private Path hook() throws IOException {
    Path hook = node.base().resolve("hooks/waits");
    Files.writeString(
        hook,
        String.format(
            "#!/bin/sh\necho >> %1$s/begun; while [ ! -e %1$s/go ]; do sleep 0.05; done\n",
            node.base()));
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
    node.allow("hook = " + hook);
    node.restart();
    return hook;
  }

  @Test
  void tellsOfAnEndThoughMoreSandboxesStandStillThanThereAreWorkers() throws Exception {
    ContainerSpec.Builder waits = node.spec("sleep", "60");
    waits.getHooksBuilder().addCreateRuntime(Hook.newBuilder().setPath(hook().toString()));
    List<Future<Container>> creations = new ArrayList<>();
    List<Container> running = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      String box = "box-" + i;
      node.createSandbox(box);
      var _ = node.createIn(box, "runs-" + i, node.spec("sleep", "60"));
      running.add(node.start("runs-" + i));
      creations.add(
          TestNode.ofMany(node.future())
              .createContainer(node.request("waits-" + i, waits).setSandboxId(box).build()));
    }
    Path begun = node.base().resolve("begun");
    TestNode.eventually("all have the turn", () -> begun.toFile().length() == MANY);
    for (Container one : running) {
      ProcessHandle.of(one.getPid()).ifPresent(ProcessHandle::destroyForcibly);
    }
    for (Container one : running) {
      TestNode.eventually("it has ended", () -> !Files.exists(Path.of("/proc/" + one.getPid())));
    }

    Ended other = node.run(node.shell("exit 7"));
    assertThat(other.code()).isEqualTo(7);
    assertThat(creations).as("they still stand still").noneMatch(Future::isDone);

    Files.createFile(node.base().resolve("go"));
    for (int i = 0; i < MANY; i++) {
      assertThat(creations.get(i).get(20, TimeUnit.SECONDS).getPid()).isPositive();
      assertThat(node.await("runs-" + i).getSignal()).isEqualTo(SIGKILL);
    }
  }

  @Test
  void tellsOfAnEndThoughManyRunsWaitForTheirLastHooks() throws Exception {
    ContainerSpec.Builder waits = node.spec("sleep", "60");
    waits.getHooksBuilder().addPoststop(Hook.newBuilder().setPath(hook().toString()));
    List<AttachedClient<RunRequest, RunResponse>> runs = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      var run = node.runOfMany(node.request("ends-" + i, waits).build());
      run.started();
      runs.add(run.signal(SIGKILL));
    }
    Path begun = node.base().resolve("begun");
    TestNode.eventually("all are in their hooks", () -> begun.toFile().length() == MANY);

    for (int i = 0; i < MANY; i++) {
      assertThat(node.await("ends-" + i).getSignal()).as("told before").isEqualTo(SIGKILL);
    }
    Ended other = node.run(node.shell("exit 7"));
    assertThat(other.code()).isEqualTo(7);
    assertThat(runs).as("they still wait").noneMatch(AttachedClient::isCompleted);

    Files.createFile(node.base().resolve("go"));
    runs.forEach(run -> assertThat(run.ended().signal()).isEqualTo(SIGKILL));
  }

  @Test
  void deletesByForceWhatAHookInItsPlaceKeepsWaiting() throws Exception {
    Container container = node.started("c", node.spec("sleep", "60"));
    ContainerSpec.Builder waits = node.spec("sleep", "60");
    waits.getHooksBuilder().addCreateRuntime(Hook.newBuilder().setPath(hook().toString()));
    var creation =
        node.future().createContainer(node.request("waits", waits).setSandboxId("c").build());
    Path begun = node.base().resolve("begun");
    TestNode.eventually("it has the turn", () -> begun.toFile().length() == 1);

    var deletion = node.future().deleteContainer(TestNode.deleteRequest("c", true));
    TestNode.eventually(
        "its process has been killed", () -> !Files.exists(Path.of("/proc/" + container.getPid())));
    assertThat(creation).as("the turn is taken").isNotDone();
    assertThat(deletion).isNotDone();
    Files.createFile(node.base().resolve("go"));
    // It may be told as it is by then: the deletion has the next turn.
    assertThat(creation.get(20, TimeUnit.SECONDS).getId()).isEqualTo("waits");
    assertThat(deletion.get(20, TimeUnit.SECONDS)).isNotNull();
  }
}
