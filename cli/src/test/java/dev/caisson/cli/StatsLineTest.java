package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.types.v1.Statistics;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

class StatsLineTest {
  private static Statistics at(long millis, long cpuNanos) {
    Statistics.Builder one = Statistics.newBuilder().setTime(Timestamps.fromMillis(millis));
    one.getCpuBuilder().setUsageNanoseconds(cpuNanos);
    one.getMemoryBuilder().setUsageBytes(1_572_864).setLimitBytes(64L << 20);
    one.getPidsBuilder().setCurrent(3);
    return one.build();
  }

  @Test
  void saysWhatWasUsedSinceTheLineBefore() {
    assertThat(StatsLine.of(at(1_000, 5_000_000), at(3_000, 505_000_000)))
        .endsWith("  cpu  25.0 %  memory 1.5 MiB of 64.0 MiB  pids 3");
  }

  @Test
  void knowsNoShareOfTheFirst() {
    assertThat(StatsLine.of(Statistics.getDefaultInstance(), at(1_000, 5)))
        .contains("  cpu      -  memory");
    assertThat(StatsLine.of(at(1_000, 5), at(1_000, 6))).contains("  cpu      -  memory");
  }

  @Test
  void bytesAreInTheGreatestUnit() {
    assertThat(StatsLine.bytes(0)).isEqualTo("0 B");
    assertThat(StatsLine.bytes(1_023)).isEqualTo("1023 B");
    assertThat(StatsLine.bytes(1_024)).isEqualTo("1.0 KiB");
    assertThat(StatsLine.bytes(5L << 40)).isEqualTo("5.0 TiB");
    assertThat(StatsLine.bytes(5L << 50)).isEqualTo("5120.0 TiB");
  }

  @Test
  void secondsAreExact() {
    assertThat(StatsLine.duration(new BigDecimal("0.1")))
        .isEqualTo(Duration.newBuilder().setNanos(100_000_000).build());
    assertThat(StatsLine.duration(new BigDecimal("90.000000001")))
        .isEqualTo(Duration.newBuilder().setSeconds(90).setNanos(1).build());
    assertThat(StatsLine.duration(new BigDecimal("-1.5")))
        .isEqualTo(Duration.newBuilder().setSeconds(-1).setNanos(-500_000_000).build());
  }
}
