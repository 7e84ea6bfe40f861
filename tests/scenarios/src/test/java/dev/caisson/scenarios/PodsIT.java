package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.Process;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Several containers of one sandbox, which annotations put together: docs/scenarios.md. */
class PodsIT extends OnServices {
  private static final String TYPE = "io.kubernetes.cri.container-type";
  private static final String SANDBOX = "io.kubernetes.cri.sandbox-id";

  /** The first container of a pod, which makes the sandbox. */
  private static String root(Document document) {
    String id = newId();
    client.started(id, document.annotation(TYPE, "sandbox").annotation(SANDBOX, id));
    return id;
  }

  private static Document in(String sandbox, Document document) {
    return document.annotation(TYPE, "container").annotation(SANDBOX, sandbox);
  }

  private static String started(String sandbox, Document document) {
    String id = newId();
    client.started(id, in(sandbox, document));
    return id;
  }

  private String pod() {
    return root(document("sleep", "1000"));
  }

  private static List<String> commands(String id) {
    return client.processes(id).stream().map(Process::getCommand).toList();
  }

  private static void awaitCommands(String id, String... commands) {
    Awaitility.await()
        .untilAsserted(() -> assertThat(commands(id)).containsExactlyInAnyOrder(commands));
  }

  @Test
  void sanity() {
    String root = pod();
    String other = started(root, document("sleep", "500"));
    assertThat(client.get(other).getName()).contains("/sandboxes/" + root + "/");
    for (String id : List.of(root, other)) {
      awaitCommands(id, "sleep");
      Process only = client.processes(id).getFirst();
      assertThat(only.getContainerPid()).isEqualTo(1);
      assertThat(only.getContainerParentPid()).isZero();
    }
  }

  /** The pod's PID namespace is that of a container which asks for none of its own. */
  @Test
  void pidNamespaces() {
    String root = root(document("sleep", "1000").withoutNamespace("pid"));
    String own = started(root, document("sleep", "500"));
    assertThat(client.exec(root, "ps", "-o", "comm").out().lines().filter("sleep"::equals))
        .as("sees both")
        .hasSize(2);
    assertThat(client.exec(own, "ps", "-o", "pid,comm").out())
        .contains("    1 sleep")
        .containsOnlyOnce("sleep");
  }

  @Test
  void pidNamespaceOfTheRoot() {
    String root = root(document("sleep", "1000").withoutNamespace("pid"));
    started(root, document("sleep", "500"));
    String path = "/proc/" + client.get(root).getPid() + "/ns/pid";
    String joined = started(root, document("sleep", "400").joining("pid", path));
    assertThat(client.exec(joined, "ps", "-o", "comm").out().lines().filter("sleep"::equals))
        .hasSize(3);
    awaitCommands(joined, "sleep");
  }

  @Test
  void waiting() {
    String root = pod();
    String brief = started(root, document("true"));
    for (int i = 0; i < 2; i++) {
      ExitStatus status = client.await(brief);
      assertThat(status.getCode()).isZero();
      assertThat(status.getSignal()).isZero();
    }
    assertThat(client.state(root)).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void mount() throws IOException {
    Path volume = services.newVolume();
    String root = pod();
    String id = started(root, script("touch /new/place/file").bind(volume, "/new/place"));
    assertThat(client.await(id).getCode()).isZero();
    assertThat(Files.exists(volume.resolve("file"))).isTrue();
  }

  @Test
  void signals() throws IOException {
    String root = pod();
    String other = started(root, document("sleep", "500"));
    client.signal(other, KILL);
    assertThat(client.await(other).getSignal()).isEqualTo(KILL);
    assertThat(client.state(root)).isEqualTo(ContainerState.RUNNING);
    client.delete(other);
    refused(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", () -> client.signal(other, KILL));

    String sandbox = sandboxCgroup(root);
    client.signal(root, KILL);
    assertThat(client.await(root).getSignal()).isEqualTo(KILL);
    Awaitility.await().until(() -> client.state(root) == ContainerState.STOPPED);
    StatusRuntimeException error =
        refused(Status.Code.FAILED_PRECONDITION, "WRONG_STATE", () -> client.signal(root, KILL));
    assertThat(error.getStatus().getDescription()).contains(root);
    client.delete(root);
    assertThat(Host.processesIn(sandbox)).isEmpty();
  }

  private static String sandboxCgroup(String id) {
    String own = client.get(id).getCgroup();
    return own.substring(0, own.lastIndexOf('/'));
  }

  /** The end of the first container is that of the others. */
  @Test
  void endsWithItsRoot() throws IOException {
    String root = pod();
    String other = started(root, document("sleep", "500"));
    String sandbox = sandboxCgroup(root);
    client.signal(root, KILL);
    assertThat(client.await(other).getSignal()).isEqualTo(KILL);
    Awaitility.await().until(() -> Host.processesIn(sandbox).size() == 1); // what serves it
    refused(
        Status.Code.FAILED_PRECONDITION,
        "WRONG_STATE",
        () -> client.create(newId(), in(root, document("true"))));
  }

  @Test
  void destroy() throws IOException {
    String root = pod();
    // A shell that is refused a process ends: the bomb may burn out, its first process does not.
    String bomb = "f() { f | f & }; f & exec sleep 500";
    String id = started(root, script(bomb).pids(100));
    var exec = client.exec(Client.execOf(id, "sh", "-c", bomb)).awaitStarted();
    String cgroup = client.get(id).getCgroup();
    Awaitility.await().until(() -> Host.refusedProcesses(cgroup) > 0);
    forced(id);
    assertThat(exec.ended().status().getLost()).isFalse(); // killed, or for want of processes
    assertThat(Host.processesIn(cgroup)).isEmpty();
    awaitCommands(root, "sleep");
    client.delete(
        DeleteContainerRequest.newBuilder()
            .setName(Client.name(id))
            .setForce(true)
            .setAllowMissing(true));
  }

  @Test
  void watchedByTheClient() {
    String root = pod();
    String other = newId();
    client.create(other, in(root, document("sleep", "500")));
    Words words = services.caisson("sandbox", "watch", "--once");
    assertThat(words.code()).as("%s", words).isZero();
    assertThat(words.out())
        .startsWith(root + "  alive  ")
        .contains(root + " running", other + " created");
  }

  @Test
  void processes() {
    String root = pod();
    String other = started(root, document("sleep", "500"));
    Exec.Builder exec = Client.execOf(other, "sleep", "50");
    client.exec(exec).awaitStarted();
    awaitCommands(root, "sleep");
    awaitCommands(other, "sleep", "sleep");
    assertThat(client.processes(root).getFirst().getId()).isEqualTo("init");
  }

  @Test
  void destroyNotStarted() {
    String root = pod();
    String id = newId();
    client.create(id, in(root, document("sleep", "500")));
    client.delete(id);
    assertThat(client.list()).containsExactly(root);
  }

  @Test
  void destroyStarting() {
    String root = pod();
    List<String> ids = IntStream.range(0, 9).mapToObj(_ -> newId()).toList();
    ids.forEach(id -> client.create(id, in(root, document("sleep", "500"))));
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (String id : ids) {
      all.add(CompletableFuture.runAsync(() -> startedOrGone(id)));
      all.add(CompletableFuture.runAsync(() -> forced(id)));
    }
    all.forEach(CompletableFuture::join);
    assertThat(client.list()).containsExactly(root);
    awaitCommands(root, "sleep");
  }

  private static void startedOrGone(String id) {
    try {
      client.start(id);
    } catch (StatusRuntimeException e) {
      assertThat(Client.reason(e)).isIn("CONTAINER_NOT_FOUND", "CONTAINER_BEING_DELETED");
    }
  }

  @Test
  void differentFilesystems() {
    String root = root(document("sleep", "1000").overMemory());
    String other = started(root, document("sleep", "500").overMemory());
    assertThat(client.exec(root, "touch", "/foo").code()).isZero();
    assertThat(client.exec(root, "test", "-e", "/foo").code()).isZero();
    assertThat(client.exec(other, "test", "-e", "/foo").code()).isNotZero();
  }

  @Test
  void destroyStress() {
    String root = pod();
    String io =
        "i=0; while [ $i -lt 50 ]; do echo $i > /tmp/f$i; cat /tmp/f$i; rm /tmp/f$i;"
            + " i=$((i+1)); done";
    for (int batch = 0; batch < 3; batch++) {
      List<String> ids = IntStream.range(0, 10).mapToObj(_ -> newId()).toList();
      List<CompletableFuture<Void>> lives =
          ids.stream()
              .map(id ->
                  CompletableFuture.runAsync(() -> {
                    client.started(id, in(root, script(io).overMemory()));
                    assertThat(client.await(id).getCode()).isZero();
                    client.delete(id);
                  }))
              .toList();
      lives.forEach(CompletableFuture::join);
    }
    assertThat(client.list()).containsExactly(root);
  }

  /**
   * Nothing that serves one container alone can be killed but what serves all: its end is all's.
   */
  @Test
  void helperKilled() throws IOException {
    String root = pod();
    String other = started(root, document("sleep", "500"));
    String sandbox = sandboxCgroup(root);
    Host.kill(Host.parentOf(client.get(root).getPid()));
    for (String id : List.of(root, other)) {
      assertThat(client.await(id).getLost()).isTrue();
    }
    Awaitility.await().until(() -> Host.processesIn(sandbox).isEmpty());
  }

  @Test
  void runNonRoot() throws IOException {
    Path volume = services.newVolume();
    String root = pod();
    String id =
        started(
            root, document("true").bind(volume, "/closed/inner").capabilities().user(343, 2401));
    assertThat(client.await(id).getCode()).isZero();
  }

  @Test
  void homeEnvDir() throws IOException {
    Path volume = services.newVolume();
    String root = root(script("echo $HOME > /v/root; exec sleep 1000").bind(volume, "/v"));
    String other =
        started(root, script("echo $HOME > /v/other; exec sleep 500").bind(volume, "/v"));
    assertThat(client.exec(other, "sh", "-c", "echo $HOME").out()).isEqualTo("/\n");
    for (String name : List.of("root", "other")) {
      Path file = volume.resolve(name);
      Awaitility.await().until(() -> Files.exists(file) && Files.size(file) > 0);
      assertThat(Files.readString(file)).isEqualTo("/\n");
    }
  }

  /** Whoever mounts cgroups sees its own, whoever does not sees none. */
  @Test
  void cgroups() {
    String root = pod();
    String other = started(root, document("sleep", "500").pids(7).cgroups());
    String without = started(root, document("sleep", "500"));
    assertThat(client.get(root).getCgroup()).isNotEqualTo(client.get(other).getCgroup());
    assertThat(sandboxCgroup(other)).isEqualTo(sandboxCgroup(root));
    String limit = "cd /sys/fs/cgroup; cat pids/pids.max pids.max";
    assertThat(client.exec(other, "sh", "-c", limit).out()).isEqualTo("7\n");
    assertThat(client.exec(without, "sh", "-c", limit).out()).isEmpty();
  }

  @Test
  void cgroupsMemoryUsage() throws IOException {
    String root = root(document("sleep", "1000"));
    String hungry =
        started(root, script("dd if=/dev/zero of=/dev/shm/f bs=1M count=32; sleep 500"));
    Path all = Host.memoryUsage(sandboxCgroup(root));
    Path one = Host.memoryUsage(client.get(hungry).getCgroup());
    Awaitility.await().until(() -> bytes(one) >= 32L << 20);
    long before = bytes(all);
    assertThat(before).isGreaterThanOrEqualTo(bytes(one));
    forced(hungry);
    Awaitility.await().until(() -> bytes(all) < before - (24L << 20));
  }

  private static long bytes(Path file) throws IOException {
    return Long.parseLong(Files.readString(file).strip());
  }

  @Test
  void terminals() {
    String root = newId();
    String other = newId();
    Document shell =
        document("sh").terminal().annotation(TYPE, "sandbox").annotation(SANDBOX, root);
    var first = client.attached(root, shell).awaitStarted();
    var second = client.attached(other, in(root, document("sh").terminal())).awaitStarted();
    first.type("echo fir''st\n").awaitOutput("first");
    second.type("tty; echo sec''ond\n").awaitOutput("second").awaitOutput("/dev/pts/0");
    second.type("exit 3\n");
    assertThat(second.ended().code()).isEqualTo(3);
    first.type("exit 4\n");
    assertThat(first.ended().code()).isEqualTo(4);
  }

  /** A pod whose containers come and go does not keep more and more memory. */
  @Test
  void memoryLeakStress() throws IOException {
    String root = pod();
    String files = "i=0; while [ $i -lt 100 ]; do echo $i > /tmp/f$i; i=$((i+1)); done";
    for (int i = 0; i < 5; i++) {
      life(root, files);
    }
    long before = bytes(Host.memoryUsage(sandboxCgroup(root)));
    for (int i = 0; i < 25; i++) {
      life(root, files);
    }
    Awaitility.await()
        .until(() ->
            bytes(Host.memoryUsage(sandboxCgroup(root))) <= before + (before / 20) + (1 << 20));
  }

  private void life(String root, String files) {
    String id = started(root, script(files).overMemory());
    assertThat(client.await(id).getCode()).isZero();
    client.delete(id);
  }
}
