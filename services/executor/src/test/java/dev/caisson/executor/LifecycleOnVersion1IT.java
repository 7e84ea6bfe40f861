package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The same life where the host has no cgroups of version 2, and what is different there. */
class LifecycleOnVersion1IT extends LifecycleIT {
  private static final Path HIERARCHIES = Path.of("/sys/fs/cgroup");
  private static final int SIGKILL = 9;
  private static final int BOMB = 100;

  private static final String EXPLODES =
      "bomb() { while :; do bomb & done; }; (bomb) 2>&- & exec sleep 1000";

  /** Instead of the usual node. */
  @BeforeAll
  static void startNodeOnVersion1() throws Exception {
    endNode(); // the usual one
    node = TestNode.launchOnVersion1();
  }

  @Test
  void hasNoVersion2() {
    assertThat(node.stub().getNode(GetNodeRequest.getDefaultInstance()).getCgroupMode())
        .isEqualTo("v1");
  }

  @Test
  void limitsAreInForce() throws Exception {
    ContainerSpec.Builder spec = node.shell("exec tail -c 64m /dev/zero");
    spec.setResources(
        Resources.newBuilder()
            .setMemory(Resources.Memory.newBuilder().setLimit(16 << 20))
            .setPids(Resources.Pids.newBuilder().setLimit(20))
            .setCpu(Resources.Cpu.newBuilder().setShares(512).setQuota(50_000).setPeriod(100_000)));
    Container made = node.create("c", spec);
    assertThat(read("memory", made, "memory.limit_in_bytes")).isEqualTo("16777216");
    assertThat(read("pids", made, "pids.max")).isEqualTo("20");
    assertThat(read("cpu", made, "cpu.shares")).isEqualTo("512");
    assertThat(read("cpu", made, "cpu.cfs_quota_us")).isEqualTo("50000");

    node.start("c");
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    assertThat(node.get("c").getExit().getOutOfMemory()).isTrue();
  }

  private static String read(String hierarchy, Container container, String file)
      throws IOException {
    return Files.readString(directory(hierarchy, container.getCgroup()).resolve(file)).strip();
  }

  private static Path directory(String hierarchy, String cgroup) {
    return HIERARCHIES.resolve(hierarchy).resolve(cgroup.substring(1));
  }

  /** In the sandbox's PID namespace, so that no process ends with another. */
  @Test
  void aForkBombIsKilledToTheLastProcess() throws Exception {
    node.createSandbox("box");
    node.createIn("box", "quiet", node.spec("sleep", "60"));
    node.start("quiet");
    ContainerSpec.Builder spec = node.shell(EXPLODES);
    spec.clearNamespaces().addAllNamespaces(withoutPid(node.spec("true")));
    spec.getResourcesBuilder().getPidsBuilder().setLimit(BOMB);
    Container bomb = node.createIn("box", "bomb", spec);
    node.start("bomb");
    TestNode.eventually("it has exploded", () -> tasks(bomb) == BOMB);

    var _ =
        node.stub().signal(TestNode.signalRequest("bomb").setSignal(SIGKILL).setAll(true).build());
    assertThat(node.await("bomb").getSignal()).isEqualTo(SIGKILL);
    TestNode.eventually("nobody is left", () -> processes(bomb).isEmpty());
    node.delete("bomb");
    assertThat(node.exec("quiet", "true").ended().code()).isZero();
    node.deleteSandbox("box", true);
    nothingIsLeft();
  }

  private static List<Namespace> withoutPid(ContainerSpec.Builder spec) {
    return spec.getNamespacesList().stream()
        .filter(namespace -> namespace.getType() != Namespace.Type.PID)
        .toList();
  }

  /** With those that have ended, and nobody has asked how. */
  private static int tasks(Container container) {
    try {
      return Integer.parseInt(read("pids", container, "pids.current"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> processes(Container container) {
    try {
      return Files.readAllLines(directory("pids", container.getCgroup()).resolve("cgroup.procs"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aDeletionByForceLeavesNothingOfAForkBomb() throws Exception {
    ContainerSpec.Builder spec = node.shell(EXPLODES);
    spec.getResourcesBuilder().getPidsBuilder().setLimit(BOMB);
    Container bomb = node.started("bomb", spec);
    TestNode.eventually("it has exploded", () -> tasks(bomb) == BOMB);
    node.delete("bomb", true);
    nothingIsLeft();
  }

  /** In no hierarchy: processes are in directories, which the kernel removes only when empty. */
  private static void nothingIsLeft() throws IOException {
    try (Stream<Path> hierarchies = Files.list(HIERARCHIES)) {
      for (Path hierarchy : hierarchies.toList()) {
        Path parent = hierarchy.resolve(node.cgroupParent().substring(1));
        if (Files.exists(parent)) {
          try (Stream<Path> below = Files.list(parent)) {
            assertThat(below.filter(Files::isDirectory)).isEmpty();
          }
        }
      }
    }
  }

  @Test
  void theOthersStandStillAgainWhenOneThatIsPausedIsKilled() throws Exception {
    ContainerSpec.Builder spec = node.shell("while :; do echo >> /shared/n; done");
    Path counter = node.share(spec).resolve("n");
    Container container = node.started("c", spec);
    var exec = node.exec("c", "sleep", "60");
    String process = exec.execStarted().getId();
    TestNode.eventually("it counts", () -> counter.toFile().length() > 0);
    node.pause("c");
    var _ =
        node.stub()
            .signal(TestNode.signalRequest("c").setProcessId(process).setSignal(SIGKILL).build());

    assertThat(exec.ended().signal()).isEqualTo(SIGKILL);
    assertThat(node.state("c")).isEqualTo(ContainerState.PAUSED);
    assertThat(read("freezer", container, "freezer.state")).isEqualTo("FROZEN");
    long paused = Files.size(counter);
    node.resume("c");
    TestNode.eventually("it counts again", () -> counter.toFile().length() > paused);
  }

  /** As one that has not had its turn of a CPU between the two. */
  @Test
  void whatIsKilledEndsThoughItIsPausedBeforeItHas() throws Exception {
    Container container = node.started("c", node.spec("sleep", "60"));
    Path freezer = directory("freezer", container.getCgroup()).resolve("freezer.state");
    Files.writeString(freezer, "FROZEN");
    node.signal("c", SIGKILL);

    Problem.of(() -> node.pause("c")).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
  }

  /** As by an executor that died before it let the process go on. */
  @Test
  void whatWasKilledWhilePausedEndsUnderTheNextExecutor() throws Exception {
    Container container = node.started("c", node.spec("sleep", "60"));
    node.pause("c");
    assertThat(ProcessHandle.of(container.getPid()).orElseThrow().destroyForcibly()).isTrue();
    node.restart();

    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
  }

  @Test
  void pausedContainersOutliveTheExecutor() throws Exception {
    Container container = node.started("c", node.spec("sleep", "60"));
    node.pause("c");
    node.restart();

    assertThat(node.state("c")).isEqualTo(ContainerState.PAUSED);
    assertThat(read("freezer", container, "freezer.state")).isEqualTo("FROZEN");
    node.resume("c");
    assertThat(node.exec("c", "true").ended().code()).isZero();
    node.delete("c", true);
    nothingIsLeft();
  }
}
