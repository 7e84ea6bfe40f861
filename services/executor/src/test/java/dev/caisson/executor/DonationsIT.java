package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pair;
import dev.caisson.linux.Pipe;
import dev.caisson.linux.Received;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Seccomp;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Descriptors that a local caller hands over, and what becomes of them. */
class DonationsIT extends OnNode {
  private static final int ANOTHER_USER = 65534;
  private static final int DONOR = 12345;

  private final Kernel kernel = Kernel.open();
  private final List<Fd> open = new ArrayList<>();
  private LocalCaller donor;

  @BeforeEach
  void connect() {
    donor = LocalCaller.of(node);
    assertThat(donor.ask("nothing")).as("it is accepted").startsWith("refused ");
  }

  @AfterEach
  void close() {
    donor.close();
    open.forEach(Fd::close);
  }

  private <T> T keep(T value, Fd... descriptors) {
    open.addAll(List.of(descriptors));
    return value;
  }

  private Pipe pipe() {
    Pipe pipe = kernel.files().pipe();
    return keep(pipe, pipe.read(), pipe.write());
  }

  private Fd file(Path path, OpenFlag... flags) {
    Fd file = kernel.files().open(path, flags);
    return keep(file, file);
  }

  private static CreateContainerRequest.Builder request(
      ContainerSpec.Builder spec, DonatedDescriptors.Builder donated) {
    return node.request(node.newId("given"), spec).setDonated(donated);
  }

  /** Everything that comes until the end. */
  private String rest(Fd fd) {
    StringBuilder text = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    while (kernel.files().read(fd, buffer.clear()) > 0) {
      text.append(UTF_8.decode(buffer.flip()));
    }
    return text.toString();
  }

  /** Until all of this is there, or nobody is left who could print it. */
  private String printed(Fd master, String... parts) {
    StringBuilder text = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    try {
      while (!Stream.of(parts).allMatch(text.toString()::contains)) {
        assertThat(kernel.files().read(master, buffer.clear())).as("%s", text).isPositive();
        text.append(UTF_8.decode(buffer.flip()));
      }
    } catch (LinuxException e) {
      assertThat(e.errno()).isEqualTo(Errno.EIO);
    }
    return text.toString();
  }

  private void write(Fd fd, String text) {
    assertThat(kernel.files().write(fd, ByteBuffer.wrap(text.getBytes(UTF_8))))
        .isEqualTo(text.length());
  }

  @Test
  void fdPassingRun() {
    Pipe in = pipe();
    Pipe out = pipe();
    List<String> tokens = donor.donate(in.read(), out.write());
    var spec = node.shell("cat <&7 >&9; ls /proc/self/fd | wc -l");
    DonatedDescriptors.Builder donated =
        DonatedDescriptors.newBuilder().putPassed(7, tokens.get(0)).putPassed(9, tokens.get(1));
    var run = node.runAttached(request(spec, donated).build());
    write(in.write(), "hello");
    in.write().close();
    in.read().close();
    out.write().close();
    assertThat(rest(out.read())).isEqualTo("hello");
    Ended ended = run.closeInput().ended();
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).as("0, 1, 2, 7, 9, and the directory").isEqualTo("6\n");
  }

  @Test
  void fdPassingExec() {
    String id = node.newId("c");
    var _ = node.started(id, node.spec("sleep", "1000"));
    Pipe in = pipe();
    Pipe out = pipe();
    List<String> tokens = donor.donate(in.read(), out.write());
    var exec =
        node.exec(
            TestNode.execRequest(id, "sh", "-c", "cat <&3 >&255")
                .setDonated(
                    DonatedDescriptors.newBuilder()
                        .putPassed(3, tokens.get(0))
                        .putPassed(255, tokens.get(1))));
    write(in.write(), "hello");
    in.write().close();
    in.read().close();
    out.write().close();
    assertThat(rest(out.read())).isEqualTo("hello");
    assertThat(exec.ended().code()).isZero();
  }

  /** A program of the host's, which the image does not have. */
  private Fd echo() throws Exception {
    Path program = node.base().resolve(node.newId("echo"));
    Files.copy(Path.of("/usr/bin/busybox"), program);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file(program);
  }

  @Test
  void execFdRun() throws Exception {
    var spec = node.spec("echo", "hello", "world");
    var donated = DonatedDescriptors.newBuilder().setProgram(donor.token(echo()));
    Ended ended = node.runAttached(request(spec, donated).build()).closeInput().ended();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).isEqualTo("hello world\n");
  }

  @Test
  void execFdExec() throws Exception {
    String id = node.newId("c");
    var _ = node.started(id, node.spec("sleep", "1000"));
    ExecProcess.Builder exec =
        TestNode.execRequest(id, "echo", "hello", "world")
            .setDonated(DonatedDescriptors.newBuilder().setProgram(donor.token(echo())));
    assertThat(node.exec(exec).ended().out()).isEqualTo("hello world\n");
  }

  @Test
  void standardStreamsOfACaller() {
    Pipe in = pipe();
    Pipe out = pipe();
    List<String> tokens = donor.donate(in.read(), out.write());
    in.read().close();
    out.write().close();
    var donated = DonatedDescriptors.newBuilder().setStdin(tokens.get(0)).setStdout(tokens.get(1));
    var spec = node.shell("cat; echo reopened > /dev/stdout; readlink /proc/self/fd/2; exit 7");
    spec.getProcessBuilder().getUserBuilder().setUid(33).setGid(33);
    spec.addMounts(Mount.newBuilder().setDestination("/proc").setType("proc").setSource("proc"));
    CreateContainerRequest request = request(spec, donated).build();
    String id = request.getContainerId();
    var _ = node.stub().createContainer(request);
    var _ = node.start(id);
    write(in.write(), "in\n");
    in.write().close();
    assertThat(rest(out.read())).isEqualTo("in\nreopened\n/dev/null\n");
    assertThat(node.await(id).getCode()).isEqualTo(7);
  }

  @Test
  void aRunWithStreamsOfItsCallerCarriesNone() {
    Pipe out = pipe();
    var donated = DonatedDescriptors.newBuilder().setStdout(donor.token(out.write()));
    Ended ended =
        node.runAttached(request(node.shell("echo out; exit 3"), donated).build()).ended();
    out.write().close();
    assertThat(ended.code()).isEqualTo(3);
    assertThat(ended.out()).isEmpty();
    assertThat(rest(out.read())).isEqualTo("out\n");
  }

  @Test
  void anExecWithStreamsOfItsCallerIsWaitedForOrNot() {
    String id = node.newId("c");
    var _ = node.started(id, node.spec("sleep", "1000"));
    Pipe out = pipe();
    List<String> tokens = donor.donate(out.write(), out.write());
    ExecProcess.Builder waited =
        TestNode.execRequest(id, "sh", "-c", "echo one; exit 5")
            .setDonated(DonatedDescriptors.newBuilder().setStdout(tokens.get(0)));
    assertThat(node.exec(waited).ended().code()).isEqualTo(5);
    ExecProcess.Builder detached =
        TestNode.execRequest(id, "sh", "-c", "echo two; exit 6")
            .setDetach(true)
            .setDonated(DonatedDescriptors.newBuilder().setStdout(tokens.get(1)));
    var exec = node.exec(detached);
    String process = exec.execStarted().getId();
    out.write().close();
    assertThat(rest(out.read())).isEqualTo("one\ntwo\n");
    assertThat(node.await(id, process).getCode()).isEqualTo(6);
  }

  /** What a console socket gets. */
  private Fd master(Pair sockets) {
    assertThat(kernel.sockets().awaitReadable(sockets.second(), TestNode.PATIENCE)).isTrue();
    ByteBuffer name = ByteBuffer.allocate(64);
    Received received = kernel.sockets().receive(sockets.second(), name);
    assertThat(UTF_8.decode(name.flip()).toString()).isEqualTo("pty-master");
    assertThat(received.descriptors()).hasSize(1);
    assertThat(kernel.sockets().receive(sockets.second(), name.clear()).bytes())
        .as("closed after it")
        .isZero();
    Fd master = received.descriptors().getFirst();
    return keep(master, master);
  }

  private Pair console() {
    Pair sockets = kernel.sockets().pair();
    return keep(sockets, sockets.first(), sockets.second());
  }

  private static ContainerSpec.Builder terminal(ContainerSpec.Builder spec) {
    spec.getProcessBuilder().setTerminal(true);
    return spec.addMounts(
            Mount.newBuilder()
                .setDestination("/dev")
                .setType("tmpfs")
                .setSource("tmpfs")
                .addOptions("mode=755"))
        .addMounts(
            Mount.newBuilder()
                .setDestination("/dev/pts")
                .setType("devpts")
                .setSource("devpts")
                .addAllOptions(List.of("newinstance", "ptmxmode=0666", "mode=0620")))
        .addMounts(Mount.newBuilder().setDestination("/proc").setType("proc").setSource("proc"));
  }

  @Test
  void consoleSocket() {
    Pair sockets = console();
    var donated = DonatedDescriptors.newBuilder().setConsole(donor.token(sockets.first()));
    sockets.first().close();
    var spec = terminal(node.shell("tty; read line; echo \"got $line\"; exit 4"));
    CreateContainerRequest request = request(spec, donated).build();
    String id = request.getContainerId();
    var _ = node.stub().createContainer(request);
    Fd master = master(sockets);
    var _ = node.start(id);
    write(master, "typed\n");
    TestNode.eventually("it ends", () -> node.state(id) == ContainerState.STOPPED);
    assertThat(node.await(id).getCode()).isEqualTo(4);
    assertThat(printed(master, "/dev/pts/0", "got typed")).contains("/dev/pts/0", "got typed");
    var attach = node.attach(id);
    assertThat(attach.ended().out()).as("nothing is left here").isEmpty();
  }

  @Test
  void consoleSocketOfAnExec() {
    String id = node.newId("c");
    var _ =
        node.started(
            id,
            terminal(node.spec("sleep", "1000"))
                .setProcess(node.spec("sleep", "1000").getProcess()));
    Pair sockets = console();
    ExecProcess.Builder exec =
        TestNode.execRequest(id, "sh", "-c", "tty; exit 8")
            .setDetach(true)
            .setDonated(DonatedDescriptors.newBuilder().setConsole(donor.token(sockets.first())));
    exec.getProcessBuilder().setTerminal(true);
    sockets.first().close();
    String process = node.exec(exec).execStarted().getId();
    Fd master = master(sockets);
    assertThat(node.await(id, process).getCode()).isEqualTo(8);
    assertThat(printed(master, "/dev/pts/0")).contains("/dev/pts/0");
  }

  /** Its own descriptors lie where the caller's are to be. */
  @Test
  void manyDescriptorsAndAProgramThatIsNotThere() {
    Pipe pipe = pipe();
    List<Fd> ends = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      ends.add(pipe.write());
    }
    List<String> tokens = donor.donate(ends.toArray(Fd[]::new));
    var donated = DonatedDescriptors.newBuilder();
    for (int i = 0; i < tokens.size(); i++) {
      donated.putPassed(3 + i, tokens.get(i));
    }
    CreateContainerRequest request = request(node.spec("/nowhere"), donated).build();
    var _ = node.stub().createContainer(request);
    Problem.of(() -> node.start(request.getContainerId()))
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND)
        .says("/nowhere");
    node.delete(request.getContainerId());
    pipe.write().close();
    assertThat(rest(pipe.read())).as("nobody holds it any more").isEmpty();
  }

  @Test
  void manyDescriptorsThatAreThere() {
    Pipe pipe = pipe();
    List<Fd> ends = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      ends.add(pipe.write());
    }
    var donated = DonatedDescriptors.newBuilder();
    List<String> tokens = donor.donate(ends.toArray(Fd[]::new));
    for (int i = 0; i < tokens.size(); i++) {
      donated.putPassed(3 + i, tokens.get(i));
    }
    var spec = node.shell("for i in $(seq 3 66); do eval \"echo x >&$i\" || exit 1; done");
    Ended ended = node.runAttached(request(spec, donated).build()).closeInput().ended();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    pipe.write().close();
    assertThat(rest(pipe.read())).isEqualTo("x\n".repeat(64));
  }

  @Test
  void aTokenIsGoodOnce() {
    Pipe pipe = pipe();
    String token = donor.token(pipe.write());
    var donated = DonatedDescriptors.newBuilder().putPassed(3, token);
    assertThat(
            node.runAttached(request(node.shell("exit 0"), donated).build())
                .closeInput()
                .ended()
                .code())
        .isZero();
    Problem.of(() -> node.stub().createContainer(request(node.shell("exit 0"), donated).build()))
        .is(Status.Code.NOT_FOUND, Reason.DONATION_NOT_FOUND)
        .says("donated.passed[3]", "once");
    var unknown = DonatedDescriptors.newBuilder().setStdin("0".repeat(32));
    Problem.of(() -> node.stub().createContainer(request(node.shell("exit 0"), unknown).build()))
        .is(Status.Code.NOT_FOUND, Reason.DONATION_NOT_FOUND)
        .says("donated.stdin");
  }

  @Test
  void whatNobodyTakesIsClosedWithItsConnection() {
    Pipe pipe = pipe();
    String token = donor.token(pipe.write());
    pipe.write().close();
    donor.close();
    assertThat(rest(pipe.read())).isEmpty(); // which waits until the executor has closed its own
    var donated = DonatedDescriptors.newBuilder().putPassed(3, token);
    Problem.of(() -> node.stub().createContainer(request(node.shell("exit 0"), donated).build()))
        .is(Status.Code.NOT_FOUND, Reason.DONATION_NOT_FOUND);
  }

  @Test
  void aRequestThatFailsLeavesNothing() {
    Traces before = Traces.settled(node);
    Pipe pipe = pipe();
    var donated = DonatedDescriptors.newBuilder().setStdout(donor.token(pipe.write()));
    var spec = node.spec("true");
    spec.getRootBuilder().setPath(node.rootfs() + "-none");
    Problem.of(() -> node.stub().createContainer(request(spec, donated).build()))
        .is(Status.Code.INVALID_ARGUMENT, Reason.ROOTFS_NOT_FOUND);
    pipe.write().close();
    assertThat(rest(pipe.read())).isEmpty();
    pipe.read().close();
    TestNode.eventually("nothing is left", () -> Traces.of(node).equals(before));
  }

  @Test
  void onlyDataIsDonated() throws Exception {
    Path socket = node.run().resolve("executor.sock");
    Fd executor = kernel.sockets().connectStream(socket);
    var _ = keep(executor, executor);
    for (Fd refused :
        List.of(
            file(Path.of("/"), OpenFlag.DIRECTORY),
            file(node.rootfs().resolve("bin/busybox"), OpenFlag.PATH),
            file(Path.of("/proc/self/status")),
            file(Path.of("/sys/kernel/uevent_seqnum")),
            file(Path.of("/dev/kmsg")),
            executor,
            donor.socket())) {
      assertThat(donor.ask("donate", pipe().read(), refused))
          .startsWith("refused descriptor 2 of the message must be a pipe");
    }
    assertThat(donor.ask("give", pipe().read())).isEqualTo("refused a message must be \"donate\"");
    assertThat(donor.ask("donate")).startsWith("refused 1 to 64 descriptors");
    assertThat(donated("nowhere")).as("it could be connected later").startsWith("refused");
    assertThat(donor.token(file(Path.of("/dev/null")))).isNotEmpty();
  }

  /** Which the executor must not take for the end, and keep. */
  @Test
  void anEmptyMessageWithDescriptors() throws Exception {
    Path program = node.base().resolve(node.newId("donate"));
    onHost("gcc", "-DMESSAGE_BYTES=0", "-o", program.toString(), "src/test/c/donate.c");
    Traces before = Traces.settled(node);
    Process process =
        new ProcessBuilder(program.toString(), node.run().resolve("donations.sock").toString(), "1")
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.onExit().join().exitValue()).as(output).isZero();
    assertThat(output.strip()).as("it has hung up").isEmpty();
    TestNode.eventually("nothing is left", () -> Traces.of(node).equals(before));
  }

  /** That a caller has of somebody else, who did not mean anybody to read it. */
  @Test
  void aPipeOfOthersKeepsItsOwner() throws Exception {
    Pipe out = pipe();
    kernel.files().setOwner(out.write(), ANOTHER_USER, ANOTHER_USER);
    var donated = DonatedDescriptors.newBuilder().setStdout(donor.token(out.write()));
    var spec = node.shell("echo out; echo again > /dev/stdout");
    CreateContainerRequest request = request(spec, donated).build();
    var _ = node.stub().createContainer(request);
    var _ = node.start(request.getContainerId());
    assertThat(node.await(request.getContainerId()).getCode()).isNotZero();
    assertThat(kernel.files().status(out.read()).uid()).isEqualTo(ANOTHER_USER);
    out.write().close();
    node.delete(request.getContainerId());
    assertThat(rest(out.read())).isEqualTo("out\n");
  }

  @Test
  void aFilterMustLetTheProgramBeStarted() throws Exception {
    var spec = node.spec("sh");
    spec.setSeccomp(
        Seccomp.newBuilder()
            .setDefaultAction("SCMP_ACT_ERRNO")
            .addRules(
                Seccomp.SyscallRule.newBuilder().addNames("execve").setAction("SCMP_ACT_ALLOW")));
    var donated = DonatedDescriptors.newBuilder().setProgram(donor.token(echo()));
    refused(request(spec, donated)).says("seccomp", "execveat");
  }

  @Test
  void aMessageThatIsTooLongEndsTheConnection() {
    Pipe pipe = pipe();
    assertThat(donor.ask("d".repeat(1000), pipe.write())).isEmpty();
    pipe.write().close();
    assertThat(rest(pipe.read())).isEmpty();
  }

  @Test
  void tooManyWait() {
    Pipe pipe = pipe();
    Fd[] all = new Fd[64];
    java.util.Arrays.fill(all, pipe.write());
    String answer = "donated";
    int count = 0;
    while (answer.startsWith("donated")) {
      answer = donor.ask("donate", all);
      assertThat(++count).isLessThan(100);
    }
    assertThat(answer).startsWith("refused too many descriptors wait");
    donor.close();
    pipe.write().close();
    assertThat(rest(pipe.read())).isEmpty();
    donor = LocalCaller.of(node);
    assertThat(donor.token(pipe.read())).isNotEmpty();
  }

  /** A user may connect where the guard lists anybody, and is told what must be changed. */
  @Test
  void othersMayNotDonate() throws Exception {
    allow("donations.users = " + DONOR);
    donor.close();
    donor = LocalCaller.of(node);
    permissions("rwx--x--x");
    try {
      assertThat(asUser(ANOTHER_USER))
          .endsWith("refused user 65534 may not donate: see donations.users of the guard\n");
      assertThat(asUser(DONOR)).startsWith("donated ");
    } finally {
      permissions("rwx------");
    }
  }

  private static void permissions(String permissions) throws Exception {
    // Below it the executor lets them through.
    Files.setPosixFilePermissions(node.base(), PosixFilePermissions.fromString(permissions));
  }

  private static String asUser(int user) throws Exception {
    return donated(List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups"), "1");
  }

  private static String donated(String what) throws Exception {
    return donated(List.of(), what);
  }

  /** The answer to a program of the host. */
  private static String donated(List<String> wrapper, String what) throws Exception {
    Path program = node.base().resolve(node.newId("donate"));
    onHost("gcc", "-o", program.toString(), "src/test/c/donate.c");
    List<String> command = new ArrayList<>(wrapper);
    command.addAll(
        List.of(program.toString(), node.run().resolve("donations.sock").toString(), what));
    Process process =
        new ProcessBuilder(command)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.onExit().join().exitValue()).as(output).isZero();
    return output;
  }

  @Test
  void aProgramThatTheContainerCouldChangeIsRefused() throws Exception {
    Path program = node.base().resolve(node.newId("changeable"));
    Files.copy(Path.of("/usr/bin/busybox"), program);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxrwxr-x"));
    var donated = DonatedDescriptors.newBuilder().setProgram(donor.token(file(program)));
    Problem.of(() -> node.stub().createContainer(request(node.spec("sh"), donated).build()))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("donated.program", "could change it");
  }

  @Test
  void aScriptIsNoProgram() throws Exception {
    Path script = Files.writeString(node.base().resolve(node.newId("script")), "#!/bin/sh\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    var donated = DonatedDescriptors.newBuilder().setProgram(donor.token(file(script)));
    CreateContainerRequest request = request(node.spec("sh"), donated).build();
    var _ = node.stub().createContainer(request);
    Problem.of(() -> node.start(request.getContainerId()))
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND)
        .says("donated program");
  }

  @Test
  void contradictionsAreRefused() {
    Pipe pipe = pipe();
    String token = donor.token(pipe.write());
    var stream = DonatedDescriptors.newBuilder().setStdout(token);
    refused(request(node.spec("true"), stream).setStdio(StdioMode.PIPE)).says("stdio", "DISCARD");
    refused(request(terminal(node.spec("true")), stream)).says("console");
    var console = DonatedDescriptors.newBuilder().setConsole(token);
    refused(request(node.spec("true"), console)).says("donated.console", "process.terminal");
    refused(request(terminal(node.spec("true")), console)).says("donated.console", "Unix socket");
    for (int number : List.of(0, 2, 256, -1)) {
      var passed = DonatedDescriptors.newBuilder().putPassed(number, token);
      refused(request(node.spec("true"), passed)).says("donated.passed", "3 to 255");
    }
    var both = DonatedDescriptors.newBuilder().setStdin(token).setConsole(token);
    refused(request(terminal(node.spec("true")), both)).says("donated.console", "absent");
  }

  private static Problem refused(CreateContainerRequest.Builder request) {
    return Problem.of(() -> node.stub().createContainer(request.build()))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  /** A full socket whose owner reads nothing must not hold anything up. */
  @Test
  void aConsoleThatTakesNothing() {
    Pair sockets = console();
    kernel.files().setBlocking(sockets.first(), false);
    Throwable full =
        catchThrowable(() -> {
          while (true) {
            kernel.sockets().send(sockets.first(), ByteBuffer.allocate(4096), List.of());
          }
        });
    assertThat(full).hasMessageContaining("EAGAIN");
    kernel.files().setBlocking(sockets.first(), true);
    var donated = DonatedDescriptors.newBuilder().setConsole(donor.token(sockets.first()));
    refused(request(terminal(node.spec("true")), donated)).says("donated.console", "receives");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aCreatedContainerKeepsThemAcrossARestart(boolean missing) throws Exception {
    Pipe out = pipe();
    List<String> tokens = donor.donate(out.write(), out.write());
    var donated =
        DonatedDescriptors.newBuilder().setStdout(tokens.get(0)).putPassed(5, tokens.get(1));
    var spec = missing ? node.spec("/nowhere") : node.shell("echo one; echo two >&5");
    CreateContainerRequest request = request(spec, donated).build();
    String id = request.getContainerId();
    var _ = node.stub().createContainer(request);
    node.restart();
    out.write().close();
    if (missing) {
      Problem.of(() -> node.start(id)).is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND);
      node.delete(id, true);
      assertThat(rest(out.read())).isEmpty();
    } else {
      var _ = node.start(id);
      assertThat(rest(out.read())).isEqualTo("one\ntwo\n");
      assertThat(node.await(id).getCode()).isZero();
    }
  }

  @Test
  void theRecordSaysWhatWasGiven() throws Exception {
    Pipe out = pipe();
    List<String> tokens = donor.donate(out.write(), echo());
    var donated =
        DonatedDescriptors.newBuilder().putPassed(4, tokens.get(0)).setProgram(tokens.get(1));
    Ended ended =
        node.runAttached(request(node.spec("true"), donated).build()).closeInput().ended();
    assertThat(ended.code()).isZero();
    List<Event> created =
        Recorded.of(node).stream()
            .filter(Event::hasContainerCreated)
            .filter(event -> event.getContainerCreated().getDonatedCount() > 0)
            .toList();
    assertThat(created).isNotEmpty();
    assertThat(created.getLast().getContainerCreated().getDonatedList())
        .extracting(one -> one.getUse() + " " + one.getType() + " " + one.getDonorUid())
        .containsExactly("program regular 0", "4 fifo 0");
  }
}
