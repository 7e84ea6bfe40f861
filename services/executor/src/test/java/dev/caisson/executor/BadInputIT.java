package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.GetContainerRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be done is refused with a reason and a sentence, and leaves nothing behind. */
class BadInputIT extends OnNode {
  private static boolean warm;
  private Traces before;

  @BeforeEach
  void look() {
    if (!warm) {
      // Each kind of call once: threads, connections and files that stay belong to no container.
      assertThat(node.run(node.spec("true")).code()).isZero();
      Problem.of(() -> node.started("warm", node.spec("no-such-program")));
      node.delete("warm");
      warm = true;
    }
    before = Traces.of(node);
  }

  @AfterEach
  void nothingIsLeft() {
    node.deleteEverything();
    assertLooksAsBefore();
  }

  private void assertLooksAsBefore() {
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).usingRecursiveComparison().isEqualTo(before));
  }

  private Problem refused(ContainerSpec.Builder spec, Status.Code code, Reason reason) {
    Problem problem = Problem.of(() -> node.create("bad", spec)).is(code, reason);
    assertLooksAsBefore();
    Problem.of(node.runAttached(node.request("bad", spec).build()).failure()).is(code, reason);
    assertLooksAsBefore();
    return problem;
  }

  private Problem invalid(Consumer<ContainerSpec.Builder> change) {
    ContainerSpec.Builder spec = node.spec("true");
    change.accept(spec);
    return refused(spec, Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  private Problem guarded(Consumer<ContainerSpec.Builder> change) {
    ContainerSpec.Builder spec = node.spec("true");
    change.accept(spec);
    return refused(spec, Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  private void toldOf(String field, Reason reason, Consumer<ContainerSpec.Builder> change) {
    ContainerSpec.Builder spec = node.spec("true");
    change.accept(spec);
    Status.Code code =
        reason == Reason.INVALID_SPEC
            ? Status.Code.INVALID_ARGUMENT
            : Status.Code.FAILED_PRECONDITION;
    Problem problem = refused(spec, code, reason).says(field);
    assertThat(problem.info().getMetadataMap().get("field")).isEqualTo(field);
  }

  private static Mount.Builder tmpfs(String destination, String... options) {
    return Mount.newBuilder()
        .setDestination(destination)
        .setType("tmpfs")
        .setSource("t")
        .addAllOptions(List.of(options));
  }

  /** What only the kernel knows is wrong is told by its field too. */
  @Test
  void whatTheKernelDoesNotTake() {
    toldOf("mounts[0]", Reason.INVALID_SPEC, spec -> spec.addMounts(tmpfs("/m", "bogus=1")));
    toldOf("mounts[0]", Reason.INVALID_SPEC, spec -> spec.addMounts(tmpfs("/m", "size=abc")));
    toldOf(
        "sysctl.net.nonexistent",
        Reason.INVALID_SPEC,
        spec -> spec.putSysctl("net.nonexistent", "1"));
    toldOf(
        "sysctl.net.ipv4.ip_forward",
        Reason.INVALID_SPEC,
        spec -> spec.putSysctl("net.ipv4.ip_forward", "many"));
    toldOf("masked_paths", Reason.INVALID_SPEC, spec -> spec.addMaskedPaths("/proc/self/fd/0"));
    toldOf(
        "process.capabilities.inheritable",
        Reason.INVALID_SPEC,
        spec -> spec.getProcessBuilder().getCapabilitiesBuilder().addInheritable("CAP_KILL"));
  }

  /** It is entered when the container is started. */
  @Test
  void aWorkingDirectoryThatIsAFile() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getProcessBuilder().setCwd("/bin/busybox");
    Problem problem =
        Problem.of(() -> node.started("bad", spec))
            .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    assertThat(problem.info().getMetadataMap()).containsEntry("field", "process.cwd");
  }

  @Test
  void aRootFilesystemThatIsNotThere() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getRootBuilder().setPath(node.base() + "/images/none");
    refused(spec, Status.Code.INVALID_ARGUMENT, Reason.ROOTFS_NOT_FOUND).says("root.path");
  }

  @Test
  void aRootFilesystemThatIsAFile() throws Exception {
    Path file = Files.createFile(node.base().resolve("images/file"));
    ContainerSpec.Builder spec = node.spec("true");
    spec.getRootBuilder().setPath(file.toString());
    refused(spec, Status.Code.INVALID_ARGUMENT, Reason.ROOTFS_NOT_FOUND).says("root.path");
    Files.delete(file);
  }

  @Test
  void aRootFilesystemThatLeadsOutOfItsRoot() throws Exception {
    Path link = Files.createSymbolicLink(node.base().resolve("images/out"), Path.of("/"));
    ContainerSpec.Builder spec = node.spec("true");
    spec.getRootBuilder().setPath(link.toString());
    Problem problem = Problem.of(() -> node.create("bad", spec));
    assertThat(problem.code()).isNotEqualTo(Status.Code.INTERNAL);
    assertLooksAsBefore();
    Files.delete(link);
  }

  @Test
  void aRootFilesystemOutsideOfTheAllowedRoots() {
    guarded(spec -> spec.getRootBuilder().setPath("/")).says("root filesystem");
    invalid(spec -> spec.getRootBuilder().setPath(node.base() + "/images/../volumes"))
        .says("root.path");
  }

  @Test
  void aCommandThatIsNotThere() {
    node.create("bad", node.spec("no-such-program"));
    Problem.of(() -> node.start("bad"))
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND)
        .says("no-such-program");
    TestNode.eventually("it stops", () -> node.state("bad") == ContainerState.STOPPED);
    node.delete("bad");
    assertLooksAsBefore();
    Problem.of(node.runAttached(node.request("bad", node.spec("/bin/none")).build()).failure())
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND)
        .says("/bin/none");
  }

  @Test
  void aCommandThatCannotBeExecuted() throws Exception {
    Path file = Files.createFile(node.rootfs().resolve("bin/plain"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Problem.of(node.runAttached(node.request("bad", node.spec("plain")).build()).failure())
        .is(Status.Code.PERMISSION_DENIED, Reason.COMMAND_NOT_EXECUTABLE);
    for (String path : List.of("/bin:/nowhere", "/nowhere:/bin", "/etc/none:/bin:/tmp")) {
      var looked = node.spec("plain");
      looked.getProcessBuilder().clearEnv().addEnv("PATH=" + path);
      Problem.of(node.runAttached(node.request("bad", looked).build()).failure())
          .is(Status.Code.PERMISSION_DENIED, Reason.COMMAND_NOT_EXECUTABLE);
    }
    Problem.of(node.runAttached(node.request("bad", node.spec("/tmp")).build()).failure())
        .is(Status.Code.PERMISSION_DENIED, Reason.COMMAND_NOT_EXECUTABLE);
    Files.delete(file);
  }

  @Test
  void aCommandIsLookedForAsAShellDoes() throws Exception {
    Path shadow = Files.createDirectories(node.rootfs().resolve("shadow"));
    Files.createFile(shadow.resolve("echo")); // which may not be executed
    var looked = node.spec("echo", "found");
    looked.getProcessBuilder().clearEnv().addEnv("PATH=/none:/shadow:/bin");
    assertThat(node.run(looked).out()).isEqualTo("found\n");
    looked.getProcessBuilder().setArgs(0, "bin/echo").setCwd("/");
    assertThat(node.run(looked).out()).isEqualTo("found\n");
    looked.getProcessBuilder().setArgs(0, "./echo").setCwd("/bin");
    assertThat(node.run(looked).out()).isEqualTo("found\n");
    looked.getProcessBuilder().setArgs(0, "./echo").setCwd("/tmp");
    Problem.of(node.runAttached(node.request("bad", looked).build()).failure())
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "..", ".", "a/b", "../x", "-x", "*", "?", "a b", "a\n", "ü"})
  void anIdThatIsNone(String id) {
    Problem.of(() -> node.create(id, node.spec("true")))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    Problem.of(() -> node.createSandbox(id)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    Problem.of(() -> node.get(id)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    Problem.of(() -> node.await(id)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    Problem.of(() -> node.delete(id, true)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    Problem.of(() -> node.signal(id, 9)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    Problem.of(node.attach(id).failure()).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    Problem.of(node.exec(id, "true").failure()).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
  }

  @Test
  void anIdThatIsVeryLong() {
    Problem.of(() -> node.get("a".repeat(1_000_000)))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    node.create("a".repeat(64), node.spec("true"));
    Problem.of(() -> node.create("a".repeat(65), node.spec("true")))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tenant/x", "..", "a\u0000b"})
  void aTenantThatIsNone(String tenant) {
    CreateContainerRequest request = node.request("c", node.spec("true")).setTenant(tenant).build();
    Problem.of(() -> node.stub().createContainer(request))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
  }

  @Test
  void anotherTenantsContainerIsNotThere() {
    node.create("c", node.spec("true"));
    GetContainerRequest request =
        GetContainerRequest.newBuilder().setTenant("other").setContainerId("c").build();
    Problem.of(() -> node.stub().getContainer(request))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void aSpecThatMissesWhatItNeeds() {
    invalid(spec -> spec.getProcessBuilder().clearArgs()).says("process.args");
    invalid(ContainerSpec.Builder::clearProcess).says("process");
    invalid(ContainerSpec.Builder::clearRoot);
    invalid(ContainerSpec.Builder::clearUserNamespace).says("user_namespace");
    invalid(spec -> spec.getProcessBuilder().clearArgs().addArgs("")).says("process.args");
    invalid(spec -> spec.getProcessBuilder().addArgs("a\u0000b")).says("process.args");
  }

  @Test
  void valuesThatAreNotPossible() {
    invalid(spec -> spec.getProcessBuilder().setCwd("relative")).says("process.cwd");
    invalid(spec -> spec.getProcessBuilder().addEnv("no-equals-sign")).says("process.env");
    invalid(spec -> spec.getProcessBuilder().setUser(User.newBuilder().setUid(-1)))
        .says("process.user");
    invalid(spec -> spec.getProcessBuilder().setUser(User.newBuilder().setUid(70_000)))
        .says("process.user");
    invalid(spec -> spec.setHostname("h".repeat(65))).says("hostname");
    invalid(spec -> spec.addMounts(Mount.newBuilder().setDestination("/").setType("tmpfs")));
  }

  @Test
  void whatTheGuardDoesNotAllow() {
    guarded(spec -> spec.getProcessBuilder().setNoNewPrivileges(false)).says("no_new_privileges");
    guarded(spec -> spec.getProcessBuilder().getCapabilitiesBuilder().addBounding("CAP_SYS_ADMIN"))
        .says("CAP_SYS_ADMIN");
    guarded(
        spec -> spec.setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST)));
    guarded(spec -> without(spec, Namespace.Type.NETWORK));
    guarded(spec -> without(spec, Namespace.Type.MOUNT));
    guarded(spec -> spec.setCgroupParent("/elsewhere"));
    guarded(spec -> spec.getHooksBuilder().addPoststopBuilder().setPath("/bin/true"));
    guarded(spec ->
        spec.addMounts(
            Mount.newBuilder().setDestination("/etc").setType("bind").setSource("/etc")));
    invalid(spec ->
            spec.addMounts(
                Mount.newBuilder()
                    .setDestination("/x")
                    .setType("bind")
                    .setSource(node.base() + "/volumes/../images")))
        .says("mounts[0].source");
  }

  private static void without(ContainerSpec.Builder spec, Namespace.Type type) {
    List<Namespace> others =
        spec.getNamespacesList().stream().filter(n -> n.getType() != type).toList();
    spec.clearNamespaces().addAllNamespaces(others);
  }

  @Test
  void aNamespaceOfAnothersIsRefused() {
    guarded(spec -> {
      without(spec, Namespace.Type.NETWORK);
      spec.addNamespaces(
          Namespace.newBuilder().setType(Namespace.Type.NETWORK).setPath("/proc/1/ns/net"));
    });
  }

  @Test
  void aBindSourceThatIsNotThere() {
    invalid(spec ->
            spec.addMounts(
                Mount.newBuilder()
                    .setDestination("/x")
                    .setType("bind")
                    .setSource(node.base() + "/volumes/none")))
        .says("mounts");
  }

  @Test
  void aBindSourceThatLeadsOutOfItsRoot() throws Exception {
    Path link = Files.createSymbolicLink(node.base().resolve("volumes/out"), Path.of("/etc"));
    ContainerSpec.Builder spec = node.spec("true");
    spec.addMounts(
        Mount.newBuilder().setDestination("/x").setType("bind").setSource(link.toString()));
    Problem problem = Problem.of(() -> node.create("bad", spec));
    assertThat(problem.code()).isNotEqualTo(Status.Code.INTERNAL);
    assertLooksAsBefore();
    Files.delete(link);
  }

  @Test
  void aMemoryLimitBelowWhatExecNeeds() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.setResources(
        Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(4096)));
    refused(spec, Status.Code.INVALID_ARGUMENT, Reason.LIMIT_TOO_LOW)
        .says("memory.limit", "at least");
  }

  @Test
  void limitsThatContradictEachOther() {
    invalid(spec ->
            spec.setResources(
                Resources.newBuilder()
                    .setMemory(Resources.Memory.newBuilder().setLimit(64 << 20).setSwap(32 << 20))))
        .says("swap");
    invalid(spec ->
        spec.setResources(Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setCpus("0-"))));
  }

  @Test
  void aCpuThatThisMachineDoesNotHave() {
    toldOf(
        "spec.resources.cpu.cpus",
        Reason.INVALID_SPEC,
        spec ->
            spec.setResources(
                Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setCpus("4000"))));
  }

  @Test
  void aTargetOfAMountThatIsALinkStaysInside() throws Exception {
    Path image = node.base().resolve("images/linked");
    Files.createDirectories(image.resolve("bin"));
    Files.copy(node.rootfs().resolve("bin/busybox"), image.resolve("bin/sh"));
    Files.createSymbolicLink(image.resolve("proc"), Path.of("/tmp/../../../../.."));
    ContainerSpec.Builder spec = node.shell("true");
    spec.getRootBuilder().setPath(image.toString());
    try {
      node.run(spec);
    } catch (java.util.concurrent.CompletionException e) {
      Problem problem = Problem.of(e.getCause());
      assertThat(problem.sentence()).contains("/proc");
    }
    assertLooksAsBefore();
    try (var files = Files.walk(image)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void anUnknownContainer() {
    Problem.of(() -> node.get("none")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.start("none")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.pause("none")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.resume("none")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.await("none")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.signal("none", 9)).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.delete("none", true))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(node.attach("none").failure()).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(node.exec("none", "true").failure())
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.createIn("none", "c", node.spec("true")))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  @Test
  void aSecondCreateLeavesTheFirstUntouched() {
    node.started("c", node.spec("sleep", "60"));
    Traces one = Traces.of(node);
    for (int i = 0; i < 3; i++) {
      Problem.of(() -> node.create("c", node.spec("true")))
          .is(Status.Code.ALREADY_EXISTS, Reason.CONTAINER_EXISTS)
          .says("c");
    }
    Problem.of(() -> node.createSandbox("c")).is(Status.Code.ALREADY_EXISTS, Reason.SANDBOX_EXISTS);
    TestNode.eventually(
        "unchanged",
        () -> Traces.of(node).equals(one),
        () -> assertThat(Traces.of(node)).isEqualTo(one));
    assertThat(node.exec("c", "true").ended().code()).isZero();
  }

  @Test
  void aMessageThatIsTooLarge() {
    ContainerSpec.Builder spec = node.spec("true", "x".repeat(200_000));
    refused(spec, Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC).says("process.args");
  }

  @Test
  void planningHasNoEffect() {
    var create = node.request("c", node.spec("true"));
    var plan =
        node.stub()
            .plan(dev.caisson.proto.executor.v1.PlanRequest.newBuilder().setCreate(create).build());
    assertThat(plan.getStepsList()).isNotEmpty();
    assertLooksAsBefore();
    assertThat(node.create("c", node.spec("true")).getPlanSha256()).isEqualTo(plan.getSha256());
  }
}
