package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuCommandTest {
  private static final CpuApportioned EXACT =
      CpuApportioned.newBuilder()
          .setSandboxId("pair")
          .setCgroupNanos(4_000_000_007L)
          .setUnattributedNanos(7)
          .addContainers(
              ContainerCpu.newBuilder().setContainerId("big").setTotalNanos(3_000_000_000L))
          .addContainers(
              ContainerCpu.newBuilder()
                  .setContainerId("small")
                  .setTotalNanos(1_000_000_000L)
                  .setExited(true))
          .build();

  @Test
  void showsEveryNanosecondOfTheSum() {
    assertThat(CpuCommand.table(List.of(EXACT)))
        .contains("big", "75.0 %", "small", "25.0 %", "final", "(nobody)", "0.000000007")
        .contains("4.000000007")
        .contains("= the cgroup's, exactly");
  }

  @Test
  void saysSoWhenTheSumIsNotTheCgroups() {
    CpuApportioned off = EXACT.toBuilder().setCgroupNanos(4_000_000_008L).build();
    assertThat(CpuCommand.table(List.of(off))).contains("BUT the cgroup's is 4.000000008");
  }
}
