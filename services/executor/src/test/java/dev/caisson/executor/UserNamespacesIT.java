package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.PlanRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** User namespaces that are joined. */
class UserNamespacesIT extends OnNode {
  private static final int FIRST = 300_000;
  private static final String MAP = "0 " + FIRST + " 100000\n";

  private static Path files;

  @BeforeAll
  static void allowJoining() throws Exception {
    files = Files.createDirectory(node.base().resolve("namespaces"));
    allow("namespaces.roots = " + files, "user-namespace.mapped-ids = 300000-399999");
  }

  /** A new user namespace that lives as long as its file is mounted upon. */
  private record Held(Path file) implements AutoCloseable {
    /**
     * @param setgroups {@code allow} or {@code deny}
     * @param map of users and of groups; empty: unwritten
     */
    static Held of(String setgroups, String map) throws IOException {
      Path file = Files.createTempFile(files, "user", "");
      Process inside =
          new ProcessBuilder("unshare", "--user", "sh", "-c", "echo; read end").start();
      try (var input = inside.outputWriter();
          var output = inside.inputReader()) {
        assertThat(output.readLine()).as("it stands in the namespace").isNotNull();
        Path process = Path.of("/proc/" + inside.pid());
        Files.writeString(process.resolve("setgroups"), setgroups);
        if (!map.isEmpty()) {
          Files.writeString(process.resolve("uid_map"), map);
          Files.writeString(process.resolve("gid_map"), map);
        }
        onHost("mount", "--bind", process + "/ns/user", file.toString());
        input.write("\n");
      }
      assertThat(inside.onExit().join().exitValue()).isZero();
      return new Held(file);
    }

    static Held of(String map) throws IOException {
      return of("allow", map);
    }

    String link() throws IOException {
      return "user:[" + Files.getAttribute(file, "unix:ino") + "]";
    }

    @Override
    public void close() throws IOException {
      onHost("umount", file.toString());
      Files.delete(file);
    }
  }

  private static ContainerSpec.Builder joining(ContainerSpec.Builder spec, String path) {
    return spec.addNamespaces(Namespace.newBuilder().setType(Namespace.Type.USER).setPath(path))
        .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.JOINED));
  }

  private static ContainerSpec.Builder saying(ContainerSpec.Builder spec, IdMapping map) {
    spec.getUserNamespaceBuilder().addUidMappings(map).addGidMappings(map);
    return spec;
  }

  private static IdMapping map(int first, int size) {
    return IdMapping.newBuilder().setHostId(first).setSize(size).build();
  }

  private static String ofProcess(int pid) {
    return "/proc/" + pid + "/ns/user";
  }

  private static int firstId(int pid) throws IOException {
    String map = Files.readString(Path.of("/proc/" + pid + "/uid_map"));
    return Integer.parseUnsignedInt(map.strip().split("\\s+", -1)[1]);
  }

  private static Object owner(Path file) throws IOException {
    return Files.getAttribute(file, "unix:uid");
  }

  private static Problem refused(String path) {
    return Problem.of(() -> node.create("bad", joining(node.spec("true"), path)));
  }

  @Test
  void joinsOneThatSomebodyHolds() throws Exception {
    try (Held users = Held.of(MAP)) {
      ContainerSpec.Builder spec =
          joining(
              node.shell("readlink /proc/self/ns/user; cat /proc/self/uid_map; id -u; id -G"),
              users.file().toString());
      assertThat(out(spec).strip().split("\\s+"))
          .containsExactly(users.link(), "0", "" + FIRST, "100000", "0", "0");
    }
  }

  @Test
  void filesBelongToItsUsers() throws Exception {
    try (Held users = Held.of(MAP)) {
      ContainerSpec.Builder spec =
          joining(
              node.shell("cd /shared; touch root other; chown 70000:70000 other; touch /tmp/mine"),
              users.file().toString());
      spec.getProcessBuilder()
          .getCapabilitiesBuilder()
          .addBounding("CAP_CHOWN")
          .addPermitted("CAP_CHOWN")
          .addEffective("CAP_CHOWN");
      Path shared = node.share(spec);
      assertThat(out(spec)).isEmpty();
      assertThat(owner(shared.resolve("root"))).isEqualTo(0);
      assertThat(owner(shared.resolve("other"))).isEqualTo(70_000);
      assertThat(owner(node.rootfs().resolve("tmp/mine"))).isEqualTo(0);
    }
  }

  @Test
  void processesAndCgroupsBelongToItsUsers() throws Exception {
    try (Held users = Held.of(MAP)) {
      Container container =
          node.started("c", joining(node.spec("sleep", "60"), users.file().toString()));
      Path process = Path.of("/proc/" + container.getPid());
      assertThat(Files.readString(process.resolve("status"))).contains("Uid:\t" + FIRST + "\t");
      assertThat(Files.readString(process.resolve("cgroup"))).contains(container.getUid());
      String cgroups = Files.readString(Path.of("/proc/" + initOf("c") + "/cgroup"));
      assertThat(cgroups.lines().filter(line -> line.contains(":memory:") || line.contains("0::")))
          .as("of its sandbox")
          .isNotEmpty()
          .allMatch(line -> line.contains(node.cgroupParent() + "/sandbox-"));
      assertThat(node.exec("c", "id", "-u").ended().out()).isEqualTo("0\n");
    }
  }

  private static int initOf(String sandbox) {
    return node.stub()
        .getSandbox(
            GetSandboxRequest.newBuilder().setTenant(TestNode.TENANT).setSandboxId(sandbox).build())
        .getInitPid();
  }

  @Test
  void joinsThatOfASandboxOfTheSameTenant() throws Exception {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    int second = node.started("second", joining(node.spec("sleep", "60"), ofProcess(pid))).getPid();
    assertThat(Files.readSymbolicLink(Path.of(ofProcess(second))))
        .isEqualTo(Files.readSymbolicLink(Path.of(ofProcess(pid))));
    assertThat(Files.readSymbolicLink(Path.of("/proc/" + second + "/ns/net")))
        .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/net")));
    assertThat(firstId(second)).isEqualTo(firstId(pid));
  }

  @Test
  void joinsItTogetherWithItsNetwork() {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    String theirs = node.exec("first", "readlink", "/proc/self/ns/net").ended().out();
    ContainerSpec.Builder spec = joining(node.shell("readlink /proc/self/ns/net"), ofProcess(pid));
    int network =
        spec.getNamespacesList().stream()
            .map(Namespace::getType)
            .toList()
            .indexOf(Namespace.Type.NETWORK);
    spec.getNamespacesBuilder(network).setPath("/proc/" + pid + "/ns/net");
    assertThat(out(spec)).isEqualTo(theirs);
  }

  @Test
  void idsAreFreeOnlyWhenNobodyHasThem() throws Exception {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    int ids = firstId(pid);
    var _ = node.started("second", joining(node.spec("sleep", "60"), ofProcess(pid)));
    node.delete("first", true);
    assertThat(firstId(node.started("third", node.spec("sleep", "60")).getPid())).isNotEqualTo(ids);
    node.delete("second", true);
    assertThat(firstId(node.started("fourth", node.spec("sleep", "60")).getPid())).isEqualTo(ids);
  }

  @Test
  void aNewExecutorKnowsIt() throws Exception {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    int ids = firstId(pid);
    int second = node.started("second", joining(node.spec("sleep", "60"), ofProcess(pid))).getPid();
    var _ = node.create("third", joining(node.shell("id -u"), ofProcess(pid)));
    node.restart();
    assertThat(node.exec("second", "cat", "/proc/self/uid_map").ended().out())
        .contains(Integer.toString(ids));
    assertThat(node.start("third").getSpec().getUserNamespace().getUidMappings(0).getHostId())
        .isEqualTo(ids);
    assertThat(node.await("third").getCode()).isZero();
    node.delete("first", true);
    assertThat(node.createIn("second", "more", joining(node.spec("true"), ofProcess(second))))
        .isNotNull();
    assertThat(firstId(node.started("fourth", node.spec("sleep", "60")).getPid()))
        .isNotEqualTo(ids);
  }

  @Test
  void leavesNothing() throws Exception {
    try (Held users = Held.of(MAP)) {
      String path = users.file().toString();
      assertThat(node.run(joining(node.spec("true"), path)).code())
          .isZero(); // the first time loads
      Traces before = Traces.of(node);
      assertThat(node.run(joining(node.spec("true"), path)).code()).isZero();
      ContainerSpec.Builder unmapped = joining(node.spec("true"), path);
      unmapped.getProcessBuilder().getUserBuilder().setUid(100_000);
      Problem.of(() -> node.create("bad", unmapped))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("process.user");
      TestNode.eventually("nothing is left", () -> Traces.of(node).equals(before));
    }
  }

  @Test
  void isPlannedWithItsIds() throws Exception {
    try (Held users = Held.of(MAP)) {
      ContainerSpec.Builder spec = joining(node.spec("true"), users.file().toString());
      spec.putSysctl("net.ipv4.ping_group_range", "0 2147483647");
      var plan =
          node.stub().plan(PlanRequest.newBuilder().setCreate(node.request("p", spec)).build());
      assertThat(plan.getStepsList()).anyMatch(step -> step.contains("0 99999"));
      assertThat(plan.getSandboxStepsList())
          .contains("setns(user-namespace, 0)")
          .noneMatch(step -> step.contains("CLONE_NEWUSER"));
    }
  }

  @Test
  void aFurtherContainerNamesThatOfItsSandbox() throws Exception {
    int pid = node.started("pod", node.spec("sleep", "60")).getPid();
    int stranger = node.started("stranger", node.spec("sleep", "60")).getPid();
    ContainerSpec.Builder spec = joining(node.spec("true"), ofProcess(pid));
    var _ = node.createIn("pod", "silent", spec);
    var _ = node.createIn("pod", "saying", saying(spec, map(firstId(pid), 65_536)));
    Problem.of(() ->
            node.createIn(
                "pod",
                "wrong",
                saying(joining(node.spec("true"), ofProcess(pid)), map(FIRST, 65_536))))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("user_namespace.uid_mappings");
    Problem.of(
            () -> node.createIn("pod", "strange", joining(node.spec("true"), ofProcess(stranger))))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("namespaces.path");
  }

  @Test
  void acceptsItsOwnMapsAndNoOthers() throws Exception {
    try (Held users = Held.of(MAP)) {
      String path = users.file().toString();
      var _ = node.create("good", saying(joining(node.spec("true"), path), map(FIRST, 100_000)));
      Problem.of(() ->
              node.create("bad", saying(joining(node.spec("true"), path), map(FIRST, 65_536))))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("user_namespace.uid_mappings");
    }
  }

  @Test
  void refusesThatOfAnotherTenant() {
    int pid = node.started("first", node.spec("sleep", "60")).getPid();
    CreateContainerRequest request =
        node.request("spy", joining(node.spec("true"), ofProcess(pid))).setTenant("other").build();
    Problem.of(() -> node.stub().createContainer(request))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  @Test
  void refusesOneThatAContainerHasMade() throws Exception {
    int pid = node.started("c", node.spec("unshare", "-U", "sleep", "60")).getPid();
    String outer = Files.readSymbolicLink(Path.of(ofProcess(initOf("c")))).toString();
    TestNode.eventually("it has one", () -> !linkOf(pid).equals(outer));
    refused(ofProcess(pid)).is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  private static String linkOf(int pid) {
    try {
      return Files.readSymbolicLink(Path.of(ofProcess(pid))).toString();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void refusesTheHosts() {
    refused(ofProcess((int) ProcessHandle.current().pid()))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
        .says("namespace of the host");
  }

  @Test
  void refusesIdsThatAreNotLent() throws Exception {
    for (String map : List.of("0 0 65536\n", "0 299999 10\n", "0 1879048192 65536\n")) {
      try (Held users = Held.of(map)) {
        Problem problem = refused(users.file().toString());
        problem.is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED).says("does not lend");
      }
    }
  }

  @Test
  void refusesWhatNoContainerCanBeSetUpIn() throws Exception {
    assertUnusable("allow", "", "uid_map");
    assertUnusable("allow", "1 300000 10\n", "user 0");
    assertUnusable("deny", MAP, "setgroups(2)");
  }

  @Test
  void hasNoOtherUsersThanItsOwn() throws Exception {
    try (Held users = Held.of("0 300000 1\n")) {
      String path = users.file().toString();
      assertThat(out(joining(node.shell("id -u"), path))).isEqualTo("0\n");
      ContainerSpec.Builder user = joining(node.spec("true"), path);
      user.getProcessBuilder().getUserBuilder().setGid(1);
      Problem.of(() -> node.create("bad", user))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("process.user");
      ContainerSpec.Builder group = joining(node.spec("true"), path);
      group
          .addMountsBuilder()
          .setDestination("/dev/pts")
          .setType("devpts")
          .setSource("devpts")
          .addOptions("gid=5");
      Problem.of(() -> node.create("bad", group))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("mounts[0].options");
    }
  }

  private static void assertUnusable(String setgroups, String map, String word) throws Exception {
    try (Held users = Held.of(setgroups, map)) {
      refused(users.file().toString())
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("namespaces[6].path", word);
    }
  }

  @Test
  void refusesWhatIsNoUserNamespace() throws Exception {
    int pid = node.started("c", node.spec("sleep", "60")).getPid();
    refused("/proc/" + pid + "/ns/net")
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("type user");
  }

  @Test
  void refusesAListThatSaysSomethingElse() {
    ContainerSpec.Builder listed = joining(node.spec("true"), ofProcess(1));
    listed.getUserNamespaceBuilder().setMode(UserNamespace.Mode.AUTO);
    Problem.of(() -> node.create("bad", listed))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("user_namespace.mode");
    ContainerSpec.Builder unlisted = node.spec("true");
    unlisted.getUserNamespaceBuilder().setMode(UserNamespace.Mode.JOINED);
    Problem.of(() -> node.create("bad", unlisted))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("user_namespace.mode");
  }

  @Test
  void isTheHostsWhereTheGuardAllowsThat() throws Exception {
    try (TestNode lenient = TestNode.launch("user-namespace.host = true")) {
      String path = ofProcess((int) ProcessHandle.current().pid());
      String seen = lenient.run(joining(lenient.shell("readlink /proc/self/ns/user"), path)).out();
      assertThat(seen.strip()).isEqualTo(linkOf((int) ProcessHandle.current().pid()));
    }
  }
}
