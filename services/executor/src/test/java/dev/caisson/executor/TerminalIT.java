package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.User;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Processes at a terminal. */
class TerminalIT {
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch("capabilities = CAP_SYS_ADMIN");
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private ContainerSpec.Builder atTerminal(String... args) {
    ContainerSpec.Builder spec = node.spec(args);
    spec.getProcessBuilder().setTerminal(true);
    return spec;
  }

  private ContainerSpec.Builder script(String script) {
    return atTerminal("sh", "-c", script);
  }

  private AttachedClient<RunRequest, RunResponse> run(ContainerSpec.Builder spec) {
    return node.runAttached(node.request(node.newId("run"), spec).build());
  }

  /** What a script prints, with the ends of lines as a terminal writes them. */
  private String seen(ContainerSpec.Builder spec) {
    Ended ended = run(spec).ended();
    assertThat(ended.err()).isEmpty();
    return ended.out().replace("\r\n", "\n");
  }

  private static ExecProcess.Builder execAtTerminal(String id, String script) {
    ExecProcess.Builder exec = TestNode.execRequest(id, "sh", "-c", script);
    exec.getProcessBuilder().setTerminal(true);
    return exec;
  }

  @Test
  void hasTheFirstTerminalOfItsContainer() {
    assertThat(seen(script("tty; echo ok > $(tty); ls -1 /dev/pts")))
        .isEqualTo("/dev/pts/0\nok\n0\nptmx\n");
  }

  @Test
  void isTheControllingTerminalOfASessionOfItsOwn() {
    assertThat(seen(script("echo yes > /dev/tty; cut -d' ' -f5-8 /proc/self/stat")))
        .startsWith("yes\n")
        .contains(" 1 34816 1\n"); // session, 136:0, foreground group
  }

  @Test
  void hasThreeDescriptorsAndNoMore() {
    String list = "cd /proc/self/fd; for f in *; do [ -e $f ] && readlink /proc/1/fd/$f; done";
    assertThat(seen(script(list))).isEqualTo("/dev/pts/0\n".repeat(3));
    node.started("c", node.spec("sleep", "60"));
    assertThat(node.exec(execAtTerminal("c", list.replace("/proc/1", "/proc/$$"))).ended().out())
        .isEqualTo("/dev/pts/0\r\n".repeat(3));
  }

  @Test
  void isTheConsole() {
    assertThat(seen(script("stat -L -c %t:%T /dev/console $(tty); echo there > /dev/console")))
        .isEqualTo("88:0\n88:0\nthere\n");
    assertThat(seen(script("grep -c ' /0 /dev/console .*devpts' /proc/self/mountinfo")))
        .isEqualTo("1\n");
  }

  @Test
  void belongsToItsUserAndTheGroupOfTerminals() {
    ContainerSpec.Builder spec = script("stat -c '%u:%g %a' $(tty); echo mine > /dev/pts/0");
    spec.getProcessBuilder().setUser(User.newBuilder().setUid(1000).setGid(1000));
    assertThat(seen(spec)).isEqualTo("1000:5 620\nmine\n");
  }

  @Test
  void writesEverythingToOneOutput() {
    assertThat(seen(script("echo out; echo err >&2; exit 3"))).isEqualTo("out\nerr\n");
    assertThat(run(script("exit 3")).ended().code()).isEqualTo(3);
  }

  @Test
  void movesMuchOutput() {
    assertThat(seen(script("yes 0123456789 | head -n 100000")))
        .isEqualTo("0123456789\n".repeat(100_000));
  }

  @Test
  void movesMoreInputThanATerminalHolds() {
    var call = run(script("stty raw -echo; echo ready; head -c 3000000 | md5sum"));
    call.awaitOutput("ready");
    ByteString piece = ByteString.copyFrom(new byte[60_000]);
    for (int i = 0; i < 50; i++) {
      call.input(piece);
    }
    assertThat(call.ended().out()).endsWith("c9fc2d3dd83ab67a129ac10b09c9ebbb  -\n");
  }

  @Test
  void takesInputLineByLineAndEchoesIt() {
    var call = run(script("read a; echo got $a; read b; echo got $b"));
    call.input("one\n").awaitOutput("got one").input("two\n");
    assertThat(call.ended().out()).isEqualTo("one\r\ngot one\r\ntwo\r\ngot two\r\n");
  }

  @Test
  void endsInputByTheCharacterOfTheTerminal() {
    var call = run(script("cat; echo end")).input("a\n").awaitOutput("a\r\na\r\n").input("\u0004");
    assertThat(call.ended().out()).isEqualTo("a\r\na\r\nend\r\n");
  }

  @Test
  void interruptsTheForegroundProcessByACharacter() {
    var call = node.runAttached(node.request("c", atTerminal("sh", "-i")).build());
    call.input("sleep 1000\n");
    TestNode.eventually("it sleeps", () -> runs("c", "sleep"));
    call.input("\u0003").input("\necho code $?; exit 5\n");
    Ended ended = call.ended();
    assertThat(ended.code()).isEqualTo(5);
    assertThat(ended.out()).contains("^C").contains("code 130");
  }

  private boolean runs(String id, String command) {
    var request =
        ListProcessesRequest.newBuilder().setTenant(TestNode.TENANT).setContainerId(id).build();
    try {
      return node.stub().listProcesses(request).getProcessesList().stream()
          .anyMatch(process -> process.getCommand().equals(command));
    } catch (StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
      return false; // it is not there yet
    }
  }

  private void signalForeground(String id, String process, int signal) {
    var request = TestNode.signalRequest(id).setProcessId(process).setForeground(true);
    var _ = node.stub().signal(request.setSignal(signal).build());
  }

  @Test
  void itsForegroundIsSignalledAndNothingElse() {
    var call = node.runAttached(node.request("c", atTerminal("sh", "-i")).build());
    call.input("sleep 1000 & cat\n");
    TestNode.eventually("both run", () -> runs("c", "sleep") && runs("c", "cat"));
    signalForeground("c", "", 0);
    signalForeground("c", "", 9);
    TestNode.eventually("it is killed", () -> !runs("c", "cat"));
    assertThat(runs("c", "sleep")).as("in the background").isTrue();
    Ended ended = call.input("echo code $?; kill %1; exit 5\n").ended();
    assertThat(ended.code()).isEqualTo(5);
    assertThat(ended.out()).contains("code 137");
  }

  @Test
  void allOfItsForegroundAreSignalled() {
    var call = node.runAttached(node.request("c", atTerminal("sh", "-i")).build());
    call.input("(sleep 1000 | cat); echo code $?; exit 5\n");
    TestNode.eventually("both run", () -> runs("c", "sleep") && runs("c", "cat"));
    signalForeground("c", "init", 15);
    Ended ended = call.ended();
    assertThat(ended.out()).contains("code 143");
    assertThat(ended.code()).isEqualTo(5);
  }

  @Test
  void aShellThatWaitsForACommandIsInItsForegroundItself() {
    var call = node.runAttached(node.request("c", atTerminal("sh", "-i")).build());
    call.awaitOutput("#");
    signalForeground("c", "", 9);
    assertThat(call.ended().signal()).isEqualTo(9);
  }

  @Test
  void theForegroundOfAnExecIsThatOfItsOwnTerminal() {
    node.started("c", node.spec("sleep", "60"));
    var first = node.exec(execAtTerminal("c", "sleep 1000; true"));
    var second = node.exec(execAtTerminal("c", "cat; true"));
    TestNode.eventually("they run", () -> runs("c", "cat"));
    signalForeground("c", second.execStarted().getId(), 9);
    assertThat(second.ended().signal()).isEqualTo(9);
    assertThat(first.isCompleted()).isFalse();
    Problem.of(() -> signalForeground("c", "", 9))
        .is(Status.Code.FAILED_PRECONDITION, Reason.NO_TERMINAL);
    Problem.of(() -> signalForeground("c", second.execStarted().getId(), 9))
        .is(Status.Code.NOT_FOUND, Reason.PROCESS_NOT_FOUND);
    assertThat(runs("c", "sleep")).isTrue();
  }

  @Test
  void aTerminalThatWasHungUpHasNoForeground() throws Exception {
    node.lease(Duration.ofMillis(100)).restart();
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    Path volume = node.share(spec);
    node.started("c", spec);
    String traps = "trap 'echo > /shared/hup' HUP; trap 'echo > /shared/usr; exit' USR1; ";
    var call = node.exec(execAtTerminal("c", traps + "echo ready; while :; do sleep 0.1; done"));
    call.awaitOutput("ready").cancel();
    TestNode.eventually("it is told", () -> Files.exists(volume.resolve("hup")));
    Problem.of(() -> signalForeground("c", call.execStarted().getId(), 10))
        .is(Status.Code.FAILED_PRECONDITION, Reason.NO_TERMINAL);
  }

  @Test
  void hasTheSizeThatItWasGiven() {
    ContainerSpec.Builder spec = script("stty size");
    spec.getProcessBuilder().setConsoleSize(ConsoleSize.newBuilder().setHeight(33).setWidth(132));
    assertThat(seen(spec)).isEqualTo("33 132\n");
  }

  @Test
  void ignoresASizeWithoutATerminal() {
    ContainerSpec.Builder spec = node.spec("echo", "plain");
    spec.getProcessBuilder().setConsoleSize(ConsoleSize.newBuilder().setHeight(33).setWidth(80));
    assertThat(run(spec).ended().out()).isEqualTo("plain\n");
  }

  @Test
  void isToldOfANewSize() {
    var call =
        run(script("trap 'stty size; exit 4' WINCH; echo ready; while :; do read x; done"))
            .awaitOutput("ready")
            .resize(50, 132);
    Ended ended = call.ended();
    assertThat(ended.out()).endsWith("50 132\r\n");
    assertThat(ended.code()).isEqualTo(4);
  }

  @Test
  void refusesASizeThatNoTerminalHas() {
    for (int[] size : new int[][] {{0, 80}, {24, 0}, {65_536, 80}, {24, -1}}) {
      var call = run(atTerminal("sleep", "60"));
      assertThat(call.started().getPid()).isPositive();
      Problem.of(call.resize(size[0], size[1]).failure())
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    }
  }

  @Test
  void refusesASizeWhereThereIsNoTerminal() {
    var call = run(node.spec("sleep", "60"));
    assertThat(call.started().getPid()).isPositive();
    Problem.of(call.resize(24, 80).failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.NO_TERMINAL);
  }

  @Test
  void refusesATerminalThatNobodyCanComeTo() {
    Problem.of(() -> node.create("c", atTerminal("sh")))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    node.started("plain", node.spec("sleep", "60"));
    Problem.of(node.exec(execAtTerminal("plain", "tty").setDetach(true)).failure())
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  @Test
  void executesProcessesAtTerminalsOfTheirOwn() {
    node.started("c", node.spec("sleep", "60"));
    var first = node.exec(execAtTerminal("c", "tty; read x; exit 7")).awaitOutput("/dev/pts/0");
    ExecProcess.Builder sized = execAtTerminal("c", "tty; stty size; stat -c %u $(tty)");
    sized
        .getProcessBuilder()
        .setConsoleSize(ConsoleSize.newBuilder().setHeight(7).setWidth(9))
        .setUser(User.newBuilder().setUid(12));
    assertThat(node.exec(sized).ended().out()).isEqualTo("/dev/pts/1\r\n7 9\r\n12\r\n");
    assertThat(first.input("\n").ended().code()).isEqualTo(7);
  }

  @Test
  void hangsUpWhenTheCallerOfAnExecDoesNotComeBack() throws Exception {
    node.shut();
    node.lease(Duration.ofMillis(200)).open();
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    Path volume = node.share(spec);
    node.started("c", spec);
    var call =
        node.exec(
                execAtTerminal(
                    "c",
                    "trap 'echo x > /shared/hup; exit' HUP; echo ready; while :; do read x; done"))
            .awaitOutput("ready");
    call.cancel();
    TestNode.eventually("it is told", () -> Files.exists(volume.resolve("hup")));
  }

  @Test
  void goesOnAfterARestart() throws Exception {
    piped("c", "tty; read a; echo got $a; read b; stty size; echo got $b; exit 3");
    node.start("c");
    var first = node.attach("c").awaitOutput("/dev/pts/0").input("one\n").awaitOutput("got one");
    first.cancel();
    node.restart();
    var second = node.attach("c").resize(11, 22).input("two\n");
    Ended ended = second.ended();
    assertThat(ended.out()).endsWith("11 22\r\ngot two\r\n");
    assertThat(ended.code()).isEqualTo(3);
    node.delete("c");
  }

  @Test
  void startsAfterARestart() throws Exception {
    piped("c", "tty; echo $HOME");
    node.restart();
    node.start("c");
    assertThat(node.attach("c").ended().out()).isEqualTo("/dev/pts/0\r\n/\r\n");
  }

  private void piped(String id, String script) {
    var request = node.request(id, script(script)).setStdio(StdioMode.PIPE);
    var _ = node.stub().createContainer(request.build());
  }

  @Test
  void canBeAttachedToAgainWithInput() {
    piped("c", "read a; echo $a; read b; echo $b");
    node.start("c");
    node.attach("c").input("one\n").awaitOutput("one").endOfInput().closeInput().cancel();
    assertThat(node.attach("c").input("two\n").ended().out()).endsWith("two\r\n");
  }

  @Test
  void anImageWithItsOwnDevGainsNothing() throws Exception {
    Path dev = Files.createDirectories(node.rootfs().resolve("dev"));
    Path outside = Files.createDirectories(node.base().resolve("outside"));
    Files.createSymbolicLink(dev.resolve("pts"), outside);
    Files.createSymbolicLink(dev.resolve("console"), outside.resolve("console"));
    Files.createSymbolicLink(dev.resolve("ptmx"), Path.of("/dev/ptmx"));
    assertThat(seen(script("tty; stat -L -c %t:%T /dev/console"))).isEqualTo("/dev/pts/0\n88:0\n");
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void aDevOfTheCallersIsResolvedInTheContainer() throws Exception {
    ContainerSpec.Builder spec = script("tty; stat -L -c %t:%T /dev/console /trap");
    Path volume = Files.createDirectories(node.base().resolve("volumes/dev"));
    Files.createDirectories(volume.resolve("pts"));
    Files.createSymbolicLink(volume.resolve("console"), Path.of("/trap"));
    Files.createFile(node.rootfs().resolve("trap"));
    Path host = Path.of("/trap");
    spec.addMounts(
        Mount.newBuilder()
            .setDestination("/dev")
            .setType("bind")
            .setSource(volume.toString())
            .addOptions("rbind"));
    assertThat(seen(spec)).isEqualTo("/dev/pts/0\n88:0\n88:0\n");
    assertThat(host).doesNotExist();
  }

  @Test
  void whatIsNoTerminalIsRefused() throws Exception {
    Path volume = Files.createDirectories(node.base().resolve("volumes/pts"));
    Files.createFile(volume.resolve("ptmx"));
    Mount.Builder mount =
        Mount.newBuilder()
            .setDestination("/dev/pts")
            .setType("bind")
            .setSource(volume.toString())
            .addOptions("rbind");
    Problem.of(run(atTerminal("sh").addMounts(mount)).failure())
        .is(Status.Code.INTERNAL, Reason.SYSTEM_CALL_FAILED);
    Files.delete(volume.resolve("ptmx"));
    mknodFifo(volume.resolve("ptmx"));
    Problem.of(run(atTerminal("sh").addMounts(mount)).failure())
        .is(Status.Code.INTERNAL, Reason.SYSTEM_CALL_FAILED);
    node.started("c", node.spec("sleep", "60").addMounts(mount));
    Problem.of(node.exec(execAtTerminal("c", "tty")).failure())
        .is(Status.Code.INTERNAL, Reason.SYSTEM_CALL_FAILED);
  }

  private static void mknodFifo(Path path) throws Exception {
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
  }

  @Test
  void aContainerThatHidesItsTerminalsIsRefusedAnExecAtOne() {
    ContainerSpec.Builder spec =
        node.shell("mount -t tmpfs t /dev/pts && : > /dev/pts/ptmx && echo hidden && sleep 60");
    spec.getProcessBuilder()
        .setCapabilities(
            Capabilities.newBuilder()
                .addBounding("CAP_SYS_ADMIN")
                .addPermitted("CAP_SYS_ADMIN")
                .addEffective("CAP_SYS_ADMIN"));
    var request = node.request("c", spec).setStdio(StdioMode.PIPE);
    var _ = node.stub().createContainer(request.build());
    node.start("c");
    node.attach("c").awaitOutput("hidden");
    Problem.of(node.exec(execAtTerminal("c", "tty")).failure())
        .is(Status.Code.INTERNAL, Reason.SYSTEM_CALL_FAILED);
    assertThat(node.exec("c", "echo", "fine").ended().out()).isEqualTo("fine\n");
  }

  @Test
  void leavesNothing() {
    assertThat(run(script("tty")).ended().code()).isZero(); // from now on devices are open
    node.started("c", node.spec("sleep", "60"));
    assertThat(node.exec(execAtTerminal("c", "tty")).ended().code()).isZero();
    Traces before = Traces.settled(node);
    for (int i = 0; i < 3; i++) {
      assertThat(run(script("tty")).ended().code()).isZero();
      assertThat(node.exec(execAtTerminal("c", "tty")).ended().code()).isZero();
      Problem.of(run(atTerminal("/no/such/program")).failure());
    }
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).isEqualTo(before));
  }
}
