package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.HookStarted;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Programs of the operator's that run beside a container's life. */
class HooksIT {
  /** Found by it on the whole machine, where others test too. */
  private final String napping =
      "sleep " + ThreadLocalRandom.current().nextInt(100_000_000, 1_000_000_000);

  private TestNode node;
  private Path hook;
  private Path shared;

  @BeforeEach
  void start() throws Exception {
    launch(2);
  }

  private void launch(int mostSeconds) throws IOException {
    node = TestNode.launch("limits.hook-timeout-seconds = " + mostSeconds);
    hook = node.base().resolve("hooks/hook");
    node.allow("hook = " + hook);
    node.restart();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
    if (shared != null) {
      Files.delete(shared.resolve("hook"));
      Files.delete(shared);
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
        .addPrestart(call("prestart"))
        .addPoststart(call("poststart"))
        .addPoststop(call("poststop"));

    int pid = node.create("c", spec).getPid();
    assertThat(Files.readAllLines(said())).hasSize(2);
    assertThat(Files.readAllLines(said()).getFirst())
        .startsWith("prestart {")
        .contains("\"status\":\"creating\"");
    assertThat(Files.readAllLines(said()).getLast())
        .startsWith("createRuntime {")
        .contains("\"status\":\"creating\"")
        .contains("\"ociVersion\":\"1.2.0\"")
        .contains("\"id\":\"c\"")
        .contains("\"pid\":" + pid)
        .contains("\"annotations\":{\"k\\\"\":\"v\\u000a\"}");
    node.start("c");
    assertThat(Files.readAllLines(said()).get(2)).startsWith("poststart {").contains("running");
    node.delete("c", true);
    assertThat(Files.readAllLines(said()).get(3)).startsWith("poststop {").contains("stopped");
    Problem.of(() -> node.delete("c", true)).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    assertThat(Files.readAllLines(said())).hasSize(4);
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

  /** The sandbox waits for them: nothing of it can be ended meanwhile. */
  @Test
  void hooksOfOneKindHaveTheTimeOfOne() throws Exception {
    node.close();
    launch(4);
    does("sleep $1");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder()
        .addCreateRuntime(call("1"))
        .addCreateRuntime(call("1"))
        .addCreateRuntime(call("60"));
    refused(spec).says("createRuntime[2]", "was killed");
    assertThat(Recorded.of(node).stream().filter(Event::hasHookFinished))
        .extracting(event -> event.getHookFinished().getDuration().getSeconds())
        .hasSize(3)
        .last()
        .as("of four, the others had two")
        .satisfies(seconds -> assertThat(seconds).isLessThan(4));
  }

  /** Through its processes others could look at the host. */
  @Test
  void oneInTheContainerNeedsAPidNamespaceForEach() throws Exception {
    Path program = reachable();
    Files.writeString(program, "#!/bin/sh\ntrue\n");
    ContainerSpec.Builder hooked = node.spec("true");
    hooked.getHooksBuilder().addCreateContainerBuilder().setPath(program.toString());
    ContainerSpec.Builder shared = node.spec("sleep", "60");
    shared.clearNamespaces();
    node.spec("true").getNamespacesList().stream()
        .filter(one -> one.getType() != Namespace.Type.PID)
        .forEach(shared::addNamespaces);
    node.createSandbox("box");
    node.createIn("box", "one", hooked);
    node.createIn("box", "seeing", shared);
    Problem.of(() -> node.createIn("box", "two", hooked))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("PID namespace");
    node.deleteSandbox("box", true);
  }

  /** Else it could be laid over a program of the host's, by who exchanges the link meanwhile. */
  @Test
  void oneInTheContainerFindsItsRootByNoLink() throws Exception {
    Path program = reachable();
    Files.writeString(program, "#!/bin/sh\ntrue\n");
    Files.createSymbolicLink(node.base().resolve("images/link"), Path.of("plain"));
    ContainerSpec.Builder spec = node.spec("true");
    spec.getRootBuilder().setPath(node.base() + "/images/link");
    node.create("c", spec);
    node.delete("c");
    spec.getHooksBuilder().addCreateContainerBuilder().setPath(program.toString());
    Problem.of(() -> node.create("c", spec)).says("root.path", "no link");
  }

  @Test
  void aDaemonThatKeepsTheOutputOpenHoldsNothingUp() throws Exception {
    node.close();
    launch(60);
    does("(setsid " + napping + ") & echo started; exit 0");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    try {
      long began = System.nanoTime();
      node.create("c", spec);
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(TestNode.PATIENCE);
    } finally {
      TestNode.eventually("the daemon is there", () -> napping().findAny().isPresent());
      napping().forEach(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void outputWithoutEndCostsNothing() throws Exception {
    does("head -c 5000000 /dev/zero | tr '\\0' x; echo last; exit 1");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(call());
    refused(spec).says("last");
  }

  @Test
  void aPoststartHookThatFailsEndsTheContainer() throws Exception {
    does("exit 1");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addPoststart(call()).addPoststop(call());
    node.create("c", spec);
    Problem.of(() -> node.start("c"))
        .is(Status.Code.ABORTED, Reason.HOOK_FAILED)
        .says("poststart[0]", "code 1");
    assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
    assertThat(node.await("c").getSignal()).isEqualTo(9);
    node.delete("c", false);
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void anAttachedRunWhoseHookFailsLeavesNothing() throws Exception {
    does("[ \"$1\" = poststop ] || exit 1");
    node.deleteEverything();
    Traces before = Traces.of(node);
    for (String kind : java.util.List.of("poststart", "startContainer")) {
      ContainerSpec.Builder spec = node.spec("sleep", "60");
      if (kind.equals("poststart")) {
        spec.getHooksBuilder().addPoststart(call());
      } else {
        spec.getHooksBuilder().addStartContainerBuilder().setPath("/bin/false");
      }
      Problem.of(node.runAttached(node.request("c", spec).build()).failure())
          .is(Status.Code.ABORTED, Reason.HOOK_FAILED)
          .says(kind + "[0]");
      TestNode.eventually("nothing is left", () -> Traces.of(node).equals(before));
    }
  }

  /** Of the host, so that it can undo what an earlier one has done. */
  @Test
  void aPoststopHookRunsWhereTheCreationFailed() throws Exception {
    does("echo \"$1 $(cat)\" >> " + said() + "; [ \"$1\" != second ]");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder()
        .addCreateRuntime(call("first"))
        .addCreateRuntime(call("second"))
        .addPoststop(call("third"));
    refused(spec).says("createRuntime[1]");
    assertThat(Files.readAllLines(said())).hasSize(3);
    assertThat(Files.readAllLines(said()).get(2)).startsWith("third {").contains("stopped");

    spec.getHooksBuilder().clearCreateRuntime();
    spec.getProcessBuilder().addRlimitsBuilder().setType("RLIMIT_CORE").setSoft(2).setHard(1);
    Problem.of(() -> node.create("c", spec));
    assertThat(Files.readAllLines(said())).hasSize(3);
  }

  /** A program of the host in the container's namespaces, before its root is entered. */
  @ParameterizedTest
  @EnumSource(names = {"AUTO", "HOST"})
  void workInTheContainerWhileItIsMade(UserNamespace.Mode users) throws Exception {
    node.allow("user-namespace.host = true");
    node.restart();
    Path program = reachable();
    Files.createDirectories(node.rootfs().resolve("mnt"));
    Files.writeString(
        program,
        """
        #!/bin/sh
        cat > state
        setsid %s < /dev/null > /dev/null 2>&1 &
        readlink /proc/self/ns/net > net
        mount -t tmpfs tmpfs mnt && echo mounted > mnt/file
        echo "$1 $VALUE $(id -u)"  > said
        test -e /usr/bin/env && test ! -e usr/bin/env && echo host > sees
        """
            .formatted(napping));
    ContainerSpec.Builder spec =
        node.shell("cat state said sees mnt/file net; readlink /proc/self/ns/net; rm state said");
    spec.getUserNamespaceBuilder().setMode(users);
    spec.getHooksBuilder()
        .addCreateContainerBuilder()
        .setPath(program.toString())
        .addArgs("hook")
        .addArgs("argument")
        .addEnv("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        .addEnv("VALUE=value");

    int pid = node.create("c", spec).getPid();
    String mounts = Files.readString(Path.of("/proc/" + pid + "/mountinfo"));
    assertThat(mounts).contains(" /mnt ").doesNotContain(" /host", program.toString());
    assertThat(napping()).isEmpty();
    // It stands in the old root until it is started.
    assertThat(Path.of("/proc/" + pid + "/cwd/host")).isEmptyDirectory();
    node.delete("c", true);

    Ended ended = node.run(spec);
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).contains("\"status\":\"creating\",\"pid\":1,");
    assertThat(ended.out()).contains("argument value 0\n", "host\n", "mounted\n");
    java.util.List<String> lines = ended.out().lines().toList();
    assertThat(lines.getLast()).isEqualTo(lines.get(lines.size() - 2)).startsWith("net:");
    assertThat(node.rootfs().resolve("mnt")).isEmptyDirectory();
  }

  private Stream<ProcessHandle> napping() {
    return ProcessHandle.allProcesses()
        .filter(process ->
            process.info().commandLine().filter(line -> line.contains(napping)).isPresent());
  }

  /** A directory that everybody can search, with a program that the guard allows. */
  private Path reachable() throws IOException {
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "caisson-hooks");
    shared = directory;
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path program = Files.createFile(directory.resolve("hook"));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    node.allow("hook = " + program);
    node.restart();
    return program;
  }

  @Test
  void oneThatFailsWhileTheContainerIsMadeEndsTheCreation() throws Exception {
    Path program = reachable();
    Files.writeString(program, "#!/bin/sh\necho no library; exit 4\n");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateContainerBuilder().setPath(program.toString());
    refused(spec).says("createContainer[0]", "code 4", "no library");
    Files.writeString(program, "#!/bin/sh\nsleep 60 & sleep 60\n");
    refused(spec).says("longer than 2 s");
    Files.writeString(program, "#!/no/such/interpreter\n");
    refused(spec).says("createContainer[0]", "ENOENT");
  }

  /** A program of the container's, with the container's rights. */
  @Test
  void runInTheContainerBeforeItsProgram() throws Exception {
    ContainerSpec.Builder spec = node.shell("cat /tmp/state; echo program");
    Files.createDirectories(node.rootfs().resolve("tmp"));
    spec.addMountsBuilder()
        .setDestination("/tmp")
        .setType("tmpfs")
        .setSource("tmpfs")
        .addOptions("mode=1777");
    spec.getProcessBuilder().getUserBuilder().setUid(1000).setGid(1001).addAdditionalGids(7);
    spec.getHooksBuilder()
        .addStartContainer(
            inContainer(
                "cat > /tmp/state; echo >> /tmp/state; id -u >> /tmp/state; id -G >> /tmp/state;"
                    + " env >> /tmp/state; grep -E 'NoNewPrivs|Seccomp:|CapEff' /proc/self/status"
                    + " >> /tmp/state; readlink /proc/self/ns/pid >> /tmp/state"));
    node.create("c", spec);
    node.start("c");
    Ended ended = node.run(spec.clone());
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out())
        .contains("\"status\":\"created\",\"pid\":1,", "\n1000\n1001 7\n", "\nA=b\n")
        .contains("\nNoNewPrivs:\t1\n", "\nCapEff:\t0000000000000000\n")
        .doesNotContain("HOME=")
        .endsWith("program\n");
  }

  private static Hook.Builder inContainer(String script) {
    return Hook.newBuilder()
        .setPath("/bin/sh")
        .addArgs("sh")
        .addArgs("-c")
        .addArgs(script)
        .addEnv("A=b");
  }

  @Test
  void oneThatFailsBeforeTheProgramStopsTheContainer() throws Exception {
    does("echo \"$1\" >> " + said());
    ContainerSpec.Builder spec = node.spec("sh", "-c", "echo ran > /ran");
    spec.getHooksBuilder()
        .addStartContainer(inContainer("echo no key; exit 5"))
        .addPoststop(call("poststop"));
    node.create("c", spec);
    node.restart(); // another executor knows of it, too
    Problem.of(() -> node.start("c"))
        .is(Status.Code.ABORTED, Reason.HOOK_FAILED)
        .says("startContainer[0]", "/bin/sh", "code 5", "no key");
    assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
    assertThat(said()).doesNotExist();
    node.delete("c", false);
    assertThat(Files.readString(said())).isEqualTo("poststop\n");
    assertThat(node.rootfs().resolve("ran")).doesNotExist();
  }

  @Test
  void oneThatTakesTooLongBeforeTheProgramIsKilledWithAllThatItStarted() throws Exception {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addStartContainer(inContainer("sleep 60 & sleep 60"));
    node.create("c", spec);
    Problem.of(() -> node.start("c")).says("startContainer[0]", "longer than 2 s");
    node.delete("c", false);
  }

  @Test
  void oneThatTheContainerLacksSaysSo() throws Exception {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addStartContainerBuilder().setPath("/no/such/program");
    node.create("c", spec);
    Problem.of(() -> node.start("c"))
        .is(Status.Code.ABORTED, Reason.HOOK_FAILED)
        .says("startContainer[0]", "/no/such/program", "ENOENT");
  }

  /** The signal comes while the hook runs; its end is met there. */
  @Test
  void aContainerThatIsKilledWhileItsHookRunsDoesNotStart() throws Exception {
    ContainerSpec.Builder spec = node.spec("sh", "-c", "echo ran > /ran");
    spec.getHooksBuilder().addStartContainer(inContainer("kill -9 1; sleep 60"));
    node.create("c", spec);
    Problem.of(() -> node.start("c"));
    TestNode.eventually("it has ended", () -> node.state("c") == ContainerState.STOPPED);
    assertThat(node.rootfs().resolve("ran")).doesNotExist();
  }

  @Test
  void areRecordedWithWhatCameOfThem() throws Exception {
    does("echo out of the hook; exit $1");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addCreateRuntime(call("0")).addPoststop(call("7"));
    node.create("c", spec);
    node.delete("c");
    List<Event> events = Recorded.of(node);
    assertThat(events.stream().filter(Event::hasHookStarted).map(Event::getHookStarted))
        .extracting(HookStarted::getKind)
        .containsExactly("createRuntime", "poststop");
    List<HookFinished> finished =
        events.stream().filter(Event::hasHookFinished).map(Event::getHookFinished).toList();
    assertThat(finished).extracting(one -> one.getStatus().getCode()).containsExactly(0, 7);
    assertThat(finished).extracting(HookFinished::getOutputTail).containsOnly("out of the hook\n");
    assertThat(finished).extracting(HookFinished::getPath).containsOnly(hook.toString());
    List<Event> last = events.subList(events.size() - 4, events.size());
    assertThat(last.get(1).hasHookFinished()).as("before the end of the deletion").isTrue();
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

  /** And not in that of whoever starts it. */
  @Test
  void runsInTheContainersCgroup() throws Exception {
    Path program = reachable();
    Files.writeString(
        program, "#!/bin/sh\nread=$(cat /proc/self/cgroup); echo \"$read\"; exit 1\n");
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateContainerBuilder().setPath(program.toString());
    // As seen from the container's cgroup namespace: elsewhere would begin with "/..".
    assertThat(refused(spec).says("0::/").sentence()).doesNotContain("/..");
  }
}
