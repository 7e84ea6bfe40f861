package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Real children. No privilege is needed. */
final class LinuxProcessesIT {
  private static final int SIGTERM = 15;

  private final Kernel kernel = Kernel.open();
  private final Files files = kernel.files();
  private final Processes processes = kernel.processes();

  @Test
  void tellsTheExitCode() {
    try (Fd child = shell("exit 42").pidfd()) {
      assertThat(end(child)).isEqualTo(new ChildStatus(42, 0));
    }
  }

  @Test
  void knowsThePidWithAndWithoutTheIoctl() {
    Spawned spawned = shell("exec sleep 1000");
    try (Fd child = spawned.pidfd()) {
      LinuxProcesses text = new LinuxProcesses(files);
      assertThat(processes.pid(child)).isEqualTo(spawned.pid());
      assertThat(text.pidByText(child)).isEqualTo(spawned.pid());
      processes.signal(child, 9);
      end(child);
      assertThat(processes.pid(child)).isEqualTo(-1);
      assertThat(text.pidByText(child)).isEqualTo(-1);
    }
  }

  @Test
  void tellsTheSignal() {
    try (Fd child = shell("kill -TERM $$").pidfd()) {
      assertThat(end(child)).isEqualTo(new ChildStatus(0, SIGTERM));
    }
  }

  @Test
  void signalsTheWholeGroup() {
    try (Pipe pipe = files.pipe()) {
      // A session leader, as spawned; its own child keeps the pipe open and waits too.
      Spawned leader =
          processes.spawn(
              new SpawnRequest(
                  Path.of("/bin/sh"),
                  List.of("sh", "-c", "sleep 1000 & sleep 1000"),
                  List.of("PATH=/usr/bin:/bin"),
                  Map.of(1, pipe.write()),
                  true));
      try (Fd pidfd = leader.pidfd()) {
        pipe.write().close();

        processes.signalGroup(pidfd, 9);

        assertThat(end(pidfd)).isEqualTo(new ChildStatus(0, 9));
        assertThat(files.read(pipe.read(), ByteBuffer.allocate(1))).isZero();
      }
    }
  }

  @Test
  void aRunningChildIsNotReaped() {
    Spawned child = spawn("/bin/sleep", Map.of(), "sleep", "1000");
    try (Fd pidfd = child.pidfd()) {
      assertThat(processes.reap(pidfd)).isEqualTo(Optional.empty());
      assertThat(processes.awaitEnd(pidfd, Duration.ZERO)).isFalse();
      assertThat(processes.awaitEnd(pidfd, TestTimes.SHORT)).isFalse();
      assertThat(processes.pid(pidfd)).isEqualTo(child.pid());

      processes.signal(pidfd, 9);
      assertThat(end(pidfd)).isEqualTo(new ChildStatus(0, 9));
    }
  }

  @Test
  void aReapedChildIsNobody() {
    try (Fd child = shell("exit 0").pidfd()) {
      end(child);

      assertErrno(Errno.ECHILD, () -> processes.reap(child));
      assertErrno(Errno.ESRCH, () -> processes.signal(child, 0));
      assertThat(processes.pid(child)).isEqualTo(-1);
      assertThat(processes.awaitEnd(child, Duration.ZERO)).isTrue();
    }
  }

  @Test
  void onlyChildrenAreReaped() {
    try (Fd self = processes.open((int) ProcessHandle.current().pid())) {
      assertErrno(Errno.ECHILD, () -> processes.reap(self));
      processes.signal(self, 0);
    }
  }

  @Test
  void aDescriptorOfAnotherKindHasNoProcess() {
    try (Pipe pipe = files.pipe()) {
      assertErrno(Errno.EBADF, () -> processes.pid(pipe.read()));
      assertErrno(Errno.EBADF, () -> processes.signal(pipe.read(), 0));
    }
  }

  @Test
  void saysWhatCannotBeStarted() {
    assertThatThrownBy(() -> spawn("/no/such/program", Map.of(), "x"))
        .hasMessage("Failed to start /no/such/program: ENOENT (2)");
    assertErrno(Errno.EACCES, () -> spawn("/etc/passwd", Map.of(), "x"));
  }

  @Test
  void inheritsNothingButWhatIsGiven() throws Exception {
    // A descriptor without close-on-exec, as a library might leave one behind.
    try (Fd leaky = files.open(Path.of("/dev/null"));
        Fd given = files.open(Path.of("/dev/null"))) {
      setInheritable(leaky);

      // ls itself opens the directory: number 3, the first that is free.
      assertThat(output(Map.of(7, given), "/bin/ls", "ls", "/proc/self/fd"))
          .isEqualTo("0\n1\n2\n3\n7\n");
    }
  }

  @Test
  void standardInputAndErrorAreNullUnlessGiven() {
    assertThat(output(Map.of(), "/bin/sh", "sh", "-c", "readlink /proc/$$/fd/0 /proc/$$/fd/2"))
        .isEqualTo("/dev/null\n/dev/null\n");
  }

  @Test
  void numbersInTheChildMayBeThoseOfOthersHere() {
    try (Fd first = files.memory("first", 1);
        Fd second = files.memory("second", 1)) {
      Map<Integer, Fd> crossed = Map.of(first.number(), second, second.number(), first);
      String script =
          "readlink /proc/$$/fd/%d /proc/$$/fd/%d".formatted(first.number(), second.number());

      assertThat(output(crossed, "/bin/sh", "sh", "-c", script))
          .isEqualTo("/memfd:second (deleted)\n/memfd:first (deleted)\n");
    }
  }

  @Test
  void oneDescriptorMayHaveSeveralNumbers() {
    try (Fd memory = files.memory("m", 1)) {
      assertThat(
              output(
                  Map.of(4, memory, 6, memory),
                  "/bin/sh",
                  "sh",
                  "-c",
                  "readlink /proc/$$/fd/4 /proc/$$/fd/6"))
          .isEqualTo("/memfd:m (deleted)\n/memfd:m (deleted)\n");
    }
  }

  @Test
  void signalsAreAsAtBirth() {
    // The JVM ignores SIGPIPE, and blocks signals in some of its threads.
    String status = output(Map.of(), "/bin/cat", "cat", "/proc/self/status");

    assertThat(status).containsPattern("SigBlk:\\s+0{16}\n").containsPattern("SigIgn:\\s+0{16}\n");
  }

  @Test
  void environmentAndArgumentsAreWhatIsGiven() {
    assertThat(output(Map.of(), "/bin/cat", "cat", "/proc/self/environ")).isEqualTo("A=b\0");
    assertThat(output(Map.of(), "/bin/cat", "cat", "/proc/self/cmdline"))
        .isEqualTo("cat\0/proc/self/cmdline\0");
  }

  @Test
  void aNewSessionIsTheChildsOwn() {
    try (Pipe pipe = files.pipe()) {
      Spawned child =
          processes.spawn(
              new SpawnRequest(
                  Path.of("/bin/cat"),
                  List.of("cat", "/proc/self/stat"),
                  List.of(),
                  Map.of(1, pipe.write()),
                  true));
      pipe.write().close();
      // pid (comm) state ppid pgrp session, proc_pid_stat(5)
      String[] fields = readAll(pipe.read()).split(" ", -1);
      assertThat(fields[5]).isEqualTo(Integer.toString(child.pid()));
      end(child.pidfd());
      child.pidfd().close();
    }
  }

  @Test
  void startsAProgramFromSealedMemory() throws Exception {
    byte[] program = java.nio.file.Files.readAllBytes(Path.of("/bin/true"));
    try (Fd memory = files.sealedMemory("true", ByteBuffer.wrap(program));
        Fd child = spawn(memory.path().toString(), Map.of(), "true").pidfd()) {
      assertThat(end(child)).isEqualTo(new ChildStatus(0, 0));
    }
  }

  @Test
  void refusesDescriptorsOutOfRange() {
    try (Pipe pipe = files.pipe()) {
      assertThatThrownBy(() -> spawn("/bin/true", Map.of(-1, pipe.read()), "true"))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(
              () -> spawn("/bin/true", Map.of(SpawnRequest.MAX_DESCRIPTORS, pipe.read()), "true"))
          .isInstanceOf(IllegalArgumentException.class);
      Spawned child =
          spawn("/bin/true", Map.of(SpawnRequest.MAX_DESCRIPTORS - 1, pipe.read()), "true");
      assertThat(end(child.pidfd())).isEqualTo(new ChildStatus(0, 0));
      child.pidfd().close();
    }
  }

  @Test
  void refusesNulInArguments() {
    assertThatThrownBy(() -> spawn("/bin/true", Map.of(), "true\0x"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private String output(Map<Integer, Fd> descriptors, String program, String... args) {
    try (Pipe pipe = files.pipe()) {
      Map<Integer, Fd> all = new HashMap<>(descriptors);
      all.put(1, pipe.write());
      Spawned child = spawn(program, all, args);
      pipe.write().close();
      String output = readAll(pipe.read());
      assertThat(end(child.pidfd())).isEqualTo(new ChildStatus(0, 0));
      child.pidfd().close();
      return output;
    }
  }

  private String readAll(Fd pipe) {
    ByteBuffer buffer = ByteBuffer.allocate(65_536);
    while (files.read(pipe, buffer) > 0) {
      assertThat(buffer.hasRemaining()).isTrue();
    }
    return UTF_8.decode(buffer.flip()).toString();
  }

  private ChildStatus end(Fd pidfd) {
    assertThat(processes.awaitEnd(pidfd, TestTimes.LONG)).isTrue();
    return processes.reap(pidfd).orElseThrow();
  }

  private Spawned shell(String script) {
    return spawn("/bin/sh", Map.of(), "sh", "-c", script);
  }

  private Spawned spawn(String program, Map<Integer, Fd> descriptors, String... args) {
    return processes.spawn(
        new SpawnRequest(Path.of(program), List.of(args), List.of("A=b"), descriptors, false));
  }

  private static void setInheritable(Fd fd) {
    // F_SETFD without FD_CLOEXEC, fcntl(2)
    int setFlags = 2;
    Outcome.require(
        fd.use(number ->
            dev.caisson.linux.abi.Downcalls.syscall(
                dev.caisson.linux.abi.SystemCallNumbers.current().fcntl(), number, setFlags, 0)),
        "clear close-on-exec of",
        fd);
  }
}
