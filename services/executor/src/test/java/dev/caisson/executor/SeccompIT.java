package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.TextFormat;
import dev.caisson.executor.seccomp.Filters;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.proto.types.v1.Seccomp.SyscallRule;
import io.grpc.Status;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Filters of system calls, on processes. */
class SeccompIT extends OnNode {
  private static final Path AGENT_SOURCE = Path.of("src/test/c/seccomp_agent.c");

  private static final Path PROBE_SOURCE = Path.of("src/test/c/filter_probe.c");

  /** SIGSYS on each architecture that there is a program for. */
  private static final int SIGSYS = 31;

  /** errno.h. */
  private static final int EPERM = 1;

  private static final int ENOSYS = 38;
  private static final int EAFNOSUPPORT = 97;
  private static final int ENOKEY = 126;

  /** AF_ALG and AF_VSOCK. */
  private static final List<Integer> FORBIDDEN = List.of(38, 40);

  private static Path agents;
  private static Path agent;

  @BeforeAll
  static void allowFilters() throws Exception {
    agents = Files.createDirectory(node.base().resolve("agents"));
    allow("new-privileges = true", "seccomp.denied =", "seccomp.listeners = " + agents);
    agent = node.base().resolve("seccomp_agent");
    onHost("gcc", "-Wall", "-o", agent.toString(), AGENT_SOURCE.toString());
    String probe = node.rootfs().resolve("bin/filter_probe").toString();
    onHost("gcc", "-Wall", "-static", "-o", probe, PROBE_SOURCE.toString());
  }

  private static Seccomp.Builder failing(String action, String... calls) {
    return Seccomp.newBuilder()
        .setDefaultAction("SCMP_ACT_ALLOW")
        .addArchitectures("SCMP_ARCH_X86_64")
        .addRules(SyscallRule.newBuilder().setAction(action).addAllNames(List.of(calls)));
  }

  /** EXDEV, which mkdir(2) never says by itself. */
  private static Seccomp.Builder noDirectories() {
    Seccomp.Builder seccomp = failing("SCMP_ACT_ERRNO", "mkdir", "mkdirat", "no_such_call");
    seccomp.getRulesBuilder(0).setErrno(18);
    return seccomp;
  }

  private static ContainerSpec.Builder shell(Seccomp.Builder seccomp, String script) {
    return node.shell(script).setSeccomp(seccomp);
  }

  @Test
  void aCallThatTheFilterRefusesFailsAsItSays() {
    Ended ended = node.run(shell(noDirectories(), "grep Seccomp: /proc/self/status; mkdir /tmp/x"));

    assertThat(ended.out()).isEqualTo("Seccomp:\t2\n");
    assertThat(ended.err()).contains("Invalid cross-device link");
    assertThat(ended.code()).isEqualTo(1);
  }

  @Test
  void whatIsExecutedLaterHasTheSameFilter() {
    node.started("c", node.spec("sleep", "60").setSeccomp(noDirectories()));

    Ended ended =
        node.exec("c", "sh", "-c", "grep Seccomp: /proc/self/status; mkdir /tmp/x").ended();

    assertThat(ended.out()).isEqualTo("Seccomp:\t2\n");
    assertThat(ended.err()).contains("Invalid cross-device link");
  }

  @Test
  void whatIsExecutedLaterHasItAfterARestartToo() throws Exception {
    node.started("c", node.spec("sleep", "60").setSeccomp(noDirectories()));
    node.restart();

    assertThat(node.exec("c", "mkdir", "/tmp/x").ended().err())
        .contains("Invalid cross-device link");
  }

  /** Without no_new_privs it goes in while the process may still do that. */
  @Test
  void isInForceForAnyUserWithNewPrivileges() {
    ContainerSpec.Builder spec =
        shell(noDirectories(), "grep -E 'Seccomp:|NoNewPrivs|CapEff' /proc/self/status; mkdir /x");
    spec.getProcessBuilder().setNoNewPrivileges(false).getUserBuilder().setUid(1000).setGid(1000);

    Ended ended = node.run(spec);

    assertThat(ended.out()).isEqualTo("CapEff:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n");
    assertThat(ended.err()).contains("Invalid cross-device link");
  }

  @Test
  void aFilterMayEndTheProcess() {
    Ended ended =
        node.run(shell(failing("SCMP_ACT_KILL_PROCESS", "mkdir", "mkdirat"), "exec mkdir /x"));

    assertThat(ended.signal()).isEqualTo(SIGSYS);
  }

  /** Why the program was not executed is told by memory, which no filter forbids. */
  @Test
  void aFailureIsReportedThoughTheFilterForbidsWriting() {
    Seccomp.Builder silent =
        failing("SCMP_ACT_ERRNO", "write", "writev", "sendto", "sendmsg", "pwrite64");
    ContainerSpec.Builder spec = node.spec("no-such-program").setSeccomp(silent);
    var _ = node.create("c", spec);

    Problem.of(() -> node.start("c"))
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND)
        .says("Failed to execute no-such-program: ENOENT (2)");
  }

  @Test
  void aFilterUnderWhichNothingCouldStartIsRefused() {
    Problem.of(() ->
            node.create("c", node.spec("true").setSeccomp(failing("SCMP_ACT_ERRNO", "execve"))))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("seccomp must let execve pass");
  }

  @Test
  void aFilterThatForbidsTheSetupSaysWhich() {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getProcessBuilder().setNoNewPrivileges(false);
    spec.setSeccomp(failing("SCMP_ACT_ERRNO", "setresuid"));

    Problem.of(() -> node.create("c", spec))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("seccomp must let setresuid pass");
  }

  // ---- The default filter

  private static Seccomp usual() throws IOException {
    String name = "default-" + System.getProperty("os.arch") + ".txtpb";
    try (InputStream text = Objects.requireNonNull(Filters.class.getResourceAsStream(name))) {
      return TextFormat.parse(new String(text.readAllBytes(), UTF_8), Seccomp.class);
    }
  }

  /** What came of each way to make sockets. */
  private static Map<String, Integer> sockets(Seccomp filter) {
    return out(node.spec("filter_probe").setSeccomp(filter))
        .lines()
        .map(line -> line.split(": "))
        .collect(toMap(words -> words[0], words -> Integer.parseInt(words[1])));
  }

  @Test
  void theDefaultFilterLetsNoWayLeadToTheHypervisor() throws Exception {
    Map<String, Integer> sockets = sockets(usual());

    assertThat(sockets).containsEntry("socket 2", 0).containsEntry("socket + 2^32 2", 0);
    for (int family : FORBIDDEN) {
      assertThat(sockets)
          .containsEntry("socket " + family, EPERM)
          .containsEntry("socket + 2^32 " + family, EPERM);
    }
  }

  @Test
  void norDoesOneOfAnArchitectureThatTheProcessorKnowsToo() throws Exception {
    assumeTrue(runsI386(), "Skipped: this machine runs no calls of i386");
    Map<String, Integer> sockets = sockets(usual());

    assertThat(sockets).containsEntry("i386 socket 2", 0);
    for (int family : FORBIDDEN) {
      assertThat(sockets)
          .containsEntry("i386 socket " + family, EPERM)
          .containsEntry("i386 socketcall " + family, ENOSYS);
    }
  }

  /** Asked on the host: in a container it is the filter that might keep it from running. */
  private static boolean runsI386() throws Exception {
    Process probe =
        new ProcessBuilder(node.rootfs().resolve("bin/filter_probe").toString()).start();
    String all = new String(probe.getInputStream().readAllBytes(), UTF_8);
    assertThat(probe.waitFor()).isZero();
    return all.contains("i386 socket 2");
  }

  /** As the filter was, and as engines had it: the family alone, and in one of the calls. */
  @Test
  void aFilterThatComparesTheFamilyAloneIsPassedBy() throws Exception {
    Seccomp.Builder naive = usual().toBuilder();
    naive.getRulesBuilderList().stream()
        .filter(rule -> rule.getNamesList().equals(List.of("socket")))
        .forEach(rule ->
            rule.clearConditions().addConditionsBuilder().setOp("SCMP_CMP_NE").setValue(40));
    naive.getRulesBuilderList().stream()
        .filter(rule -> rule.getNamesList().contains("socketcall"))
        .forEach(rule -> rule.setAction("SCMP_ACT_ALLOW").clearErrno());

    Map<String, Integer> sockets = sockets(naive.build());

    assertThat(sockets).containsEntry("socket 40", EPERM);
    assertThat(sockets.get("socket + 2^32 40")).as("the kernel's answer").isIn(0, EAFNOSUPPORT);
    if (runsI386()) {
      assertThat(sockets.get("i386 socketcall 40")).isIn(0, EAFNOSUPPORT);
    }
  }

  // ---- Keys

  @Test
  void theKeysOfAContainerAreFoundByNoNeighbour() throws Exception {
    node.createSandbox("box");
    ContainerSpec.Builder owner =
        shell(
            noDirectories(),
            "filter_probe add k > /shared/added & until grep -q . /shared/added; do :; done;"
                + " filter_probe find k > /shared/found; wait");
    Path volume = node.share(owner);
    node.createIn("box", "owner", owner);
    node.start("owner");
    TestNode.eventually("the owner has looked", () -> said(volume.resolve("found")).length() > 0);
    String added = said(volume.resolve("added"));
    assumeFalse(added.equals(ENOSYS + "\n"), "Skipped: this kernel has no keys");
    assertThat(added).isEqualTo("added\n");
    assertThat(said(volume.resolve("found"))).isEqualTo("0\n");

    ContainerSpec.Builder neighbour = shell(noDirectories(), "filter_probe find k > /shared/found");
    Path other = node.share(neighbour);
    node.createIn("box", "neighbour", neighbour);
    node.start("neighbour");
    var _ = node.await("neighbour");

    assertThat(said(other.resolve("found"))).isEqualTo(ENOKEY + "\n");
    assertThat(node.exec("owner", "filter_probe", "find", "k").ended().out())
        .as("what is executed later has a ring of its own")
        .isEqualTo(ENOKEY + "\n");
  }

  private static String said(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- Calls that somebody answers

  private static Seccomp.Builder notifying(Path socket) {
    return failing("SCMP_ACT_NOTIFY", "mkdir", "mkdirat")
        .setListenerPath(socket.toString())
        .setListenerMetadata("for \"tests\"");
  }

  private record Agent(Process process, BufferedReader output) implements AutoCloseable {
    static Agent listening(Path socket, int listeners) throws Exception {
      Process process =
          new ProcessBuilder(agent.toString(), socket.toString(), Integer.toString(listeners))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      Agent started = new Agent(process, process.inputReader());
      assertThat(started.line()).isEqualTo("ready");
      return started;
    }

    String line() throws Exception {
      return String.valueOf(output.readLine());
    }

    @Override
    public void close() {
      try {
        process.onExit().orTimeout(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
      } finally {
        var _ = process.destroyForcibly();
      }
      assertThat(process.exitValue()).isZero();
    }
  }

  private static final String PRETENDED = "mkdir /tmp/x && [ ! -e /tmp/x ] && echo pretended";

  @Test
  void anAgentAnswersTheCallsOfAContainerAndOfWhatIsExecutedInIt() throws Exception {
    Path socket = agents.resolve("both.sock");
    try (Agent answering = Agent.listening(socket, 2)) {
      ContainerSpec.Builder spec =
          shell(notifying(socket), PRETENDED + " && exec sleep 60").putAnnotations("a", "b");
      node.started("c", spec);
      int pid = node.get("c").getPid();

      assertThat(answering.line())
          .startsWith("{\"ociVersion\":\"1.2.0\",\"fds\":[\"seccompFd\"],\"pid\":" + pid + ",")
          .contains("\"metadata\":\"for \\\"tests\\\"\"")
          .contains("\"state\":{\"ociVersion\":\"1.2.0\",\"id\":\"c\",\"status\":\"created\"")
          .endsWith("\"annotations\":{\"a\":\"b\"}}}");

      Ended executed = node.exec("c", "sh", "-c", PRETENDED).ended();
      assertThat(executed.out()).isEqualTo("pretended\n");
      assertThat(answering.line())
          .contains("\"status\":\"running\"")
          .doesNotContain("\"fds\":[\"seccompFd\"],\"pid\":" + pid + ",");
    }
  }

  @Test
  void theListenerIsHandedOnByALaterExecutorToo() throws Exception {
    Path socket = agents.resolve("later.sock");
    var _ = node.create("c", shell(notifying(socket), PRETENDED));
    node.restart();
    try (Agent answering = Agent.listening(socket, 1)) {
      var _ = node.start("c");
      assertThat(answering.line()).contains("\"id\":\"c\"");
      assertThat(node.await("c").getCode()).isZero();
    }
  }

  @Test
  void nothingStartsWhereNobodyListens() throws Exception {
    Path socket = agents.resolve("nobody.sock");
    var _ = node.create("c", shell(notifying(socket), PRETENDED));

    Problem.of(() -> node.start("c"))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("seccomp.listener_path must be there");
    Files.createFile(socket);
    Problem.of(() -> node.start("c"))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("seccomp.listener_path must be a socket");
    assertThat(node.state("c")).isEqualTo(ContainerState.CREATED);
    Files.delete(socket);
    try (Agent answering = Agent.listening(socket, 1)) {
      var _ = node.start("c");
      assertThat(answering.line()).contains("\"id\":\"c\"");
    }
    assertThat(node.await("c").getCode()).isZero();
  }

  @Test
  void aLinkThatLeadsOutOfTheAllowedDirectoryIsNotFollowed() throws Exception {
    Path outside = node.base().resolve("outside.sock");
    Files.createFile(outside);
    Path link = Files.createSymbolicLink(agents.resolve("link.sock"), outside);
    var _ = node.create("c", shell(notifying(link), "true"));

    Problem.of(() -> node.start("c"))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
        .says("must not lead out of its allowed directory");
  }
}
