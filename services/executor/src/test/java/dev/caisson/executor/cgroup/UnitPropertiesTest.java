package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.cgroup.UnitProperty.Count;
import dev.caisson.executor.cgroup.UnitProperty.Ids;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitPropertiesTest {
  @ParameterizedTest
  @CsvSource({
    "cpu.weight, 20, CPUWeight, 20",
    "cpu.max, 50000 200000, CPUQuotaPeriodUSec, 200000",
    "cpu.max, 50000 200000, CPUQuotaPerSecUSec, 250000",
    "cpu.max, 1000 99999, CPUQuotaPerSecUSec, 20000",
    "cpu.max, 1000 1000000, CPUQuotaPerSecUSec, 10000",
    "cpu.max, 10000 1000000, CPUQuotaPerSecUSec, 10000",
    "cpu.max, 10001 1000000, CPUQuotaPerSecUSec, 20000",
    "cpu.max, 400000 100000, CPUQuotaPerSecUSec, 4000000",
    "cpu.max, 17592186044415 1000, CPUQuotaPerSecUSec, 17592186044420000",
    "cpu.max, max 100000, CPUQuotaPerSecUSec, -1",
    "memory.max, 67108864, MemoryMax, 68157440",
    "memory.max, max, MemoryMax, -1",
    "memory.low, 4096, MemoryLow, 4096",
    "memory.swap.max, 0, MemorySwapMax, 0",
    "pids.max, 32, TasksMax, 33",
    "pids.max, max, TasksMax, -1"
  })
  void saysLimitsInTheWordsOfSystemd(String file, String text, String name, long value) {
    assertThat(
            UnitProperties.ofLimits(wanted -> Optional.ofNullable(Map.of(file, text).get(wanted))))
        .contains(new UnitProperty(name, new Count(value)));
  }

  @Test
  void saysListsAsSets() {
    BitSet ids = new BitSet();
    ids.set(0, 4);
    ids.set(9);
    assertThat(UnitProperties.ofLimits(file -> lists(file, "0-3,9")))
        .containsExactly(
            new UnitProperty("AllowedCPUs", new Ids(ids)),
            new UnitProperty("AllowedMemoryNodes", new Ids(ids)));
    assertThat(UnitProperties.ofLimits(file -> lists(file, ""))).isEmpty();
  }

  private static Optional<String> lists(String file, String text) {
    return file.startsWith("cpuset.") ? Optional.of(text) : Optional.empty();
  }

  @Test
  void saysNothingOfAHostWithoutControllers() {
    assertThat(UnitProperties.ofLimits(file -> Optional.empty())).isEmpty();
  }
}
