package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Namespace;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Cgroups at the paths that specifications name: those of a pod, as a kubelet makes it. */
class CgroupsPathIT {
  private static final int SIGKILL = 9;

  private TestNode node;
  private String pod;

  @BeforeEach
  void launch() throws Exception {
    node = TestNode.launchApart("cgroup.paths = true");
    node.deleteEverything(); // and is connected from now on
    pod = node.cgroupParent() + "/pod7";
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private static List<Path> hierarchies() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
        .filter(line -> line.contains(" - cgroup"))
        .map(line -> Path.of(line.split(" ", -1)[4]))
        .toList();
  }

  /** Those that the executor uses. */
  private List<Path> directories(String cgroup) throws IOException {
    return hierarchies().stream()
        .filter(mount -> Files.isDirectory(mount.resolve(node.cgroupParent().substring(1))))
        .map(mount -> mount.resolve(cgroup.substring(1)))
        .toList();
  }

  private void make(String cgroup) throws IOException {
    for (Path directory : directories(cgroup)) {
      Files.createDirectory(directory);
    }
  }

  private boolean isThere(String cgroup) throws IOException {
    List<Path> all = directories(cgroup);
    List<Path> there = all.stream().filter(Files::isDirectory).toList();
    assertThat(there.size()).as("in every hierarchy, or in none").isIn(0, all.size());
    return !there.isEmpty();
  }

  private static Path file(String cgroup, String hierarchy, String name) {
    Path version1 = Path.of("/sys/fs/cgroup", hierarchy, cgroup, name);
    return Files.exists(version1) ? version1 : Path.of("/sys/fs/cgroup", cgroup, name);
  }

  private ContainerSpec.Builder spec(String path) {
    return node.spec("sleep", "60").setCgroupsPath(path);
  }

  /** Every process of the node is in a cgroup of a sandbox, in each hierarchy that is used. */
  private void nothingRunsOutside(String parent, int atLeast) throws IOException {
    int found = 0;
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.filter(p -> p.toString().matches("/proc/\\d+")).toList()) {
        List<String> ours = cgroupsOf(process);
        if (!ours.isEmpty()) {
          found++;
          assertThat(ours).hasSizeGreaterThanOrEqualTo(directories(parent).size());
          assertThat(ours)
              .allMatch(line -> line.contains(parent + "/sandbox-"), process.toString());
        }
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(atLeast);
  }

  private List<String> cgroupsOf(Path process) {
    try {
      return Files.readAllLines(process.resolve("cgroup")).stream()
          .filter(line -> line.contains(node.cgroupParent()))
          .toList();
    } catch (IOException e) {
      return List.of(); // it has just ended
    }
  }

  @Test
  void aSandboxIsMadeBelowThePathOfItsFirstContainer() throws Exception {
    Traces before = Traces.of(node);
    Container container = node.started("c", spec(node.cgroupParent() + "/c"));
    assertThat(container.getCgroup()).startsWith(node.cgroupParent() + "/c/sandbox-");
    assertThat(isThere(node.cgroupParent() + "/c")).isTrue();
    assertThat(node.exec("c", "true").ended().code()).isZero();
    var exec = node.exec("c", "sleep", "60");
    assertThat(exec.execStarted().getId()).isNotEmpty();
    nothingRunsOutside(node.cgroupParent() + "/c", 3);

    node.delete("c", true);
    exec.ended();
    assertThat(Traces.of(node).cgroups()).isEqualTo(before.cgroups());
    assertThat(Traces.of(node).files()).isEqualTo(before.files());
  }

  @Test
  void othersOfAPodAreFoundAtTheirPathsAndRunBelowThePod() throws Exception {
    make(pod);
    node.started("pause", spec(pod + "/pause"));
    node.createIn("pause", "a", spec(pod + "/a"));
    node.createIn("pause", "b", spec(pod + "/b"));
    Container a = node.start("a");
    node.start("b");
    assertThat(isThere(pod + "/a") && isThere(pod + "/b")).isTrue();
    for (Path directory : directories(pod + "/a")) {
      assertThat(Files.readString(directory.resolve("cgroup.procs"))).isEmpty();
    }
    assertThat(a.getCgroup()).startsWith(pod + "/pause/sandbox-");
    nothingRunsOutside(pod + "/pause", 4);

    node.delete("a", true);
    assertThat(isThere(pod + "/a")).isFalse();
    assertThat(isThere(pod + "/b")).isTrue();
    node.deleteSandbox("pause", true);
    assertThat(isThere(pod + "/b") || isThere(pod + "/pause")).isFalse();
    assertThat(isThere(pod)).as("somebody else's").isTrue();
  }

  @Test
  void thoseThatAreRelativeLieBelowTheParentOfAll() throws Exception {
    make(pod);
    Container above = node.started("above", spec("pod7/above"));
    Container beside = node.started("beside", node.spec("sleep", "60").setCgroupParent("pod7"));
    Sandbox box =
        node.stub().createSandbox(TestNode.sandboxRequest("box").setCgroupParent("pod7").build());
    assertThat(above.getCgroup()).startsWith(pod + "/above/sandbox-");
    assertThat(beside.getCgroup()).startsWith(pod + "/sandbox-");
    assertThat(box.getCgroup()).startsWith(pod + "/sandbox-");
    node.replace(true);
    for (String id : List.of("above", "beside")) {
      node.delete(id, true);
    }
    node.deleteSandbox("box", true);
    assertThat(isThere(pod + "/above")).isFalse();
    Problem.of(() -> node.create("c", spec("../elsewhere/c")))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("cgroups_path must not contain ..");
  }

  @Test
  void theLimitsOfAPodHoldForAllThatIsBelow() throws Exception {
    make(pod);
    Path limit = file(pod, "memory", "memory.limit_in_bytes");
    Files.writeString(
        Files.exists(limit) ? limit : file(pod, "memory", "memory.max"),
        Integer.toString(48 << 20));
    node.started("pause", spec(pod + "/pause"));
    node.createIn(
        "pause", "greedy", node.spec("tail", "-c", "96m", "/dev/zero").setCgroupsPath(pod + "/g"));
    node.start("greedy");
    assertThat(node.await("greedy").getSignal()).isEqualTo(SIGKILL);
  }

  @Test
  void aSandboxBelowAnAnnotatedParentHasThePathBesideIt() throws Exception {
    make(pod);
    Container container = node.started("c", spec(pod + "/c").setCgroupParent(pod));
    assertThat(container.getCgroup()).startsWith(pod + "/sandbox-");
    assertThat(isThere(pod + "/c")).isTrue();
    nothingRunsOutside(pod, 2);
    node.delete("c", true);
    assertThat(isThere(pod + "/c")).isFalse();
  }

  @Test
  void anotherOfTheSamePathAsItsSandboxIsFoundThere() throws Exception {
    make(pod);
    node.started("first", spec(pod + "/c"));
    node.createIn("first", "second", spec(pod + "/c"));
    node.start("second");
    node.delete("second", true);
    assertThat(isThere(pod + "/c")).isTrue();
    nothingRunsOutside(pod + "/c", 2);
  }

  @Test
  void oneThatIsThereAndEmptyIsUsedAndStays() throws Exception {
    make(pod);
    make(pod + "/mine");
    node.started("c", spec(pod + "/mine"));
    nothingRunsOutside(pod + "/mine", 2);
    node.delete("c", true);
    assertThat(isThere(pod + "/mine")).isTrue();
  }

  @Test
  void oneThatOthersRunInIsRefusedAndLeftAlone() throws Exception {
    make(pod);
    make(pod + "/theirs");
    node.createSandbox("box");
    Process stranger = new ProcessBuilder("sleep", "60").start();
    try {
      Path hierarchy = directories(pod + "/theirs").getLast();
      Files.writeString(hierarchy.resolve("cgroup.procs"), Long.toString(stranger.pid()));
      Traces before = Traces.of(node);
      Problem.of(() -> node.create("c", spec(pod + "/theirs")))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("cgroups_path must name a cgroup that no process of others is in");
      Problem.of(() -> node.createIn("box", "c", spec(pod + "/theirs")))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
      assertThat(stranger.isAlive()).isTrue();
      assertThat(Traces.of(node).cgroups()).isEqualTo(before.cgroups());
      assertThat(Traces.of(node).files()).isEqualTo(before.files());
    } finally {
      stranger.destroyForcibly().waitFor();
    }
  }

  @Test
  void whatOthersPutIntoOneStays() throws Exception {
    make(pod);
    node.started("c", spec(pod + "/c"));
    node.createIn("c", "a", spec(pod + "/a"));
    make(pod + "/a/theirs");
    make(pod + "/c/theirs");
    node.delete("c", true);
    assertThat(isThere(pod + "/a/theirs") && isThere(pod + "/c/theirs")).isTrue();
    assertThat(Traces.of(node).cgroups()).noneMatch(path -> path.contains("/sandbox-"));
  }

  @Test
  void refusesWhatIsNotThereOrNotAllowed() {
    Problem.of(() -> node.create("c", spec(pod + "/c")))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("cgroups_path must lie in a cgroup that is there");
    Problem.of(() -> node.create("c", spec("/elsewhere/c")))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
    Problem.of(() -> node.create("c", spec("system.slice:caisson:c")))
        .is(Status.Code.UNIMPLEMENTED, Reason.UNSUPPORTED_FIELD)
        .says("systemd");
    assertThat(Traces.of(node).cgroups()).allMatch(path -> path.endsWith(node.cgroupParent()));
  }

  @Test
  void areRemovedByALaterLifeOfTheExecutor() throws Exception {
    make(pod);
    node.started("pause", spec(pod + "/pause"));
    node.createIn("pause", "a", spec(pod + "/a"));
    Container a = node.start("a");
    node.replace(true);
    assertThat(node.get("a").getPid()).isEqualTo(a.getPid());
    nothingRunsOutside(pod + "/pause", 3);
    node.deleteSandbox("pause", true);
    assertThat(Traces.of(node).cgroups())
        .allMatch(path -> path.matches(".*/pod7|.*" + node.cgroupParent()));
  }

  /** As a life leaves it that is killed between the making and the record. */
  @Test
  void areRemovedWhenNoRecordOfThemWasMade() throws Exception {
    make(pod);
    Container root = node.started("c", node.spec("sleep", "60"));
    make(pod + "/half");
    make(pod + "/member");
    String uid = UUID.randomUUID().toString();
    make(pod + "/half/sandbox-" + uid);
    Path sandboxes = node.run().resolve("sandboxes");
    Files.createDirectory(sandboxes.resolve(uid));
    Files.writeString(sandboxes.resolve(uid + "/cgroups"), pod + "/half\n" + pod + "/half\n");
    Path note = sandboxes.resolve(root.getSandboxUid() + "/cgroups");
    Files.writeString(note, "\n" + pod + "/member\n");
    node.replace(true);

    assertThat(isThere(pod + "/half") || isThere(pod + "/member")).isFalse();
    assertThat(isThere(pod)).isTrue();
    assertThat(note).doesNotExist();
    assertThat(sandboxes.resolve(uid)).doesNotExist();
    assertThat(node.exec("c", "true").ended().code()).isZero();
  }

  /** What was cut off says nothing: it might name somebody else's. */
  @Test
  void aTornNoteRemovesNothing() throws Exception {
    make(pod);
    String uid = UUID.randomUUID().toString();
    Path directory = node.run().resolve("sandboxes").resolve(uid);
    Files.createDirectory(directory);
    Files.writeString(directory.resolve("cgroups"), pod + "/half\n" + pod);
    node.replace(true);
    assertThat(isThere(pod)).isTrue();
    assertThat(directory).doesNotExist();
  }

  @Test
  void withoutTheGuardsConsentAPathHasNoEffectAndIsTold() throws Exception {
    try (TestNode other = TestNode.launch()) {
      Container container = other.create("c", other.spec("true").setCgroupsPath("/docker/7f3a"));
      assertThat(container.getCgroup()).startsWith(other.cgroupParent() + "/sandbox-");
      assertThat(container.getIgnoredList())
          .containsExactly(
              IgnoredField.newBuilder()
                  .setField("linux.cgroupsPath")
                  .setWhy("has no effect: this host chooses the cgroup of a container")
                  .setValue("\"/docker/7f3a\"")
                  .build());
    }
  }

  @Test
  void holdOnAHostWithoutVersion2Too() throws Exception {
    node.close();
    node = TestNode.launchOnVersion1("cgroup.paths = true");
    Container container = node.started("c", spec(node.cgroupParent() + "/c"));
    node.createIn("c", "a", spec(node.cgroupParent() + "/a"));
    Container a = node.start("a");
    for (Container one : List.of(container, a)) {
      assertThat(one.getCgroup()).startsWith(node.cgroupParent() + "/c/sandbox-");
      assertThat(cgroupsOf(Path.of("/proc/" + one.getPid())))
          .isNotEmpty()
          .allMatch(line -> line.contains(one.getCgroup()));
    }
    Path empty = Path.of("/sys/fs/cgroup/memory" + node.cgroupParent() + "/a");
    assertThat(empty).isDirectory();
    node.deleteSandbox("c", true);
    assertThat(empty).doesNotExist();
    assertThat(Path.of("/sys/fs/cgroup/memory" + node.cgroupParent() + "/c")).doesNotExist();
  }

  /** A hostile neighbour would be charged, and ended, as part of another sandbox. */
  @Test
  void nobodyGetsIntoTheSandboxOfAnother() throws Exception {
    Container victim = node.started("victim", node.spec("sleep", "60"));
    String sandbox = victim.getCgroup().substring(0, victim.getCgroup().lastIndexOf('/'));
    for (ContainerSpec.Builder spec :
        List.of(
            spec(sandbox),
            spec(sandbox + "/x"),
            node.spec("true").setCgroupParent(sandbox),
            node.spec("true").setCgroupParent(victim.getCgroup()))) {
      Problem.of(() -> node.create("c", spec))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("must not lie in a sandbox's");
    }
    assertThat(victim.getSpec().getNamespacesList())
        .contains(Namespace.newBuilder().setType(Namespace.Type.PID).build());
    assertThat(
            Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"))
                .open(sandbox)
                .members())
        .hasSize(2);
  }
}
