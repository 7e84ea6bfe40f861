package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sandboxes that are made in advance. */
class ParkedIT {
  private static final boolean PURE_V2 = Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));

  private static final int PARKED = 2;

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
    node.shut();
    node.parked(PARKED).open();
    awaitParked();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  /** Their directories are there before they can be handed out. */
  private void awaitParked() {
    Awaitility.await()
        .atMost(TestNode.PATIENCE)
        .until(() -> node.parkedNow() == PARKED && sandboxes().size() == PARKED);
  }

  private Set<String> sandboxes() {
    try (Stream<Path> entries = Files.list(node.run().resolve("sandboxes"))) {
      return entries.map(entry -> entry.getFileName().toString()).collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void areHandedOutOnceAndReplaced() throws Exception {
    Set<String> before = sandboxes();
    List<String> taken =
        List.of(
            node.started("a", node.spec("sleep", "60")).getSandboxUid(),
            node.started("b", node.spec("sleep", "60")).getSandboxUid());
    assertThat(taken).doesNotHaveDuplicates();
    assertThat(before).containsAll(taken);

    node.deleteEverything();
    awaitParked();
    assertThat(sandboxes()).doesNotContainAnyElementsOf(taken);
  }

  @Test
  void areCalledAsTheirContainerIs() throws Exception {
    assertThat(node.run(node.spec("hostname").setHostname("harbour")).out()).isEqualTo("harbour\n");
  }

  @Test
  void haveTheLimitsOfTheirContainer() throws Exception {
    var spec = node.spec("sleep", "60");
    spec.setResources(
        Resources.newBuilder()
            .setMemory(Resources.Memory.newBuilder().setLimit(64 << 20))
            .setPids(Resources.Pids.newBuilder().setLimit(7)));
    String cgroup = node.started("c", spec).getCgroup();
    String memory = PURE_V2 ? "memory.max" : "memory.limit_in_bytes";
    assertThat(Files.readString(directory("memory", cgroup).resolve(memory)).strip())
        .isEqualTo(Integer.toString(64 << 20));
    assertThat(Files.readString(directory("pids", cgroup).resolve("pids.max")).strip())
        .isEqualTo("7");
  }

  @Test
  void areNotUsedUpByLimitsThatCannotBe() {
    Set<String> before = sandboxes();
    var spec = node.spec("true");
    spec.getResourcesBuilder().getCpuBuilder().setCpus("4000");
    Problem.of(() -> node.create("c", spec))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("spec.resources.cpu.cpus");
    assertThat(sandboxes()).isEqualTo(before);
  }

  private static Path directory(String controller, String cgroup) {
    return Path.of("/sys/fs/cgroup", PURE_V2 ? "" : controller, cgroup);
  }

  @Test
  void areAllThatIsThereAfterContainersThatCouldNotBeMade() throws Exception {
    assertThat(node.run(node.spec("true")).code()).isZero(); // from now on devices are open
    awaitParked();
    Map<String, Long> before = Left.withoutSegments(Traces.settled(node).descriptors());
    for (int i = 0; i < 3 * PARKED; i++) {
      Problem.of(() -> node.run(node.spec("/no/such/program")))
          .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND);
      var tooMuch = node.spec("true");
      tooMuch.addMounts(
          Mount.newBuilder().setDestination("/x").setType("bind").setSource("/nowhere/allowed"));
      Problem.of(() -> node.run(tooMuch));
    }
    awaitParked();
    TestNode.eventually(
        "no descriptor is left",
        () -> Left.withoutSegments(Traces.of(node).descriptors()).equals(before));
  }

  @Test
  void outliveTheExecutorOnceTheyHaveAContainer() throws Exception {
    node.create("quiet", node.shell("echo lost; exit 3"));
    var loud = node.request("loud", node.shell("echo heard; exit 4")).setStdio(StdioMode.PIPE);
    var _ = node.stub().createContainer(loud.build());
    node.restart();
    var attached = node.attach("loud");
    node.start("quiet");
    node.start("loud");
    assertThat(node.await("quiet").getCode()).isEqualTo(3);
    Ended ended = attached.ended();
    assertThat(ended.code()).isEqualTo(4);
    assertThat(ended.out()).isEqualTo("heard\n");
  }

  @Test
  void giveTheirContainerATerminalInsteadOfPipes() throws Exception {
    Set<String> before = sandboxes();
    var spec = node.shell("tty; read a; echo got $a");
    spec.getProcessBuilder().setTerminal(true);
    var request = node.request("c", spec).setStdio(StdioMode.PIPE).build();
    assertThat(before).contains(node.stub().createContainer(request).getSandboxUid());
    node.restart();
    node.start("c");
    assertThat(node.attach("c").input("x\n").ended().out()).contains("/dev/pts/0", "got x");
  }

  @Test
  void areNotHandedOutWhenTheirProcessHasBeenKilled() throws Exception {
    Set<String> before = sandboxes();
    Awaitility.await().atMost(TestNode.PATIENCE).until(() -> placed().size() == PARKED);
    for (ProcessHandle process : placed()) {
      assertThat(process.destroyForcibly()).isTrue();
      process.onExit().orTimeout(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }
    String taken = node.started("c", node.spec("sleep", "60")).getSandboxUid();
    assertThat(before).doesNotContain(taken);
  }

  /** The processes that wait for a container's program. */
  private List<ProcessHandle> placed() throws IOException {
    Path parent = directory("memory", node.cgroupParent());
    List<ProcessHandle> found = new ArrayList<>();
    try (Stream<Path> tree = Files.walk(parent)) {
      for (Path directory : tree.filter(path -> path.toString().contains("/ctr-")).toList()) {
        if (Files.isDirectory(directory)) {
          for (String pid : Files.readAllLines(directory.resolve("cgroup.procs"))) {
            ProcessHandle.of(Long.parseLong(pid)).ifPresent(found::add);
          }
        }
      }
    }
    return found;
  }

  @Test
  void areRemovedWhenTheExecutorEnds() throws Exception {
    node.shut();
    try {
      assertThat(sandboxes()).isEmpty();
    } finally {
      node.open();
    }
  }
}
