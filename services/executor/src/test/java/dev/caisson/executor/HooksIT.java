package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Hook;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs of the operator's that run beside a container's life. */
class HooksIT {
  private TestNode node;
  private Path hook;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch("limits.hook-timeout-seconds = 2");
    hook = node.base().resolve("hooks/hook");
    node.allow("hook = " + hook);
    node.restart();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private void does(String script) throws IOException {
    Files.writeString(hook, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Path said() {
    return node.base().resolve("said");
  }

  private Hook.Builder call(String... args) {
    return Hook.newBuilder()
        .setPath(hook.toString())
        .addArgs("hook")
        .addAllArgs(java.util.List.of(args));
  }

  private Problem refused(ContainerSpec.Builder spec) {
    node.deleteEverything(); // and is connected from now on
    Traces before = Traces.of(node);
    Problem problem =
        Problem.of(() -> node.create("c", spec)).is(Status.Code.ABORTED, Reason.HOOK_FAILED);
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).usingRecursiveComparison().isEqualTo(before));
    return problem;
  }

  @Test
  void runAtTheirPointsWithTheStateOnTheirInput() throws Exception {
    does("echo \"$1 $(cat)\" >> " + said());
    ContainerSpec.Builder spec = node.spec("sleep", "60").putAnnotations("k\"", "v\n");
    spec.getHooksBuilder()
        .addCreateRuntime(call("createRuntime"))
        .addPoststart(call("poststart"))
        .addPoststop(call("poststop"));

    int pid = node.create("c", spec).getPid();
    assertThat(Files.readAllLines(said())).hasSize(1);
    assertThat(Files.readString(said()))
        .startsWith("createRuntime {")
        .contains("\"ociVersion\":\"1.2.0\"")
        .contains("\"id\":\"c\"")
        .contains("\"pid\":" + pid)
        .contains("\"annotations\":{\"k\\\"\":\"v\\u000a\"}");
    node.start("c");
    assertThat(Files.readAllLines(said()).get(1)).startsWith("poststart {").contains("running");
    node.delete("c", true);
    assertThat(Files.readAllLines(said()).get(2)).startsWith("poststop {").contains("stopped");
    assertThat(Files.readAllLines(said())).hasSize(3);
  }

  @Test
  void seeTheNamespacesOfTheContainer() throws Exception {
    does(
        "pid=$(cat | sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); readlink /proc/$pid/ns/net > "
            + said());
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addCreateRuntime(call());
    node.started("c", spec);

    assertThat(node.exec("c", "readlink", "/proc/self/ns/net").ended().out())
        .isEqualTo(Files.readString(said()));
    assertThat(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString())
        .isNotEqualTo(Files.readString(said()).strip());
  }

  @Test
  void aCreateRuntimeHookThatFailsEndsTheCreation() throws Exception {
    does("echo no network >&2; exit 3");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    refused(spec).says("createRuntime[0]", "code 3", "no network");
  }

  @Test
  void aHookThatTakesTooLongIsKilled() throws Exception {
    does("sleep 60; echo late");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call().setTimeoutSeconds(1));
    refused(spec).says("longer than 1 s");
  }

  @Test
  void theGuardsLimitHoldsWhereAHookNamesNone() throws Exception {
    does("sleep 60");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    refused(spec).says("longer than 2 s");
  }

  @Test
  void aDaemonThatKeepsTheOutputOpenHoldsNothingUp() throws Exception {
    does("(setsid sleep 3) & echo started; exit 0");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    long began = System.nanoTime();
    node.create("c", spec);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void outputWithoutEndCostsNothing() throws Exception {
    does("head -c 50000000 /dev/zero | tr '\\0' x; echo last; exit 1");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    refused(spec).says("last");
  }

  @Test
  void aPoststartHookThatFailsDoesNotEndTheContainer() throws Exception {
    does("exit 1");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addPoststart(call()).addPoststop(call());
    node.create("c", spec);
    assertThat(node.start("c").getState()).isEqualTo(ContainerState.RUNNING);
    node.delete("c", true);
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void aHookMayAskForTheStateOfItsContainer() throws Exception {
    Path go = node.base().resolve("go");
    does("while [ ! -e " + go + " ]; do :; done");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addPoststart(call());
    node.create("c", spec);
    var start = node.future().startContainer(TestNode.startRequest("c"));
    TestNode.eventually("it runs", () -> node.state("c") == ContainerState.RUNNING);
    assertThat(start.isDone()).isFalse();
    Files.createFile(go);
    assertThat(start.get().getState()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void oneThatIsNotOnTheListIsRefused() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntimeBuilder().setPath("/bin/true");
    Problem.of(() -> node.create("c", spec))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
        .says("/bin/true");
  }

  @Test
  void oneThatAsksForMoreTimeThanThereIsIsRefused() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call().setTimeoutSeconds(3));
    Problem.of(() -> node.create("c", spec))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  @Test
  void oneThatOthersMayWriteDoesNotRun() throws Exception {
    does("echo ran > " + said());
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxrwxr-x"));
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    refused(spec).says("may write to it");
    assertThat(said()).doesNotExist();
  }

  /** The directories that are looked at would not be those that decide. */
  @Test
  void oneThatALinkLeadsToDoesNotRun() throws Exception {
    does("echo ran > " + said());
    Path links = Files.createDirectory(node.base().resolve("links"));
    Path above = Files.createSymbolicLink(links.resolve("hooks"), hook.getParent());
    Path file = Files.createSymbolicLink(links.resolve("hook"), hook);
    node.allow("hook = " + above.resolve("hook"), "hook = " + file);
    node.restart();
    for (Path path : java.util.List.of(above.resolve("hook"), file)) {
      ContainerSpec.Builder spec = node.spec("true");
      spec.getHooksBuilder().addCreateRuntimeBuilder().setPath(path.toString());
      refused(spec).says("its path leads through a symbolic link");
    }
    assertThat(said()).doesNotExist();
  }

  @Test
  void oneOfAnotherOwnerDoesNotRun() throws Exception {
    does("echo ran > " + said());
    Files.setAttribute(hook, "unix:uid", 1000);
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    refused(spec).says("belongs to user 1000");
    assertThat(said()).doesNotExist();
  }

  @Test
  void oneOfOtherContentDoesNotRun() throws Exception {
    Path other = node.base().resolve("hooks/other");
    Files.writeString(other, "#!/bin/sh\necho ran > " + said() + "\n");
    Files.setPosixFilePermissions(other, PosixFilePermissions.fromString("rwxr-xr-x"));
    node.allow("hook = " + other + " sha256=" + "0".repeat(64));
    node.restart();
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntimeBuilder().setPath(other.toString());
    refused(spec).says("SHA-256 differs");
    assertThat(said()).doesNotExist();
  }

  @Test
  void oneThatIsNotThereSaysSo() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    refused(spec).says("ENOENT");
  }
}
