package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.audit.v1.ContainerCpuWindow;
import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.audit.v1.GetCpuWindowResponse;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.types.v1.ConsoleSize;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class CpuCommandTest {
  private static final CpuApportioned EXACT =
      CpuApportioned.newBuilder()
          .setSandboxId("pair")
          .setSandboxUid("uid-pair")
          .setTime(Timestamps.fromSeconds(100))
          .setCgroupNanos(4_000_000_007L)
          .setUnattributedNanos(7)
          .addContainers(container("big", 3_000_000_000L))
          .addContainers(container("small", 1_000_000_000L).setExited(true))
          .build();

  private final CpuRates rates = new CpuRates();

  @Test
  void showsEveryNanosecondOfTheSum() {
    assertThat(CpuTables.totals(List.of(EXACT)))
        .contains("big", "75.0 %", "small", "25.0 %", "final", "(nobody)", "0.000000007")
        .contains("4.000000007")
        .contains("= the cgroup's, exactly");
  }

  @Test
  void countsWhoIsNotListedAnyMore() {
    CpuApportioned more =
        EXACT.toBuilder().setRetiredNanos(5).setCgroupNanos(4_000_000_012L).build();
    assertThat(CpuTables.totals(List.of(more)))
        .contains("(long gone)", "0.000000005", "4.000000012", "exactly");
  }

  @Test
  void showsNanosecondsThatADoubleDoesNotHave() {
    assertThat(Text.seconds(Long.MAX_VALUE)).isEqualTo("9223372036.854775807");
  }

  @Test
  void saysSoWhenTheSumIsNotTheCgroups() {
    CpuApportioned off = EXACT.toBuilder().setCgroupNanos(4_000_000_008L).build();
    assertThat(CpuTables.totals(List.of(off))).contains("BUT the cgroup's is 4.000000008");
  }

  @Test
  void showsAWindowWithItsBoundsAndRates() {
    CpuWindow window =
        CpuWindow.newBuilder()
            .setSandboxId("pair")
            .setStart(Timestamps.fromSeconds(100))
            .setEnd(Timestamps.fromSeconds(102))
            .setTruncated(true)
            .setCgroupNanos(3_000_000_000L)
            .setCpus(1.5)
            .addContainers(
                ContainerCpuWindow.newBuilder()
                    .setContainerId("big")
                    .setNanos(3_000_000_000L)
                    .setCpus(1.5))
            .build();
    assertThat(CpuTables.windows(GetCpuWindowResponse.newBuilder().addSandboxes(window).build()))
        .contains("big", "1.500", ":01:42.000")
        .contains("the history begins later; = the cgroup's, exactly");
  }

  @Test
  void hasNoRateBeforeTheSecondSample() {
    rates.take(EXACT);
    assertThat(rates.rows()).extracting(CpuRates.Row::cpus).containsOnly(OptionalDouble.empty());
  }

  @Test
  void sortsByRateAndThenByTotal() {
    rates.take(EXACT);
    rates.take(
        EXACT.toBuilder()
            .setTime(Timestamps.fromSeconds(102))
            .setUnattributedNanos(1_000_000_007L)
            .clearContainers()
            .addContainers(container("big", 3_000_000_000L))
            .addContainers(container("small", 1_000_000_000L))
            .addContainers(container("new", 4_000_000_000L))
            .build());
    assertThat(rates.rows())
        .extracting(CpuRates.Row::container)
        .containsExactly("new", "(nobody)", "big", "small");
    assertThat(rates.rows())
        .extracting(row -> row.cpus().orElseThrow())
        .containsExactly(2.0, 0.5, 0.0, 0.0);
  }

  @Test
  void forgetsASandboxThatIsGone() {
    rates.take(EXACT);
    rates.forget("uid-pair");
    assertThat(rates.rows()).isEmpty();
  }

  @Test
  void drawsBarsInProportion() {
    List<String> lines = screen(24, 80, row("a", 2), row("b", 1), row("c", 0.01));
    assertThat(lines.get(0)).contains("CONTAINER", "CPUs", "CHARGED (s)", "0 to 2.00 CPUs");
    int full = bar(lines.get(1));
    assertThat(full).isGreaterThan(20);
    assertThat(bar(lines.get(2))).isBetween(full / 2 - 1, full / 2 + 1);
    assertThat(lines.get(3)).contains("0.01");
    assertThat(lines.getLast()).startsWith("= sum").contains("3.01").contains("3.000");
  }

  @Test
  void fitsEveryScreen() {
    CpuRates.Row[] many = new CpuRates.Row[50];
    for (int i = 0; i < many.length; i++) {
      many[i] = row("container-with-a-long-name-" + i, 1.0 / (i + 1));
    }
    for (int width = 20; width <= 200; width += 9) {
      for (int height = 1; height <= 60; height += 7) {
        List<String> lines = screen(height, width, many);
        int most = width - 1;
        assertThat(lines).hasSizeLessThanOrEqualTo(Math.max(height, 4));
        assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(most));
      }
    }
  }

  @Test
  void saysHowManyThereIsNoRoomFor() {
    assertThat(screen(6, 80, row("a", 1), row("b", 1), row("c", 1))).contains("  and 1 more");
  }

  private static int bar(String line) {
    return (int) line.chars().filter(character -> character == '█' || character == '#').count();
  }

  private static List<String> screen(int height, int width, CpuRates.Row... rows) {
    return CpuScreen.lines(
        List.of(rows), ConsoleSize.newBuilder().setHeight(height).setWidth(width).build());
  }

  private static CpuRates.Row row(String container, double cpus) {
    return new CpuRates.Row("s", container, OptionalDouble.of(cpus), 1_000_000_000L, "running");
  }

  private static ContainerCpu.Builder container(String id, long total) {
    return ContainerCpu.newBuilder()
        .setContainerId(id)
        .setContainerUid("uid-" + id)
        .setTotalNanos(total);
  }
}
