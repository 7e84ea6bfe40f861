package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.User;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is told of a container's processes. */
class ProcessesIT extends OnNode {
  private static final Path TREE = Path.of("/sys/fs/cgroup/unified");

  private static List<ProcessInfo> processes(String id) {
    return node.stub()
        .listProcesses(
            ListProcessesRequest.newBuilder().setTenant(TestNode.TENANT).setContainerId(id).build())
        .getProcessesList();
  }

  /** Once it is there. */
  private static ProcessInfo process(String id, String command) {
    TestNode.eventually(command + " runs", () -> found(id, command).isPresent());
    return found(id, command).orElseThrow();
  }

  private static Optional<ProcessInfo> found(String id, String command) {
    return processes(id).stream().filter(one -> one.getCommand().equals(command)).findFirst();
  }

  private static ExecProcess.Builder detached(String id, String... args) {
    return TestNode.execRequest(id, args).setDetach(true);
  }

  @Test
  void numbersThemAsTheContainerDoes() {
    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder exec = detached("c", "sh", "-c", "sleep 61; true");
    exec.getProcessBuilder().setUser(User.newBuilder().setUid(343).setGid(2401));
    ProcessInfo started = node.exec(exec).execStarted();
    assertThat(started.getContainerParentPid()).isZero();
    TestNode.eventually("all run", () -> processes("c").size() == 3);

    List<ProcessInfo> all = processes("c");
    assertThat(all).extracting(ProcessInfo::getContainerPid).containsExactly(1, 2, 3);
    assertThat(all).extracting(ProcessInfo::getContainerParentPid).containsExactly(0, 0, 2);
    assertThat(all).extracting(ProcessInfo::getUid).containsExactly(0, 343, 343);
    assertThat(all).extracting(ProcessInfo::getGid).containsExactly(0, 2401, 2401);
    assertThat(all).extracting(ProcessInfo::getId).containsExactly("init", started.getId(), "");
    assertThat(all).extracting(ProcessInfo::getParentPid).endsWith(started.getPid());
    assertThat(all).extracting(ProcessInfo::getCgroup).containsOnly("/");
    assertThat(all).extracting(ProcessInfo::getPid).isSorted();
  }

  @Test
  void saysAtWhichTerminalOneIs() {
    node.started("c", node.spec("sleep", "60"));
    assertThat(processes("c").getFirst().getTty()).isEmpty();

    ExecProcess.Builder exec = TestNode.execRequest("c", "sh", "-c", "sleep 61; true");
    exec.getProcessBuilder().setTerminal(true);
    assertThat(node.exec(exec).execStarted().getTty()).isEqualTo("pts/0");
    assertThat(node.exec(exec).execStarted().getTty()).isEqualTo("pts/1");
    TestNode.eventually("all run", () -> processes("c").size() == 5);
    assertThat(processes("c")).extracting(ProcessInfo::getTty).contains("", "pts/0", "pts/1");
  }

  @Test
  void saysAtWhichTerminalAFirstProcessIs() {
    var spec = node.spec("sleep", "60");
    spec.getProcessBuilder().setTerminal(true);
    var call = node.runAttached(node.request("c", spec).setStdio(StdioMode.PIPE).build());
    call.started();
    assertThat(processes("c").getFirst().getTty()).isEqualTo("pts/0");
    node.signal("c", 9);
    assertThat(call.ended().signal()).isEqualTo(9);
  }

  @Test
  void saysInWhichCgroupOneIs() throws IOException {
    Path cgroup =
        TREE.resolve(node.started("c", node.spec("sleep", "60")).getCgroup().substring(1));
    ProcessInfo exec = node.exec(detached("c", "sleep", "61")).execStarted();
    Path below = Files.createDirectories(cgroup.resolve("a\u001bb/c"));
    Files.writeString(below.resolve("cgroup.procs"), Integer.toString(exec.getPid()));

    assertThat(processes("c")).extracting(ProcessInfo::getCgroup).containsExactly("/", "/a?b/c");
  }

  @Test
  void leavesOutWhatHasEnded() throws IOException {
    // One that ends while the shell is there is reaped by it.
    var spec = node.shell("sh -c 'until [ -e /shared/go ]; do sleep 0.05; done' & exec sleep 60");
    Path shared = node.share(spec);
    int first = node.started("c", spec).getPid();
    TestNode.eventually("it has replaced the shell", () -> command(first).equals("sleep"));
    Files.createFile(shared.resolve("go"));
    TestNode.eventually("its child is a zombie", () -> states(first).equals("Z"));

    assertThat(processes("c")).extracting(ProcessInfo::getContainerPid).containsExactly(1);
  }

  private static String command(int pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** Of its children. */
  private static String states(int pid) {
    try {
      String children = Files.readString(Path.of("/proc/" + pid + "/task/" + pid + "/children"));
      StringBuilder states = new StringBuilder();
      for (String one : children.strip().split(" ", -1)) {
        String stat = Files.readString(Path.of("/proc/" + one + "/stat"));
        states.append(stat.charAt(stat.lastIndexOf(')') + 2));
      }
      return states.toString();
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void numbersThoseOfNamespacesBelowAsTheContainerDoes() {
    node.started("c", node.spec("unshare", "-U", "-p", "-f", "sleep", "60"));
    ProcessInfo nested = process("c", "sleep");
    assertThat(nested.getContainerPid()).as("1 in its own").isEqualTo(2);
    assertThat(nested.getContainerParentPid()).isEqualTo(1);
  }

  @Test
  void numbersThoseOfASharedNamespaceAsTheSandboxDoes() {
    node.createSandbox("box");
    var spec = node.spec("sh", "-c", "sleep 60 & exec sleep 61");
    spec.clearNamespaces()
        .addNamespaces(Namespace.newBuilder().setType(Namespace.Type.MOUNT))
        .addNamespaces(Namespace.newBuilder().setType(Namespace.Type.CGROUP));
    node.createIn("box", "c", spec);
    node.start("c");
    TestNode.eventually("both run", () -> processes("c").size() == 2);

    ProcessInfo first = processes("c").getFirst();
    assertThat(first.getContainerPid()).as("1 is the sandbox's own").isGreaterThan(1);
    assertThat(first.getContainerParentPid()).as("outside of the container").isZero();
    assertThat(processes("c").getLast().getContainerParentPid()).isEqualTo(first.getContainerPid());
  }

  @Test
  void splitsCpuTimeAndComparesItWithTheLife() {
    node.started("c", node.spec("sh", "-c", "while :; do :; done"));
    TestNode.eventually(
        "it has run for a while", () -> processes("c").getFirst().getCpuNanos() > 200_000_000L);
    ProcessInfo busy = processes("c").getFirst();
    assertThat(busy.getUserNanos()).isPositive();
    assertThat(busy.getUserNanos() + busy.getSystemNanos()).isEqualTo(busy.getCpuNanos());
    assertThat(busy.getCpuPercent()).isBetween(1, 101);
    assertThat(busy.getThreads()).isEqualTo(1);
  }
}
