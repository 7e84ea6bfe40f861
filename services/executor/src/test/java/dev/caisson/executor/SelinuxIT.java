package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesResponse;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Labels that the kernel enforces. Needs one with SELinux, and the policy of the test guest. */
class SelinuxIT extends OnNode {
  private static final Path SELINUX = Path.of("/sys/fs/selinux");

  private static final String CONTAINER = "system_u:system_r:container_t:s0:c1";
  private static final String OTHER = "system_u:system_r:container_t:s0:c2";
  private static final String STRICTER = "system_u:system_r:stricter_t:s0:c1";
  private static final String FORBIDDEN = "system_u:system_r:forbidden_t:s0";
  private static final String UNKNOWN = "system_u:system_r:unknown_t:s0";

  private static final String FILES = "system_u:object_r:file_t:s0:c1";

  /** The kernel's answer ends with a null. */
  private static final String LABEL = "tr -d '\\0' < /proc/self/attr/current; echo";

  private static final Mount QUEUES =
      Mount.newBuilder()
          .setDestination("/dev/mqueue")
          .setType("mqueue")
          .setSource("mqueue")
          .build();

  private static final String VERSION = "cat /proc/version";
  private static final String UPTIME = "cat /proc/uptime";

  @BeforeAll
  static void loaded() throws Exception {
    assumeTrue(Files.exists(SELINUX.resolve("enforce")), "Skipped: this kernel has no SELinux");
    assumeTrue(
        Files.exists(Path.of("/selinux.cil")), "Skipped: this is not the guest with its policy");
    allow("user-namespace.host = true", "new-privileges = true");
  }

  private static ContainerSpec.Builder confined(String label, String script) {
    ContainerSpec.Builder spec = node.shell(script);
    spec.getProcessBuilder().setSelinuxLabel(label);
    return spec;
  }

  private static ExecProcess.Builder exec(String label, String script) {
    ExecProcess.Builder exec = TestNode.execRequest("c", "sh", "-c", script);
    exec.getProcessBuilder().setSelinuxLabel(label);
    return exec;
  }

  private static void nothingIsLeft() {
    assertThat(node.stub().listSandboxes(ListSandboxesRequest.getDefaultInstance()))
        .isEqualTo(ListSandboxesResponse.getDefaultInstance());
  }

  @Test
  void holdNothingThatNamesNone() {
    assertThat(out(node.shell(LABEL))).isEqualTo("system_u:system_r:host_t:s0-s0:c0.c3\n");
    assertThat(out(node.shell(VERSION))).startsWith("Linux version ");
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "HOST"})
  void holdAContainer(UserNamespace.Mode users) {
    ContainerSpec.Builder spec = confined(CONTAINER, LABEL + "; wc -l < /proc/uptime; " + VERSION);
    spec.getUserNamespaceBuilder().setMode(users);
    Ended ended = node.run(spec);
    assertThat(ended.out()).isEqualTo(CONTAINER + "\n1\n");
    assertThat(ended.err()).contains("/proc/version': Permission denied");
    assertThat(ended.code()).isNotZero();
  }

  @Test
  void holdAContainerThatMayGainPrivileges() {
    ContainerSpec.Builder spec = confined(CONTAINER, LABEL + "; " + VERSION);
    spec.getProcessBuilder().setNoNewPrivileges(false);
    Ended ended = node.run(spec);
    assertThat(ended.out()).isEqualTo(CONTAINER + "\n");
    assertThat(ended.err()).contains("Permission denied");
  }

  @Test
  void holdWhatIsExecutedLater() {
    node.started("c", confined(CONTAINER, "sleep 60"));
    Ended same = node.exec(exec("", LABEL + "; " + VERSION)).ended();
    assertThat(same.out()).isEqualTo(CONTAINER + "\n");
    assertThat(same.err()).contains("Permission denied");
    Ended own = node.exec(exec(STRICTER, LABEL + "; " + UPTIME)).ended();
    assertThat(own.out()).isEqualTo(STRICTER + "\n");
    assertThat(own.err()).contains("Permission denied");
  }

  /** As those of another container: of the same type, with other categories. */
  @ParameterizedTest
  @CsvSource({
    "AUTO, echo a > /dev/shm/file && cat /dev/shm/file",
    "HOST, echo a > /dev/shm/file && cat /dev/shm/file",
    "AUTO, echo a > /copied/file && cat /copied/file",
    "HOST, echo a > /copied/file && cat /copied/file",
    "HOST, ls /dev/mqueue && echo a",
  })
  void keepOthersFromTheFilesOfAContainer(UserNamespace.Mode users, String script) {
    assertThat(out(labelled(users, CONTAINER, script))).isEqualTo("a\n");
    Ended other = node.run(labelled(users, OTHER, script));
    assertThat(other.out()).isEmpty();
    assertThat(other.err()).contains("Permission denied");
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "HOST"})
  void keepOthersFromTheRootOfAContainer(UserNamespace.Mode users) {
    Overlay memory = Overlay.newBuilder().setMedium(Overlay.Medium.MEMORY).build();
    ContainerSpec.Builder own = labelled(users, CONTAINER, "echo a > /new && cat /new");
    own.getRootBuilder().setOverlay(memory);
    assertThat(out(own)).isEqualTo("a\n");
    ContainerSpec.Builder other = labelled(users, OTHER, "true");
    other.getRootBuilder().setOverlay(memory);
    Problem.of(node.runAttached(node.request("refused", other).build()).failure())
        .says("SELinux label " + OTHER + " must allow it");
    nothingIsLeft();
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "HOST"})
  void areThoseOfNewFilesystems(UserNamespace.Mode users) {
    String mounts = "grep -E '^[^ ]+ [^ ]+ (tmpfs|devpts|overlay) ' /proc/self/mounts";
    assertThat(out(labelled(users, CONTAINER, mounts)).lines())
        .hasSize(4)
        .allMatch(line -> line.contains("context=" + FILES));
  }

  private static ContainerSpec.Builder labelled(
      UserNamespace.Mode users, String label, String script) {
    ContainerSpec.Builder spec = confined(label, script).setMountLabel(FILES).addMounts(QUEUES);
    spec.addMountsBuilder()
        .setDestination("/copied")
        .setType("tmpfs")
        .setSource("tmpfs")
        .addOptions("tmpcopyup");
    spec.getUserNamespaceBuilder().setMode(users);
    return spec;
  }

  @Test
  void canBeEnded() {
    node.started("c", confined(CONTAINER, "sleep 60"));
    node.pause("c");
    node.resume("c");
    node.signal("c", 9);
    assertThat(node.await("c").getSignal()).isEqualTo(9);
    node.delete("c");
  }

  @Test
  void areRefusedByNameWhenThePolicyLacksThem() {
    var request = node.request("refused", confined(UNKNOWN, "true")).build();
    Problem.of(node.runAttached(request).failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED)
        .says("SELinux label " + UNKNOWN, "not loaded");
    nothingIsLeft();
  }

  @Test
  void areRefusedByNameWhenThePolicyDoesNotLeadToThem() {
    var request = node.request("refused", confined(FORBIDDEN, "true")).build();
    Problem.of(node.runAttached(request).failure())
        .says("SELinux label " + FORBIDDEN + " must allow it");
    nothingIsLeft();
  }

  @Test
  void areRefusedByNameOnFilesystems() {
    ContainerSpec.Builder spec = confined(CONTAINER, "true");
    spec.setMountLabel("system_u:object_r:unknown_t:s0");
    Problem.of(node.runAttached(node.request("refused", spec).build()).failure())
        .says("system_u:object_r:unknown_t:s0");
    nothingIsLeft();
  }
}
