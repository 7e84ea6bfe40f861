package dev.caisson.executor.procfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessStatTest {
  private static final String FIELDS =
      " S 7 1 1 0 -1 4194560 1 2 3 4 150 50 30 5 20 0 3 0 123456 1000 1";

  @Test
  void readsTheFieldsThatTheManualNumbers() {
    ProcessStat stat = ProcessStat.parse("42 (sleep)" + FIELDS).orElseThrow();
    assertThat(stat)
        .isEqualTo(
            new ProcessStat(
                42,
                "sleep",
                "S",
                7,
                1,
                0,
                -1,
                3,
                Duration.ofMillis(1_500),
                Duration.ofMillis(500),
                Duration.ofMillis(350),
                123_456));
    assertThat(stat.cpu()).isEqualTo(Duration.ofSeconds(2));
    assertThat(stat.sinceBoot()).isEqualTo(Duration.ofMillis(1_234_560));
  }

  @Test
  void aCommandMayHoldAnything() {
    ProcessStat stat = ProcessStat.parse("42 (a) S 1 (\nb))" + FIELDS).orElseThrow();
    assertThat(stat.command()).isEqualTo("a) S 1 (?b)");
    assertThat(stat.parent()).isEqualTo(7);
  }

  @ParameterizedTest
  @CsvSource({
    "0,",
    "34816, pts/0",
    "34817, pts/1",
    "35071, pts/255",
    "1083392, pts/256",
    "36608, pts/1792",
    "1025,",
    "1281,",
    "36864,",
    "-1,"
  })
  void namesPseudoTerminalsOnly(int device, @Nullable String name) {
    ProcessStat stat =
        ProcessStat.parse("42 (sh)" + FIELDS.replace(" 1 1 0 -1", " 1 1 " + device + " -1"))
            .orElseThrow();
    assertThat(stat.pseudoTerminal()).isEqualTo(Optional.ofNullable(name));
  }

  @Test
  void isNoProcessAnyMoreOnceItHasEnded() {
    assertThat(ended("S", 1)).isFalse();
    assertThat(ended("Z", 1)).isTrue();
    assertThat(ended("X", 0)).isTrue();
    assertThat(ended("Z", 2)).as("its threads go on").isFalse();
  }

  private static boolean ended(String state, int threads) {
    String fields =
        FIELDS.replace(" S ", " " + state + " ").replace(" 0 3 0 ", " 0 " + threads + " 0 ");
    return ProcessStat.parse("42 (sh)" + fields).orElseThrow().hasEnded();
  }

  @Test
  void comparesItsCpuTimeWithItsLife() {
    ProcessStat stat = ProcessStat.parse("42 (busy)" + FIELDS).orElseThrow();
    assertThat(stat.cpuPercent(stat.sinceBoot().plusSeconds(4))).isEqualTo(50);
    assertThat(stat.cpuPercent(stat.sinceBoot().plusSeconds(300))).isZero();
    assertThat(stat.cpuPercent(stat.sinceBoot().plusSeconds(1)))
        .as("its threads ran beside each other")
        .isEqualTo(200);
    assertThat(stat.cpuPercent(stat.sinceBoot())).isZero();
    assertThat(stat.cpuPercent(Duration.ZERO)).as("another clock").isZero();
  }

  @Test
  void anOverlongCommandIsCut() {
    assertThat(ProcessStat.parse("1 (" + "x".repeat(500) + ")" + FIELDS).orElseThrow().command())
        .hasSize(64);
  }

  @Test
  void otherTextIsNone() {
    assertThat(ProcessStat.parse("")).isEmpty();
    assertThat(ProcessStat.parse("42 (sleep) S 1")).isEmpty();
    assertThat(ProcessStat.parse("x (sleep)" + FIELDS)).isEmpty();
    assertThat(ProcessStat.parse("42 (sleep)" + FIELDS.replace("123456", "x"))).isEmpty();
  }

  @Property
  void noTextMakesItFail(@ForAll String text) {
    assertThat(ProcessStat.parse(text)).isNotNull();
  }
}
