package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.executor.cgroup.Systemd;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sandboxes in scopes, on a host that systemd has booted. */
class SystemdIT {
  private static final Path TREE = Path.of("/sys/fs/cgroup");
  private static final int SIGKILL = 9;

  private TestNode node;

  @BeforeEach
  void launch() throws Exception {
    assumeTrue(
        Files.isDirectory(Path.of("/run/systemd/system"))
            && Files.exists(TREE.resolve("cgroup.controllers"))
            && ServiceLoader.load(Systemd.class).findFirst().isPresent(),
        "Skipped: needs systemd, pure cgroup v2 and the module that speaks to it:"
            + " tests/guest/run.sh has them");
    node = TestNode.launchOnSystemd("cgroup.paths = true");
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private static String systemctl(String... arguments) throws Exception {
    Process process =
        new ProcessBuilder(Stream.concat(Stream.of("systemctl"), Stream.of(arguments)).toList())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.strip();
  }

  private static String property(String unit, String name) throws Exception {
    return systemctl("show", "--value", "--property=" + name, unit);
  }

  private static String value(String cgroup, String file) throws IOException {
    return Files.readString(TREE.resolve(cgroup.substring(1)).resolve(file)).strip();
  }

  private ContainerSpec.Builder limited() {
    ContainerSpec.Builder spec = node.spec("sleep", "600");
    spec.getResourcesBuilder().getPidsBuilder().setLimit(32);
    spec.getResourcesBuilder().getMemoryBuilder().setLimit(64 << 20);
    return spec;
  }

  @Test
  void lieInAScopeThatOutlivesAReloadAndTheExecutor() throws Exception {
    Container container = node.started("c", limited());
    String sandbox = node.sandbox("c").getCgroup();
    String scope = sandbox.substring(0, sandbox.lastIndexOf('/'));
    String unit = scope.substring(scope.lastIndexOf('/') + 1);
    assertThat(scope).matches(node.cgroupParent() + "/caisson-[0-9a-f-]{36}\\.scope");
    assertThat(property(unit, "ActiveState")).isEqualTo("active");
    assertThat(property(unit, "ControlGroup")).isEqualTo(scope);
    assertThat(property(unit, "Delegate")).isEqualTo("yes");

    systemctl("daemon-reload");
    assertThat(value(container.getCgroup(), "pids.max")).isEqualTo("32");
    assertThat(value(container.getCgroup(), "memory.max")).isEqualTo("67108864");
    assertThat(node.exec("c", "true").ended().code()).isZero();

    node.restart();
    assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
    node.delete("c", true);
    assertThat(TREE.resolve(scope.substring(1))).doesNotExist();
    assertThat(systemctl("list-units", "--all", "--plain", "--no-legend", "caisson-*.scope"))
        .isEmpty();
  }

  @Test
  void standStillAndEndInTheirScope() throws Exception {
    String cgroup = node.started("c", limited()).getCgroup();
    node.pause("c");
    assertThat(node.state("c")).isEqualTo(ContainerState.PAUSED);
    assertThat(value(cgroup, "cgroup.events")).contains("frozen 1");
    systemctl("daemon-reload");
    assertThat(value(cgroup, "cgroup.events")).contains("frozen 1");
    node.resume("c");
    assertThat(value(cgroup, "cgroup.events")).contains("frozen 0");
    assertThat(node.exec("c", "true").ended().code()).isZero();

    node.pause("c");
    node.signal("c", SIGKILL);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    assertThat(value(cgroup, "cgroup.procs")).isEmpty();
    node.delete("c");
    assertThat(TREE.resolve(cgroup.substring(1))).doesNotExist();
  }

  /** Those of a sandbox, and of a container alone. */
  @Test
  void areUpdatedInTheirScopeToo() throws Exception {
    Container container = node.started("c", limited());
    String sandbox = node.sandbox("c").getCgroup();
    String scope = sandbox.substring(0, sandbox.lastIndexOf('/'));
    String unit = scope.substring(scope.lastIndexOf('/') + 1);
    assertThat(property(unit, "TasksMax")).isEqualTo("infinity");
    assertThat(property(unit, "MemoryMax")).isEqualTo("infinity");

    Resources.Builder limits = Resources.newBuilder();
    limits.getPidsBuilder().setLimit(40);
    limits.getMemoryBuilder().setLimit(80 << 20);
    node.updateSandbox("c", limits.build());
    assertThat(value(sandbox, "pids.max")).isEqualTo("40");
    assertThat(value(sandbox, "memory.max")).isEqualTo(Long.toString(80 << 20));
    // The scope has room for who keeps it, too.
    assertThat(Long.parseLong(property(unit, "TasksMax"))).isBetween(40L, 41L);
    assertThat(Long.parseLong(property(unit, "MemoryMax"))).isBetween(80L << 20, 81L << 20);
    assertThat(value(scope, "pids.max")).isEqualTo(property(unit, "TasksMax"));
    assertThat(value(scope, "memory.max")).isEqualTo(property(unit, "MemoryMax"));

    limits.getPidsBuilder().setLimit(20);
    limits.getMemoryBuilder().setLimit(48 << 20);
    node.update("c", limits.build());
    systemctl("daemon-reload");
    assertThat(value(container.getCgroup(), "pids.max")).isEqualTo("20");
    assertThat(value(container.getCgroup(), "memory.max")).isEqualTo(Long.toString(48 << 20));
    assertThat(value(sandbox, "pids.max")).isEqualTo("40");
  }

  @Test
  void lieInTheScopeThatTheirSpecificationNames() throws Exception {
    String slice = node.cgroupParent().substring(node.cgroupParent().lastIndexOf('/') + 1);
    Container container = node.started("c", limited().setCgroupsPath(slice + ":cri:7f3a"));
    assertThat(container.getCgroup()).startsWith(node.cgroupParent() + "/cri-7f3a.scope/sandbox-");
    assertThatThrownBy(() -> node.started("d", limited().setCgroupsPath(slice + ":cri:7f3a")))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("name a cgroup that no process of others is in");

    // A scope without processes ends by itself.
    systemctl("kill", "--signal=SIGKILL", "cri-7f3a.scope");
    node.delete("c", true);
    assertThat(TREE.resolve(node.cgroupParent().substring(1)).resolve("cri-7f3a.scope"))
        .doesNotExist();
  }
}
