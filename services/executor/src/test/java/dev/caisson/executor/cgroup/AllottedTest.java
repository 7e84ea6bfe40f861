package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.Resources;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AllottedTest {
  private static final OptionalLong NONE = OptionalLong.empty();

  @ParameterizedTest
  @CsvSource({"-1, 0", "0, 0", "1048576, 1048576", "9223372036854775807, 1125899906842624"})
  void memoryIsTheLimit(long limit, long bytes) {
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(limit);
    assertThat(Allotted.of(limits.build()).memoryBytes())
        .isEqualTo(limit < 0 ? NONE : OptionalLong.of(bytes));
    assertThat(Allotted.of(limits.build()).cpuMillis()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "50000, 0, 500",
    "50000, 200000, 250",
    "1000, 1000000, 1",
    "1001, 1000000, 2",
    "300000, 100000, 3000",
    "17592186044415, 1000, 17592186044415"
  })
  void cpuIsTheQuotaByThePeriod(long quota, long period, long millis) {
    Resources.Builder limits = Resources.newBuilder();
    limits.getCpuBuilder().setQuota(quota);
    if (period != 0) {
      limits.getCpuBuilder().setPeriod(period);
    }
    assertThat(Allotted.of(limits.build())).isEqualTo(new Allotted(NONE, OptionalLong.of(millis)));
    String file = period == 0 ? "" + quota : quota + " " + period;
    Resources unified = Resources.newBuilder().putUnified("cpu.max", file).build();
    assertThat(Allotted.of(unified)).isEqualTo(new Allotted(NONE, OptionalLong.of(millis)));
  }

  @Test
  void whatIsUnlimitedIsAll() {
    Resources.Builder limits = Resources.newBuilder().putUnified("cpu.max", "max 100000");
    assertThat(Allotted.of(limits.build())).isEqualTo(Allotted.UNLIMITED);
    limits.clearUnified().getCpuBuilder().setQuota(-1).setPeriod(1000);
    assertThat(Allotted.of(limits.build())).isEqualTo(Allotted.UNLIMITED);
    assertThat(Allotted.of(Resources.getDefaultInstance())).isEqualTo(Allotted.UNLIMITED);
  }
}
