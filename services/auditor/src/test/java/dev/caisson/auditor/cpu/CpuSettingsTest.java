package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CpuSettingsTest {

  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration WEEK = Duration.ofDays(7);

  @Test
  void takesWhatIsWithinBounds() {
    CpuSettings settings =
        new CpuSettings("auditor-0", 9, Duration.ofDays(1), MINUTE, Duration.ofDays(400));
    assertThat(settings.standbyReplicas()).isEqualTo(9);
  }

  @Test
  void refusesWithTheNameOfTheSetting() {
    assertRefused(
        "caisson.cpu.instance must", () -> new CpuSettings("a b", 0, MINUTE, MINUTE, WEEK));
    assertRefused(
        "caisson.cpu.standby-replicas must be from 0 to 9: 10",
        () -> new CpuSettings("a", 10, MINUTE, MINUTE, WEEK));
    assertRefused(
        "caisson.cpu.history must be from PT1S to PT24H: PT0S",
        () -> new CpuSettings("a", 0, Duration.ZERO, MINUTE, WEEK));
    assertRefused(
        "caisson.cpu.series-kept must be from PT1S to PT24H: PT25H",
        () -> new CpuSettings("a", 0, MINUTE, Duration.ofHours(25), WEEK));
    assertRefused(
        "caisson.cpu.silent-kept must be from PT24H to PT9600H: PT1M",
        () -> new CpuSettings("a", 0, MINUTE, MINUTE, MINUTE));
  }

  private static void assertRefused(String message, Runnable making) {
    assertThatThrownBy(making::run).hasMessageStartingWith(message);
  }
}
