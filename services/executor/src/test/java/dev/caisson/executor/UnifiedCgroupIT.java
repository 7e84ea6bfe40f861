package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Containers on a host that has one tree of cgroups, with all controllers in it. */
class UnifiedCgroupIT extends OnNode {
  private static final Path TREE = Path.of("/sys/fs/cgroup");

  @BeforeEach
  void requireTree() {
    assumeTrue(
        Files.exists(TREE.resolve("cgroup.controllers")),
        "Skipped: needs pure cgroup v2: tests/guest/run.sh has it");
  }

  /** Where a process is, in the only tree there is: nothing was joined, so it was born there. */
  private static Path cgroup(int pid) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("/proc/" + pid + "/cgroup"));
    assertThat(lines).hasSize(1);
    assertThat(lines.getFirst()).startsWith("0::" + node.cgroupParent() + "/");
    return TREE.resolve(lines.getFirst().substring("0::/".length()));
  }

  private static String value(Path cgroup, String file) throws IOException {
    return Files.readString(cgroup.resolve(file)).strip();
  }

  private static Resources.Builder limits() {
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(64 << 20).setReservation(16 << 20);
    limits.getPidsBuilder().setLimit(20);
    limits.getCpuBuilder().setShares(2).setQuota(50_000).setPeriod(100_000).setCpus("0");
    return limits;
  }

  @Test
  void containersAreBornInTheirCgroupWithTheirLimits() throws Exception {
    var container = node.started("c", node.spec("sleep", "60").setResources(limits()));
    Path cgroup = cgroup(container.getPid());

    assertThat(value(cgroup, "cgroup.procs")).isEqualTo(Integer.toString(container.getPid()));
    assertThat(value(cgroup, "memory.max")).isEqualTo("67108864");
    assertThat(value(cgroup, "memory.low")).isEqualTo("16777216");
    assertThat(value(cgroup, "pids.max")).isEqualTo("20");
    assertThat(value(cgroup, "cpu.weight")).isEqualTo("1");
    assertThat(value(cgroup, "cpu.max")).isEqualTo("50000 100000");
    assertThat(value(cgroup, "cpuset.cpus.effective")).isEqualTo("0");
  }

  @Test
  void whatIsExecutedIsBornThereToo() throws Exception {
    var container = node.started("c", node.spec("sleep", "60"));
    var exec = node.exec("c", "sleep", "60");
    assertThat(cgroup(exec.execStarted().getPid())).isEqualTo(cgroup(container.getPid()));
  }

  @Test
  void controllersAreHandedDownToContainersAndNoFarther() throws Exception {
    Path cgroup = cgroup(node.started("c", node.spec("sleep", "60")).getPid());
    for (Path above = cgroup.getParent(); !above.equals(TREE); above = above.getParent()) {
      assertThat(value(above, "cgroup.subtree_control").split(" ", -1))
          .contains("cpu", "cpuset", "memory", "pids");
    }
    assertThat(value(cgroup, "cgroup.subtree_control")).isEmpty();
  }

  @Test
  void aKillOfTheCgroupLeavesNothingInIt() throws Exception {
    var container =
        node.started("c", node.shell("for i in 1 2 3 4 5; do sleep 60 & done; wait; sleep 60"));
    Path cgroup = cgroup(container.getPid());
    TestNode.eventually("it has children", () -> processes(cgroup) == 6);
    node.delete("c", true);
    assertThat(cgroup).doesNotExist();
  }

  private static long processes(Path cgroup) {
    try {
      return value(cgroup, "cgroup.procs").lines().count();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
