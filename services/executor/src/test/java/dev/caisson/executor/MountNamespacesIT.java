package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay.Medium;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Containers in the mount namespace of another one of their sandbox. */
class MountNamespacesIT extends OnNode {

  /** One with a file in a filesystem of its own. */
  private static int first() {
    ContainerSpec.Builder spec = node.shell("echo there > /data/file; exec sleep 77");
    spec.addMounts(Mount.newBuilder().setDestination("/data").setType("tmpfs").setSource("tmpfs"));
    int pid = node.started("pod", spec).getPid();
    TestNode.eventually(
        "the file is there",
        () -> node.exec("pod", "cat", "/data/file").ended().out().equals("there\n"));
    return pid;
  }

  private static ContainerSpec.Builder joining(ContainerSpec.Builder spec, int pid) {
    return joining(spec, Namespace.Type.MOUNT, "/proc/" + pid + "/ns/mnt");
  }

  private static ContainerSpec.Builder joining(
      ContainerSpec.Builder spec, Namespace.Type type, String path) {
    for (Namespace.Builder one : spec.getNamespacesBuilderList()) {
      if (one.getType() == type) {
        one.setPath(path);
      }
    }
    return spec;
  }

  private static Problem refused(ContainerSpec.Builder spec) {
    return Problem.of(() -> node.createIn("pod", "bad", spec));
  }

  @Test
  void seesAndChangesTheFilesOfTheOther() throws Exception {
    int pid = first();
    ContainerSpec.Builder spec =
        joining(node.shell("cp /data/file /data/copy; exec sleep 60"), pid);
    spec.getProcessBuilder().setCwd("/data");
    var _ = node.createIn("pod", "second", spec);
    int second = node.start("second").getPid();
    assertThat(Files.readSymbolicLink(Path.of("/proc/" + second + "/ns/mnt")))
        .isEqualTo(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/mnt")));
    TestNode.eventually(
        "the copy is there",
        () -> node.exec("pod", "cat", "/data/copy").ended().out().equals("there\n"));
    assertThat(node.exec("second", "cat", "/data/copy").ended().out()).isEqualTo("there\n");
  }

  /** What the sandbox has in its own root is gone from there before anybody joins. */
  @Test
  void joinsOneThatHasJustBeenCreated() {
    for (int i = 0; i < 20; i++) {
      int pid = node.create("pod", node.spec("sleep", "60")).getPid();
      var _ = node.createIn("pod", "second", joining(node.spec("ls", "/bin/busybox"), pid));
      var _ = node.start("second");
      assertThat(node.await("second").getCode()).isZero();
      var _ = node.start("pod");
      node.delete("second", false);
      node.delete("pod", true);
    }
  }

  @Test
  void hasProcessesAndLimitsOfItsOwn() throws Exception {
    ContainerSpec.Builder spec = joining(node.spec("sleep", "60"), first());
    spec.getResourcesBuilder().getPidsBuilder().setLimit(7);
    var second = node.createIn("pod", "second", spec);
    int pid = node.start("second").getPid();
    assertThat(Files.readString(Path.of("/proc/" + pid + "/status")))
        .containsPattern("NSpid:\\t\\d+\\t\\d+\\t1\\n");
    assertThat(Files.readString(Path.of("/proc/" + pid + "/cgroup"))).contains(second.getUid());
  }

  @Test
  void joinsItsProcessesToo() {
    int pid = first();
    ContainerSpec.Builder spec = joining(node.spec("sleep", "60"), pid);
    var _ =
        node.createIn(
            "pod", "second", joining(spec, Namespace.Type.PID, "/proc/" + pid + "/ns/pid"));
    var _ = node.start("second");
    assertThat(node.exec("second", "ps").ended().out()).contains("sleep 77", "sleep 60");
  }

  @Test
  void livesOnWithoutTheOther() {
    var _ = node.started("pod", node.spec("sleep", "60"));
    ContainerSpec.Builder spec = node.shell("echo there > /data/file; exec sleep 77");
    spec.addMounts(Mount.newBuilder().setDestination("/data").setType("tmpfs").setSource("tmpfs"));
    var _ = node.createIn("pod", "first", spec);
    int pid = node.start("first").getPid();
    TestNode.eventually(
        "the file is there",
        () -> node.exec("first", "cat", "/data/file").ended().out().equals("there\n"));
    var _ = node.createIn("pod", "second", joining(node.spec("sleep", "60"), pid));
    var _ = node.start("second");
    node.delete("first", true);
    assertThat(node.exec("second", "cat", "/data/file").ended().out()).isEqualTo("there\n");
    node.delete("second", true);
  }

  @Test
  void aNewExecutorStartsIt() throws Exception {
    var _ = node.createIn("pod", "second", joining(node.shell("test -e /data/file"), first()));
    node.restart();
    var _ = node.start("second");
    assertThat(node.await("second").getCode()).isZero();
  }

  @Test
  void hasATerminal() {
    ContainerSpec.Builder spec = joining(node.shell("tty; cat /data/file"), first());
    spec.getProcessBuilder().setTerminal(true);
    var request = node.request("second", spec).setSandboxId("pod");
    request.setStdio(dev.caisson.proto.executor.v1.StdioMode.PIPE);
    Ended ended = node.runAttached(request.build()).ended();
    assertThat(ended.out()).contains("/dev/pts/", "there");
  }

  @Test
  void refusesThoseOfAnotherSandbox() {
    int pid = first();
    int stranger = node.started("stranger", node.spec("sleep", "60")).getPid();
    assertThat(pid).isNotEqualTo(stranger);
    refused(joining(node.spec("true"), stranger))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("namespaces.path");
  }

  @Test
  void refusesTheHostsAndThatOfTheSandboxItself() {
    int pid = first();
    int init =
        node.stub()
            .getSandbox(
                GetSandboxRequest.newBuilder()
                    .setTenant(TestNode.TENANT)
                    .setSandboxId("pod")
                    .build())
            .getInitPid();
    assertThat(init).isNotEqualTo(pid);
    for (int other : new int[] {init, (int) ProcessHandle.current().pid()}) {
      refused(joining(node.spec("true"), other))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("namespaces.path");
    }
  }

  @Test
  void refusesAnotherRoot() {
    ContainerSpec.Builder spec = joining(node.spec("true"), first());
    spec.getRootBuilder().setReadonly(true);
    refused(spec).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC).says("root must");
  }

  @Test
  void refusesARootThatGoesWithTheOther() {
    ContainerSpec.Builder spec = joining(node.spec("true"), first());
    spec.getRootBuilder().getOverlayBuilder().setMedium(Medium.SELF);
    refused(spec).is(Status.Code.UNIMPLEMENTED, Reason.UNSUPPORTED_FIELD).says("disk");
  }

  @Test
  void theFirstOfASandboxHasNoneToJoin() {
    ContainerSpec.Builder spec = joining(node.spec("true"), first());
    Problem.of(() -> node.create("bad", spec))
        .is(Status.Code.UNIMPLEMENTED, Reason.UNSUPPORTED_FIELD)
        .says("further container");
  }
}
