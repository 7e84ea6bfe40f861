package dev.caisson.executor;

import static dev.caisson.executor.OnNode.onHost;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Attacks by what the executor believes of its host: a /proc that is none, or somebody else's, and
 * numbers of processes that are others' by now. They change mounts and choose pids, so each runs in
 * a JVM that has a mount and a PID namespace of its own: {@link OwnNamespaces}.
 */
final class HostAttacks {
  private static final Path PROC = Path.of("/proc");

  /** Which no process has by itself. */
  private static final int SCORE = 321;

  /** Numbers that the next processes may get, some of which threads of this JVM take. */
  private static final int NUMBERS = 400;

  private static final int DESCRIPTORS = 512;
  private static final int TERM = 15;
  private static final int MAX_BYTES = 1 << 16;

  private HostAttacks() {}

  static Map<String, Attack> all() {
    Map<String, Attack> attacks = new TreeMap<>();
    attacks.put("writeIntoAFalseProc", HostAttacks::writeIntoAFalseProc);
    attacks.put("executeAStrangersProgram", HostAttacks::executeAStrangersProgram);
    attacks.put("writeIntoAFalseSelf", HostAttacks::writeIntoAFalseSelf);
    attacks.put("executeAFalseDescriptor", HostAttacks::executeAFalseDescriptor);
    attacks.put("believeInAnotherBoot", HostAttacks::believeInAnotherBoot);
    attacks.put("writeIntoACoveredFile", HostAttacks::writeIntoACoveredFile);
    attacks.put("listAStranger", HostAttacks::listAStranger);
    attacks.put("signalAStranger", HostAttacks::signalAStranger);
    attacks.put("killAStrangerOfTheSameNumber", HostAttacks::killAStrangerOfTheSameNumber);
    return attacks;
  }

  // ---- /proc

  private interface Meanwhile {
    boolean succeeds() throws Exception;
  }

  /** An executor that starts, or does not, while something lies on a path. */
  private static boolean covered(TestNode node, Path target, Path by, Meanwhile attack)
      throws Exception {
    node.shut();
    onHost("mount", "--bind", by.toString(), target.toString());
    boolean covered = true;
    try {
      node.open();
    } catch (RuntimeException refused) {
      System.out.println(refused); // shown where an attack does not do what is expected of it
      onHost("umount", "--lazy", target.toString());
      covered = false;
      node.open();
    }
    try {
      return attack.succeeds();
    } finally {
      if (covered) {
        onHost("umount", "--lazy", target.toString());
      }
    }
  }

  private static Path self() throws IOException {
    return PROC.toRealPath().resolve(Long.toString(ProcessHandle.current().pid()));
  }

  /** CVE-2019-16884, of the host: all that is at /proc are somebody's files. */
  private static boolean writeIntoAFalseProc(TestNode node) throws Exception {
    node.allow("user-namespace.host = true");
    Path real = Files.createDirectory(node.base().resolve("real"));
    onHost("mount", "-t", "proc", "proc", real.toString());
    try {
      Path fake = falseProc(node, real);
      return covered(
          node,
          PROC,
          fake,
          () -> {
            try {
              node.started("c", scored(node));
            } catch (StatusRuntimeException failed) {
              System.out.println(failed); // what counts is what was written
            }
            return wrote(fake, Integer.toString(SCORE));
          });
    } finally {
      onHost("umount", "--lazy", real.toString());
      Files.delete(real);
    }
  }

  /** With nobody's ids, so that all that is written of its process is its score. */
  private static ContainerSpec.Builder scored(TestNode node) {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getProcessBuilder().setOomScoreAdj(SCORE);
    spec.setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST));
    return spec;
  }

  /** What an executor reads and writes, and the way to its own descriptors. */
  private static Path falseProc(TestNode node, Path real) throws IOException {
    Path fake = Files.createDirectory(node.base().resolve("fake"));
    long own = ProcessHandle.current().pid();
    Files.createSymbolicLink(fake.resolve("self"), Path.of(Long.toString(own)));
    copy(
        real,
        fake,
        "stat",
        "sys/kernel/cap_last_cap",
        "sys/kernel/random/boot_id",
        "sys/fs/nr_open");
    for (int pid : IntStream.range((int) own, last(real) + NUMBERS).toArray()) {
      Path process = Files.createDirectory(fake.resolve(Long.toString(pid)));
      Files.writeString(process.resolve("oom_score_adj"), "0");
      Files.createSymbolicLink(process.resolve("ns"), real.resolve(pid + "/ns"));
      if (pid != own) {
        Files.createSymbolicLink(process.resolve("fd"), real.resolve(pid + "/fd"));
      }
    }
    falseSelf(real.resolve("self"), fake.resolve(Long.toString(own)));
    return fake;
  }

  private static void falseSelf(Path real, Path fake) throws IOException {
    Files.deleteIfExists(fake.resolve("ns"));
    Files.createDirectories(fake.resolve("ns"));
    Files.createDirectories(fake.resolve("fd"));
    for (int number = 0; number < DESCRIPTORS; number++) {
      String name = "fd/" + number;
      Files.createSymbolicLink(fake.resolve(name), real.toRealPath().resolve(name));
    }
    copy(real, fake, "mountinfo", "mounts", "uid_map", "gid_map", "coredump_filter", "status");
  }

  private static void copy(Path from, Path to, String... names) throws IOException {
    for (String name : names) {
      Files.createDirectories(to.resolve(name).getParent());
      Files.writeString(to.resolve(name), content(from.resolve(name)));
    }
  }

  /** At once: some of the kernel's files have no more for whoever reads on. */
  private static String content(Path file) throws IOException {
    try (var input = Files.newInputStream(file)) {
      return new String(input.readNBytes(MAX_BYTES), UTF_8);
    }
  }

  private static int last(Path proc) throws IOException {
    return Integer.parseInt(content(proc.resolve("sys/kernel/ns_last_pid")).strip());
  }

  private static boolean wrote(Path fake, String text) throws IOException {
    try (Stream<Path> files = Files.walk(fake, 2)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (Files.readString(file).equals(text)) {
          return true;
        }
      }
      return false;
    }
  }

  /** A real procfs, all but this process's own directory. */
  private static boolean writeIntoAFalseSelf(TestNode node) throws Exception {
    Path fake = Files.createDirectory(node.base().resolve("fake"));
    falseSelf(self(), fake);
    Path filter = Files.writeString(fake.resolve("coredump_filter"), "nobody's");
    return covered(node, self(), fake, () -> !Files.readString(filter).equals("nobody's"));
  }

  /** caisson-init is executed by way of a descriptor. */
  private static boolean executeAFalseDescriptor(TestNode node) throws Exception {
    Path fake = Files.createDirectory(node.base().resolve("fake"));
    Path ran = node.base().resolve("ran");
    for (int number = 0; number < DESCRIPTORS; number++) {
      program(fake.resolve(Integer.toString(number)), ran);
    }
    return covered(node, self().resolve("fd"), fake, () -> Files.exists(ran));
  }

  /** One that leaves a file behind. */
  private static Path program(Path program, Path ran) throws IOException {
    Files.writeString(program, "#!/bin/sh\n: > " + ran + "\n");
    return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** What ran on another boot has ended with it. */
  private static boolean believeInAnotherBoot(TestNode node) throws Exception {
    Path fake = Files.writeString(node.base().resolve("boot_id"), "another\n");
    node.started("c", node.spec("sleep", "60"));
    return covered(
        node,
        PROC.resolve("sys/kernel/random/boot_id"),
        fake,
        () -> node.state("c") == ContainerState.STOPPED);
  }

  /** One file of a container's process, before it is written. */
  private static boolean writeIntoACoveredFile(TestNode node) throws Exception {
    Path fake = Files.writeString(node.base().resolve("fake"), "0\n"); // it is read before
    Path hook = node.base().resolve("hooks/cover");
    String target = "/proc/$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/')/oom_score_adj";
    Files.writeString(hook, "#!/bin/sh\nmount --bind " + fake + " " + target + "\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
    node.allow("hook = " + hook);
    node.restart();
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getProcessBuilder().setOomScoreAdj(SCORE);
    spec.getHooksBuilder().addCreateRuntime(Hook.newBuilder().setPath(hook.toString()));
    try {
      node.started("c", spec);
    } catch (StatusRuntimeException refused) {
      System.out.println(refused); // what counts is what was written
    }
    return Files.readString(fake).equals(Integer.toString(SCORE));
  }

  // ---- Numbers

  /**
   * /proc is a procfs, but one of the PID namespace around this one. There the number of this
   * process is that of a stranger, who has a program of his own open as whatever descriptor.
   */
  private static boolean executeAStrangersProgram(TestNode node) throws Exception {
    Path outer = Files.createDirectory(node.base().resolve("outer"));
    Path ran = OwnNamespaces.directory().resolve(RAN);
    Files.deleteIfExists(ran);
    // What lies beneath this namespace's own.
    String around = "umount --lazy /proc && mount --rbind /proc " + outer;
    onHost("sh", "-c", around + " && mount -t proc proc /proc");
    try {
      return covered(node, PROC, outer, () -> Files.exists(ran));
    } finally {
      onHost("umount", "--lazy", outer.toString());
    }
  }

  private static final String RAN = "ran";

  /** Outside: his number is to be that of the executor inside. */
  static Process stranger(Path directory) throws IOException {
    Path program = program(directory.resolve("program"), directory.resolve(RAN));
    String open = "for i in {3.." + DESCRIPTORS + "}; do eval \"exec $i< " + program + "\"; done";
    String script = open + "; echo ready; read";
    Process stranger = new ProcessBuilder("bash", "-c", script).start();
    if (!"ready".equals(stranger.inputReader().readLine())) {
      throw new AssertionError("the stranger must have his files open");
    }
    return stranger;
  }

  /** The next process of this PID namespace has this number, if it is free. */
  private static void chooseNext(int pid) throws IOException {
    Files.writeString(PROC.resolve("sys/kernel/ns_last_pid"), Integer.toString(pid - 1));
  }

  /** A caisson-init has ended while nobody looked, and its number is somebody else's by now. */
  private static boolean killAStrangerOfTheSameNumber(TestNode node) throws Exception {
    int pid = node.createSandbox("box").getInitPid();
    node.shut();
    end(pid);
    Process stranger = withNumber(pid, node.base().resolve("waits"));
    try {
      node.open();
      return !stranger.isAlive();
    } finally {
      stranger.destroyForcibly().waitFor();
    }
  }

  /** An orphan, which the first process here reaps: then its number is free. */
  private static void end(int pid) {
    Kernel kernel = Kernel.open();
    try (Fd pidfd = kernel.processes().open(pid)) {
      kernel.processes().kill(pidfd);
    }
    TestNode.eventually("it is gone", () -> !Files.exists(PROC.resolve(Integer.toString(pid))));
  }

  private static final String WAITING = "caisson.attacks.waiting";

  /** Where an executor is to wait, once. */
  static final String WAIT =
      "String file = System.clearProperty(\""
          + WAITING
          + "\");\n"
          + "while (file != null && java.nio.file.Files.exists(java.nio.file.Path.of(file)))"
          + " Thread.onSpinWait();\n";

  /** By the time that a number of the container is looked up, a stranger has it. */
  private static boolean listAStranger(TestNode node) throws Exception {
    Path file = Files.createFile(node.base().resolve("waits"));
    node.started("c", node.spec("sleep", "60"));
    ProcessInfo process = node.exec("c", "sleep", "60").execStarted();
    System.setProperty(WAITING, file.toString());
    var answer =
        node.future()
            .listProcesses(
                ListProcessesRequest.newBuilder()
                    .setTenant(TestNode.TENANT)
                    .setContainerId("c")
                    .build());
    TestNode.eventually("it waits", () -> System.getProperty(WAITING) == null);
    onHost("kill", "-9", Integer.toString(process.getPid()));
    node.await("c", process.getId());
    Process stranger = withNumber(process.getPid(), file);
    try {
      Files.delete(file);
      return answer.get().getProcessesList().stream()
          .anyMatch(one -> one.getCommand().equals(STRANGER.getFirst()));
    } finally {
      stranger.destroyForcibly().waitFor();
    }
  }

  /** The same, while all processes are signalled: one has been let go, and has ended. */
  private static boolean signalAStranger(TestNode node) throws Exception {
    Path file = Files.createFile(node.base().resolve("waits"));
    String cgroup = node.started("c", node.spec("sleep", "60")).getCgroup();
    int pid = node.exec("c", "sleep", "60").execStarted().getPid();
    System.setProperty(WAITING, file.toString());
    var done =
        node.future().signal(TestNode.signalRequest("c").setSignal(TERM).setAll(true).build());
    TestNode.eventually("it waits", () -> System.getProperty(WAITING) == null);
    thaw(cgroup);
    onHost("kill", "-9", Integer.toString(pid));
    TestNode.eventually("it ends", () -> !Files.exists(PROC.resolve(Integer.toString(pid))));
    Process stranger = withNumber(pid, file);
    try {
      Files.delete(file);
      var _ = done.get();
      return stranger.waitFor(1, TimeUnit.SECONDS);
    } finally {
      stranger.destroyForcibly().waitFor();
    }
  }

  /** In version 1 nothing that is frozen ends; in version 2 all that is killed does. */
  private static void thaw(String cgroup) throws IOException {
    Path state = Path.of("/sys/fs/cgroup/freezer", cgroup, "freezer.state");
    if (Files.exists(state)) {
      Files.writeString(state, "THAWED");
    }
  }

  private static final List<String> STRANGER = List.of("tail", "-f", "/dev/null");

  /**
   * @param waits what somebody waits for, which is removed where there is to be no stranger
   */
  private static Process withNumber(int pid, Path waits) throws Exception {
    for (int i = 0; i < NUMBERS; i++) {
      chooseNext(pid);
      Process process = new ProcessBuilder(STRANGER).start();
      if (process.pid() == pid) {
        return process;
      }
      process.destroyForcibly().waitFor();
    }
    Files.deleteIfExists(waits);
    throw new NumberTakenException(pid);
  }

  /** A thread that lives on was faster, of the executor or of this test. */
  static final class NumberTakenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NumberTakenException(int pid) {
      super("The number " + pid + " is another's.");
    }
  }
}
