package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Devices that are bound into a container, and the cgroup's word on them. */
class DevicesIT extends OnNode {
  private static final int FUSE_MAJOR = 10;
  private static final int FUSE_MINOR = 229;

  /** 1:11, the kernel's log: a device that nothing here allows, and that every kernel has. */
  static final String MAKE_KMSG = "mknod /dev/kmsg c 1 11 && head -c 1 /dev/kmsg";

  static final String[] RULES = {"devices.allowed = c:10:229", "user-namespace.host = true"};

  @BeforeAll
  static void startNodeWithDevices() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/fuse")), "Skipped: needs /dev/fuse");
    endNode(); // the usual one
    node = TestNode.launch(RULES);
  }

  private ContainerSpec.Builder withFuse(String script) {
    ContainerSpec.Builder spec = node.shell(script);
    // Its owner: hosts differ in whether others may open it.
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    var _ =
        spec.addDevicesBuilder()
            .setPath("/dev/misc/fuse")
            .setType("c")
            .setMajor(FUSE_MAJOR)
            .setMinor(FUSE_MINOR);
    return spec;
  }

  static ContainerSpec.Builder privileged(String script) {
    ContainerSpec.Builder spec = node.shell(script);
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    List<String> make = List.of("CAP_MKNOD");
    spec.getProcessBuilder()
        .setCapabilities(
            Capabilities.newBuilder()
                .addAllBounding(make)
                .addAllPermitted(make)
                .addAllEffective(make));
    return spec;
  }

  @Test
  void areNodesOfTheHostThatWork() {
    String script = "stat -c %t:%T /dev/misc/fuse; exec 3<>/dev/misc/fuse && echo open";
    Ended ended = node.run(withFuse(script));
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).isEqualTo("a:e5\nopen\n");
  }

  @Test
  void keepTheirOwnerInAUserNamespace() {
    ContainerSpec.Builder spec = withFuse("stat -c '%t:%T %u:%g' /dev/misc/fuse");
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.AUTO);
    assertThat(node.run(spec).out()).isEqualTo("a:e5 65534:65534\n");
  }

  @Test
  void doNotWorkWhereARuleDeniesThem() {
    ContainerSpec.Builder spec = withFuse("exec 3<>/dev/misc/fuse && echo open");
    var _ = spec.getResourcesBuilder().addDevicesBuilder().setAccess("rwm");
    Ended ended = node.run(spec);
    assertThat(ended.err()).contains("Operation not permitted");
    assertThat(node.run(node.shell("head -c 1 /dev/zero | od -An -c")).out()).contains("\\0");
  }

  @Test
  void canBeMadeByTheHostsRootAndNotOpened() {
    Ended ended = node.run(privileged(MAKE_KMSG));
    assertThat(ended.err()).contains("/dev/kmsg").contains("Operation not permitted");
    String fuse = "mknod /dev/fuse c 10 229 && exec 3<>/dev/fuse && echo open";
    assertThat(node.run(privileged(fuse)).err()).contains("Operation not permitted");
    ContainerSpec.Builder allowed = privileged(fuse);
    var _ =
        allowed
            .getResourcesBuilder()
            .addDevicesBuilder()
            .setAllow(true)
            .setType("c")
            .setMajor(FUSE_MAJOR)
            .setMinor(FUSE_MINOR);
    assertThat(node.run(allowed).out()).isEqualTo("open\n");
  }

  @Test
  void areFencedByTheNextExecutorToo() throws Exception {
    node.restart();
    assertThat(node.run(privileged(MAKE_KMSG)).err()).contains("Operation not permitted");
  }

  @Test
  void mayBeFifos() {
    ContainerSpec.Builder spec = node.shell("stat -c '%F %a %u:%g' /dev/pipe");
    var _ = spec.addDevicesBuilder().setPath("/dev/pipe").setType("p").setFileMode(0620).setGid(5);
    assertThat(node.run(spec).out()).isEqualTo("fifo 620 0:5\n");
  }

  @Test
  void areRefusedWhereTheGuardDoesNotListThem() {
    ContainerSpec.Builder spec = node.shell("true");
    var _ = spec.addDevicesBuilder().setPath("/dev/kmsg").setType("c").setMajor(1).setMinor(11);
    Problem.of(() -> node.create("c", spec))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
        .says("c 1:11 rw");
  }
}
