package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.NamedStatistics;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UsageRatesTest {
  private final UsageRates rates = new UsageRates();

  private static NamedStatistics at(String id, long millis, long cpuMillis, long memory) {
    Statistics.Builder one = Statistics.newBuilder().setTime(Timestamps.fromMillis(millis));
    one.getCpuBuilder().setUsageNanoseconds(cpuMillis * 1_000_000);
    one.getMemoryBuilder().setUsageBytes(memory);
    one.getPidsBuilder().setCurrent(3);
    return NamedStatistics.newBuilder()
        .setName("tenants/t/sandboxes/s/containers/" + id)
        .setStatistics(one)
        .build();
  }

  @Test
  void hasNoShareBeforeTheSecondSample() {
    rates.take(List.of(at("a", 1_000, 5, 1)));
    assertThat(rates.rows())
        .extracting(UsageRates.Row::percent)
        .containsOnly(OptionalDouble.empty());
    rates.take(List.of(at("a", 3_000, 505, 1)));
    assertThat(rates.rows().getFirst().percent()).hasValue(25.0);
  }

  @Test
  void putsTheBusiestFirstAndThenTheGreatest() {
    rates.take(
        List.of(at("idle", 0, 0, 1), at("big", 0, 0, 9), at("slow", 0, 0, 1), at("busy", 0, 0, 1)));
    rates.take(
        List.of(
            at("idle", 100, 0, 1),
            at("big", 100, 0, 9),
            at("slow", 100, 10, 1),
            at("busy", 100, 150, 1)));
    assertThat(rates.rows())
        .extracting(row -> Names.id(row.name()))
        .containsExactly("busy", "slow", "big", "idle");
  }

  @Test
  void forgetsWhoIsGone() {
    rates.take(List.of(at("a", 0, 0, 1)));
    rates.take(List.of());
    rates.take(List.of(at("a", 1_000, 500, 1)));
    assertThat(rates.rows().getFirst().percent()).isEmpty();
  }

  @Test
  void takesOneOfTheSameNameForAnother() {
    rates.take(List.of(at("a", 0, 900, 1)));
    rates.take(List.of(at("a", 1_000, 5, 1)));
    assertThat(rates.rows().getFirst().percent()).isEmpty();
  }

  @Test
  void showsWhatIsUsed() {
    rates.take(List.of(at("web", 0, 0, 1_572_864)));
    rates.take(List.of(at("web", 1_000, 1_234, 1_572_864)));
    assertThat(UsageTable.of(rates.rows()))
        .isEqualTo(
            """
            CONTAINER  SANDBOX  CPU %   MEMORY  LIMIT  PIDS
            web        s        123.4  1.5 MiB      -     3
            """);
  }

  @Test
  void fitsEveryScreen() {
    rates.take(
        IntStream.range(0, 50)
            .mapToObj(i -> at("container-with-a-long-name-" + i, 1_000, i, i))
            .toList());
    for (int width = 1; width <= 120; width += 7) {
      for (int height = 1; height <= 60; height += 7) {
        int most = width - 1;
        List<String> lines = UsageTable.lines(rates.rows(), size(height, width));
        assertThat(lines).hasSizeLessThanOrEqualTo(Math.max(height - 1, 3));
        assertThat(lines).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(most));
      }
    }
  }

  @Test
  void saysHowManyThereIsNoRoomFor() {
    rates.take(List.of(at("a", 0, 0, 3), at("b", 0, 0, 2), at("c", 0, 0, 1)));
    assertThat(UsageTable.lines(rates.rows(), size(5, 80))).hasSize(4).endsWith("  and 1 more");
    assertThat(UsageTable.lines(rates.rows(), size(6, 80)))
        .hasSize(4)
        .last()
        .asString()
        .contains("c");
  }

  private static ConsoleSize size(int height, int width) {
    return ConsoleSize.newBuilder().setHeight(height).setWidth(width).build();
  }
}
