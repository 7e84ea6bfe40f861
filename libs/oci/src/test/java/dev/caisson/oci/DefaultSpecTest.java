package dev.caisson.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import org.junit.jupiter.api.Test;

class DefaultSpecTest {
  private final ContainerSpec spec = DefaultSpec.of("/srv/root", List.of("sh", "-c", "id"));

  @Test
  void isolatesWithoutBeingAsked() {
    assertThat(spec.getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.AUTO);
    assertThat(spec.getNamespacesList())
        .extracting(Namespace::getType)
        .containsExactlyInAnyOrder(
            Namespace.Type.PID,
            Namespace.Type.NETWORK,
            Namespace.Type.MOUNT,
            Namespace.Type.IPC,
            Namespace.Type.UTS,
            Namespace.Type.USER,
            Namespace.Type.CGROUP);
    assertThat(spec.getProcess().getNoNewPrivileges()).isTrue();
    assertThat(spec.getMaskedPathsList()).contains("/proc/kcore", "/sys/firmware");
    assertThat(spec.getReadonlyPathsList()).contains("/proc/sys", "/proc/sysrq-trigger");
  }

  @Test
  void grantsNoCapabilityThatReachesBeyondTheContainer() {
    assertThat(spec.getProcess().getCapabilities().getBoundingList())
        .contains("CAP_SETUID")
        .doesNotContain("CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_ADMIN", "CAP_MKNOD");
    assertThat(spec.getProcess().getCapabilities().getInheritableList()).isEmpty();
    assertThat(spec.getProcess().getCapabilities().getAmbientList()).isEmpty();
  }

  @Test
  void runsTheCommandInTheDirectory() {
    assertThat(spec.getProcess().getArgsList()).containsExactly("sh", "-c", "id");
    assertThat(spec.getRoot().getPath()).isEqualTo("/srv/root");
    assertThat(spec.getMountsList())
        .extracting(Mount::getDestination)
        .contains("/proc", "/dev", "/dev/pts", "/dev/shm", "/sys");
  }

  @Test
  void asksForACommandAndAnAbsolutePath() {
    assertThatThrownBy(() -> DefaultSpec.of("/r", List.of()))
        .hasMessage("process.args must have at least one entry: []");
    assertThatThrownBy(() -> DefaultSpec.of("r", List.of("x")))
        .hasMessage("rootfs must be an absolute path: r");
  }
}
