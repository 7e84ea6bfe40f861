package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.TimeOffset;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Namespaces that are joined, and time namespaces. */
class NamespacesIT extends OnNode {
  private static final int DAY = 24 * 60 * 60;

  private static Path files;

  @BeforeAll
  static void allowJoining() throws Exception {
    files = Files.createDirectory(node.base().resolve("namespaces"));
    allow("namespaces.roots = " + files);
  }

  /** A new namespace that lives as long as its file is mounted upon. */
  private record Held(Path file) implements AutoCloseable {
    static Held of(String option) throws IOException {
      Path file = Files.createTempFile(files, option, "");
      onHost("unshare", "--" + option + "=" + file, "true");
      return new Held(file);
    }

    String inode() throws IOException {
      return Files.getAttribute(file, "unix:ino").toString();
    }

    @Override
    public void close() throws IOException {
      onHost("umount", file.toString());
      Files.delete(file);
    }
  }

  private static ContainerSpec.Builder joining(
      ContainerSpec.Builder spec, Namespace.Type type, String path) {
    List<Namespace> others =
        spec.getNamespacesList().stream().filter(one -> one.getType() != type).toList();
    return spec.clearNamespaces()
        .addAllNamespaces(others)
        .addNamespaces(Namespace.newBuilder().setType(type).setPath(path));
  }

  private static ContainerSpec.Builder without(ContainerSpec.Builder spec, Namespace.Type type) {
    List<Namespace> others =
        spec.getNamespacesList().stream().filter(one -> one.getType() != type).toList();
    return spec.clearNamespaces().addAllNamespaces(others);
  }

  private static String seen(ContainerSpec.Builder spec) {
    return out(spec).strip();
  }

  @Test
  void joinsANetworkThatSomebodyHolds() throws Exception {
    try (Held network = Held.of("net")) {
      String seen =
          seen(
              joining(
                  node.shell("readlink /proc/self/ns/net; ls /sys/class/net"),
                  Namespace.Type.NETWORK,
                  network.file().toString()));
      assertThat(seen).isEqualTo("net:[" + network.inode() + "]\nlo");
    }
  }

  @Test
  void showsAJoinedNetworkThatCannotBeChanged() throws Exception {
    try (Held network = Held.of("net")) {
      ContainerSpec.Builder spec =
          joining(
              node.shell("grep ' /sys ' /proc/self/mountinfo; echo 1 > /sys/class/net/lo/mtu"),
              Namespace.Type.NETWORK,
              network.file().toString());
      Ended ended = node.run(spec);
      assertThat(ended.out()).contains(" ro,nosuid,nodev,noexec");
      assertThat(ended.err()).contains("Read-only file system");
    }
  }

  @Test
  void joinsIpcUtsAndCgroups() throws Exception {
    try (Held ipc = Held.of("ipc");
        Held uts = Held.of("uts");
        Held cgroup = Held.of("cgroup")) {
      ContainerSpec.Builder spec =
          node.shell("cd /proc/self/ns; readlink ipc; readlink uts; readlink cgroup; hostname");
      joining(spec, Namespace.Type.IPC, ipc.file().toString());
      joining(spec, Namespace.Type.UTS, uts.file().toString());
      joining(spec, Namespace.Type.CGROUP, cgroup.file().toString());
      assertThat(seen(spec).lines().toList())
          .startsWith(
              "ipc:[" + ipc.inode() + "]",
              "uts:[" + uts.inode() + "]",
              "cgroup:[" + cgroup.inode() + "]")
          .last()
          .isEqualTo(Files.readString(Path.of("/proc/sys/kernel/hostname")).strip());
    }
  }

  @Test
  void showsTheQueuesOfAJoinedIpc() throws Exception {
    try (Held ipc = Held.of("ipc")) {
      ContainerSpec.Builder makes = withQueues(node.shell("touch /dev/mqueue/q"));
      ContainerSpec.Builder sees = withQueues(node.shell("ls /dev/mqueue"));
      joining(makes, Namespace.Type.IPC, ipc.file().toString());
      joining(sees, Namespace.Type.IPC, ipc.file().toString());
      assertThat(seen(makes)).isEmpty();
      assertThat(seen(sees)).isEqualTo("q");
      assertThat(seen(withQueues(node.shell("ls /dev/mqueue")))).isEmpty();
    }
  }

  private static ContainerSpec.Builder withQueues(ContainerSpec.Builder spec) {
    var _ =
        spec.addMountsBuilder()
            .setDestination("/dev/mqueue")
            .setType("mqueue")
            .addOptions("noexec");
    return spec;
  }

  @Test
  void refusesToShowAJoinedCgroupNamespace() throws Exception {
    try (Held cgroup = Held.of("cgroup")) {
      ContainerSpec.Builder spec = node.spec("true");
      joining(spec, Namespace.Type.CGROUP, cgroup.file().toString());
      var _ = spec.addMountsBuilder().setDestination("/sys/fs/cgroup").setType("cgroup");
      Problem.of(() -> node.create("c", spec))
          .is(Status.Code.UNIMPLEMENTED, Reason.UNSUPPORTED_FIELD)
          .says("leave the mount out");
    }
  }

  @Test
  void joinsTheNetworkOfAContainerOfTheSameTenant() {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    String theirs = node.exec("first", "readlink", "/proc/self/ns/net").ended().out().strip();
    String path = "/proc/" + pid + "/ns/net";
    assertThat(
            seen(joining(node.shell("readlink /proc/self/ns/net"), Namespace.Type.NETWORK, path)))
        .isEqualTo(theirs);
  }

  @Test
  void refusesTheNetworkOfAnotherTenant() {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    ContainerSpec.Builder spec =
        joining(node.spec("true"), Namespace.Type.NETWORK, "/proc/" + pid + "/ns/net");
    CreateContainerRequest request = node.request("spy", spec).setTenant("other").build();
    Problem.of(() -> node.stub().createContainer(request))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  private static Problem refused(Namespace.Type type, String path) {
    return Problem.of(() -> node.create("bad", joining(node.spec("true"), type, path)));
  }

  @Test
  void refusesTheHosts() {
    refused(Namespace.Type.NETWORK, "/proc/" + ProcessHandle.current().pid() + "/ns/net")
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
        .says("namespace of the host");
    Problem.of(() -> node.create("bad", without(node.spec("true"), Namespace.Type.NETWORK)))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  @Test
  void refusesWhatIsNoNamespaceOfThatType() throws Exception {
    Path plain = Files.createFile(files.resolve("plain"));
    refused(Namespace.Type.NETWORK, plain.toString())
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    refused(Namespace.Type.NETWORK, files.toString())
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    refused(Namespace.Type.NETWORK, files.resolve("missing").toString())
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    refused(Namespace.Type.NETWORK, "/proc/4294967295/ns/net")
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    refused(Namespace.Type.NETWORK, "/etc/hostname")
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
    try (Held uts = Held.of("uts")) {
      refused(Namespace.Type.NETWORK, uts.file().toString())
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("type net");
    }
  }

  @Test
  void refusesALinkOutOfTheDirectory() throws Exception {
    Path link = files.resolve("link");
    Files.createSymbolicLink(link, Path.of("/proc/self/ns/net"));
    refused(Namespace.Type.NETWORK, link.toString())
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  @Test
  void aFurtherContainerMayNameWhatItSharesAnyway() {
    int pid = node.started("pod", node.spec("sleep", "60")).getPid();
    int stranger = node.started("stranger", node.spec("sleep", "60")).getPid();
    ContainerSpec.Builder spec =
        joining(node.spec("sleep", "60"), Namespace.Type.NETWORK, "/proc/" + pid + "/ns/net");
    var _ = node.createIn("pod", "second", spec);
    ContainerSpec.Builder strange =
        joining(node.spec("sleep", "60"), Namespace.Type.NETWORK, "/proc/" + stranger + "/ns/net");
    Problem.of(() -> node.createIn("pod", "third", strange))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  @Test
  void joinsThePidNamespaceOfAContainerOfItsSandbox() {
    int pid = node.started("pod", node.spec("sleep", "77")).getPid();
    ContainerSpec.Builder spec =
        joining(node.spec("sleep", "60"), Namespace.Type.PID, "/proc/" + pid + "/ns/pid");
    var _ = node.createIn("pod", "second", spec);
    var _ = node.start("second");
    assertThat(node.exec("second", "ps").ended().out()).contains("sleep 77", "sleep 60");
    assertThat(node.exec("second", "readlink", "/proc/self/ns/pid").ended().out())
        .isEqualTo(node.exec("pod", "readlink", "/proc/self/ns/pid").ended().out());
  }

  @Test
  void cannotJoinThePidNamespaceOfAnotherSandbox() {
    int pid = node.started("other", node.spec("sleep", "60")).getPid();
    Problem problem = refused(Namespace.Type.PID, "/proc/" + pid + "/ns/pid");
    assertThat(problem.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  private static ContainerSpec.Builder dayLater(ContainerSpec.Builder spec) {
    return spec.addNamespaces(Namespace.newBuilder().setType(Namespace.Type.TIME))
        .addTimeOffsets(TimeOffset.newBuilder().setClock("boottime").setSeconds(DAY));
  }

  private static double uptime() throws IOException {
    return Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ", 2)[0]);
  }

  @Test
  void hasClocksOfItsOwn() throws Exception {
    double before = uptime() + DAY;
    double seen = Double.parseDouble(seen(dayLater(node.shell("cut -d' ' -f1 /proc/uptime"))));
    assertThat(seen).isBetween(before - 1, uptime() + DAY + 1);
  }

  @Test
  void anExecHasTheSameClocks() throws Exception {
    var _ = node.started("c", dayLater(node.spec("sleep", "60")));
    String out = node.exec("c", "cut", "-d ", "-f1", "/proc/uptime").ended().out();
    assertThat(Double.parseDouble(out)).isGreaterThan(uptime() + DAY - 60);
  }

  @Test
  void refusesOffsetsThatLeadBeforeTheBoot() {
    ContainerSpec.Builder spec = dayLater(node.spec("true"));
    spec.getTimeOffsetsBuilder(0).setSeconds(-1_000_000_000);
    Problem problem = Problem.of(() -> node.create("bad", spec));
    assertThat(problem.sentence()).contains("time");
  }

  @Test
  void hasTheHostsNetworkWhereTheGuardAllowsIt() throws Exception {
    try (TestNode lenient = TestNode.launch("namespaces.host = true")) {
      ContainerSpec.Builder spec =
          without(
              lenient.shell("readlink /proc/self/ns/net; grep ' /sys ' /proc/self/mountinfo"),
              Namespace.Type.NETWORK);
      String out = lenient.run(spec).out();
      assertThat(out)
          .startsWith(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString())
          .contains(" ro,nosuid,nodev,noexec");
    }
  }

  @Test
  void hasTheHostsIdsAndNoneOfItsPowerWhereTheGuardAllowsThat() throws Exception {
    try (TestNode lenient = TestNode.launch("user-namespace.host = true")) {
      ContainerSpec.Builder spec =
          lenient.shell("cat /proc/self/uid_map; readlink /proc/self/ns/user; touch /tmp/mine");
      spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.IDENTITY);
      Ended ended = lenient.run(spec);
      assertThat(ended.err()).isEmpty();
      assertThat(ended.out().strip().split("\\s+"))
          .startsWith("0", "0", "4294967295")
          .doesNotContain(Files.readSymbolicLink(Path.of("/proc/self/ns/user")).toString());
      assertThat(Files.getAttribute(lenient.rootfs().resolve("tmp/mine"), "unix:uid")).isEqualTo(0);
    }
  }

  @Test
  void refusesTheHostsIdsOtherwise() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.IDENTITY);
    Problem.of(() -> node.create("bad", spec))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }
}
