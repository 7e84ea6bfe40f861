package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.Process;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What must be the same whatever the root file system is: docs/scenarios.md. */
abstract class ContainerScenarios extends OnServices {
  private static final int STRANGER = 343;
  private static final int NET_RAW = 13;

  @Test
  void lifecycle() {
    String id = newId();
    client.create(id, document("sleep", "100"));
    assertThat(client.state(id)).isEqualTo(ContainerState.CREATED);
    assertThat(client.list()).containsExactly(id);

    client.start(id);
    assertThat(client.state(id)).isEqualTo(ContainerState.RUNNING);
    Awaitility.await().until(() -> commands(id).equals(List.of("sleep")));

    var waiting = CompletableFuture.supplyAsync(() -> client.await(id));
    client.signal(id, TERM);
    client.signal(
        id, KILL); // the first process of a PID namespace is deaf to what it does not handle
    assertThat(waiting.join().getSignal()).isEqualTo(KILL);
    assertThat(client.state(id)).isEqualTo(ContainerState.STOPPED);

    client.delete(id);
    assertThat(client.list()).isEmpty();
    refused(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", () -> client.get(id));
  }

  private static List<String> commands(String id) {
    return client.processes(id).stream().map(Process::getCommand).toList();
  }

  @Test
  void appExitStatus() {
    assertThat(client.run(document("true")).code()).isZero();
    assertThat(client.run(script("exit 123")).code()).isEqualTo(123);
  }

  @Test
  void exec() {
    String id = newId();
    client.started(id, script("ln -s /bin/busybox /tmp/true; sleep 100"));
    Awaitility.await().until(() -> client.exec(id, "test", "-L", "/tmp/true").code() == 0);

    assertThat(client.exec(id, "/bin/true").code()).isZero();
    assertThat(client.exec(id, "true").code()).as("by PATH").isZero();
    assertThat(client.exec(id, "/tmp/true").code()).as("by a link").isZero();
    assertThat(client.exec(id, "sh", "-c", "exit 7").code()).isEqualTo(7);
    Exec.Builder elsewhere = Client.execOf(id, "pwd");
    elsewhere.getProcessBuilder().setCwd("/tmp");
    assertThat(client.exec(elsewhere).closeInput().ended().out()).isEqualTo("/tmp\n");
    Exec.Builder environment = Client.execOf(id, "sh", "-c", "echo $FOO").addAddEnv("FOO=123");
    assertThat(client.exec(environment).closeInput().ended().out()).isEqualTo("123\n");

    var error =
        refused(Status.Code.NOT_FOUND, "COMMAND_NOT_FOUND", () -> client.exec(id, "/nonexist"));
    assertThat(error.getStatus().getDescription()).contains("/nonexist");
    assertThat(client.state(id)).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void execUser() {
    String id = newId();
    client.started(id, document("sleep", "100"));
    String both = client.exec(as(id, STRANGER, STRANGER + 1)).closeInput().ended().out();
    assertThat(both).isEqualTo("343:344\n");
    assertThat(client.exec(as(id, 0, STRANGER)).closeInput().ended().out()).isEqualTo("0:343\n");

    Words typed =
        services.caisson("exec", "-n", "--user", "343:344", id, "--", "sh", "-c", "id -u; id -g");
    assertThat(typed).isEqualTo(new Words(0, "343\n344\n", ""));
    assertThat(services.caisson("exec", "-n", "--user", "a:b", id, "--", "id").code())
        .as("words are no ids")
        .isEqualTo(2);
  }

  private static Exec.Builder as(String id, int uid, int gid) {
    Exec.Builder exec = Client.execOf(id, "sh", "-c", "echo $(id -u):$(id -g)");
    exec.getProcessBuilder().setUser(User.newBuilder().setUid(uid).setGid(gid));
    return exec;
  }

  @Test
  void execProcList() {
    String id = newId();
    client.started(id, document("sleep", "100"));
    Exec.Builder exec = Client.execOf(id, "sleep", "50");
    exec.getProcessBuilder().setUser(User.newBuilder().setUid(STRANGER));
    client.exec(exec).awaitStarted();
    List<Process> processes = new ArrayList<>(client.processes(id));
    processes.sort(java.util.Comparator.comparingInt(Process::getContainerPid));
    assertThat(processes).extracting(Process::getUid).containsExactly(0, STRANGER);
    assertThat(processes.getFirst().getContainerPid()).isEqualTo(1);
    assertThat(processes.getLast().getContainerPid()).isGreaterThan(1);
    assertThat(processes).extracting(Process::getContainerParentPid).containsExactly(0, 0);
    assertThat(processes.getFirst().getId()).isEqualTo("init");
    assertThat(processes.getLast().getId()).isNotEmpty().isNotEqualTo("init");
  }

  @Test
  void pauseResumeStatus() {
    String id = newId();
    client.started(id, document("sleep", "100"));
    client.pause(id);
    refused(Status.Code.FAILED_PRECONDITION, "WRONG_STATE", () -> client.pause(id));
    assertThat(client.state(id)).isEqualTo(ContainerState.PAUSED);
    client.resume(id);
    refused(Status.Code.FAILED_PRECONDITION, "WRONG_STATE", () -> client.resume(id));
    assertThat(client.state(id)).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void mountNewDir() throws Exception {
    assertThat(services.rootfs().resolve("a")).doesNotExist();
    Path volume = services.newVolume();
    Files.writeString(volume.resolve("file"), "");
    Document document = script("ls /a/new/one; touch /a/new/foo || echo refused").readonly();
    Ended ended = client.run(document.bind(volume, "/a/new/one"));
    assertThat(ended.out()).as("%s", ended).isEqualTo("file\nrefused\n");
  }

  @Test
  void readonlyRoot() {
    String mounts = out(document("cat", "/proc/self/mountinfo").readonly());
    assertThat(mounts.lines().filter(line -> line.split(" ", -1)[4].equals("/")))
        .singleElement()
        .asString()
        .contains(" / ro");
    assertThat(client.run(document("touch", "/foo").readonly()).code()).isEqualTo(1);
    assertThat(client.run(document("touch", "/foo")).code()).isZero();
  }

  @Test
  void readonlyMount() {
    Path volume = services.newVolume();
    String mounts = out(document("cat", "/proc/self/mountinfo").bind(volume, "/volume", "ro"));
    assertThat(mounts.lines().filter(line -> line.split(" ", -1)[4].equals("/volume")))
        .singleElement()
        .asString()
        .contains(" /volume ro");
    assertThat(client.run(document("touch", "/volume/foo").bind(volume, "/volume", "ro")).code())
        .isEqualTo(1);
    assertThat(volume).isEmptyDirectory();
  }

  @Test
  void rootNotMount() {
    Document bare = document("/bin/busybox", "true").withoutMounts();
    assertThat(client.run(bare).code()).isZero();
  }

  @Test
  void waitOnExitedSandbox() {
    String id = newId();
    client.started(id, script("sleep 0.3; exit 17"));
    assertThat(client.await(id).getCode()).isEqualTo(17);
    assertThat(client.await(id).getCode()).as("once more").isEqualTo(17);
  }

  @Test
  void destroyNotStarted() {
    String id = newId();
    Container created = client.create(id, document("sleep", "100"));
    client.delete(id);
    refused(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", () -> client.get(id));
    assertThat(ProcessHandle.of(created.getPid())).isEmpty();
  }

  @Test
  void createWorkingDir() {
    assertThat(out(script("touch here; pwd").cwd("/not/there/yet"))).isEqualTo("/not/there/yet\n");
  }

  @Test
  void netRaw() {
    String script = "grep CapEff /proc/self/status";
    assertThat(capabilities(out(script(script).capabilities("CAP_CHOWN", "CAP_NET_RAW"))))
        .isEqualTo(1L | 1L << NET_RAW);
    assertThat(capabilities(out(script(script).capabilities("CAP_CHOWN")))).isEqualTo(1L);
  }

  private static long capabilities(String line) {
    return Long.parseUnsignedLong(line.strip().replaceAll(".*\\s", ""), 16);
  }

  @Test
  void rlimits() {
    assertThat(out(script("ulimit -n; ulimit -H -n").rlimit("RLIMIT_NOFILE", 100, 1000)))
        .isEqualTo("100\n1000\n");
  }

  @Test
  void postStartHookFailure() {
    String id = newId();
    client.create(id, document("sleep", "100").poststart(FAILING_HOOK));
    var error = refused(Status.Code.ABORTED, "HOOK_FAILED", () -> client.start(id));
    assertThat(error.getStatus().getDescription()).contains("poststart[0]");
    assertThat(client.state(id)).isEqualTo(ContainerState.STOPPED);
    assertThat(client.await(id).getSignal()).isEqualTo(KILL);
    client.delete(id);

    Document run = document("sleep", "100").poststart(FAILING_HOOK);
    refused(Status.Code.ABORTED, "HOOK_FAILED", () -> client.run(run));
    assertThat(client.list()).isEmpty();
  }

  @Test
  void ipv6DisableAllSysctl() {
    String file = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
    assertThat(out(document("cat", file).sysctl("net.ipv6.conf.all.disable_ipv6", "1")))
        .isEqualTo("1\n");
    assertThat(out(document("cat", file))).as("of others").isEqualTo("0\n");
  }

  @Test
  void specInvalid() {
    refused(
        Status.Code.INVALID_ARGUMENT,
        "INVALID_OCI_SPEC",
        () -> client.create(newId(), document("true").cwd("relative")));
    refused(
        Status.Code.INVALID_ARGUMENT, "INVALID_OCI_SPEC", () -> client.create(newId(), document()));
    assertThat(client.list()).isEmpty();
  }

  @Test
  void list() {
    List<String> ids = IntStream.range(0, 5).mapToObj(i -> "list-" + i).toList();
    List.of(3, 0, 4, 1, 2).forEach(i -> client.create(ids.get(i), document("true")));
    assertThat(client.list()).isEqualTo(ids);

    ListContainersResponse first = client.page(3, "");
    assertThat(first.getContainersList()).extracting(Client::id).isEqualTo(ids.subList(0, 3));
    ListContainersResponse second = client.page(3, first.getNextPageToken());
    assertThat(second.getContainersList()).extracting(Client::id).isEqualTo(ids.subList(3, 5));
    assertThat(second.getNextPageToken()).isEmpty();
  }

  @Test
  void notFound() {
    var missing = DeleteContainerRequest.newBuilder().setName(Client.name("missing"));
    refused(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", () -> client.delete("missing"));
    refused(
        Status.Code.NOT_FOUND,
        "CONTAINER_NOT_FOUND",
        () -> client.delete(missing.clone().setForce(true)));
    client.delete(missing.clone().setForce(true).setAllowMissing(true));
  }

  @Test
  void execArgumentsArePassedOnAsTheyAre() {
    String id = newId();
    client.started(id, document("sleep", "100"));
    String strange = "a b\tc'\"$HOME\\\n--detach";
    assertThat(client.exec(id, "printf", "%s|", strange, "", "-n").out())
        .isEqualTo(strange + "||-n|");
  }
}
