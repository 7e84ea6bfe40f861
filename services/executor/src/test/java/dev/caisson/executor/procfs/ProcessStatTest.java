package dev.caisson.executor.procfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ProcessStatTest {
  private static final String FIELDS =
      " S 7 1 1 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 3 0 123456 1000 1";

  @Test
  void readsTheFieldsThatTheManualNumbers() {
    ProcessStat stat = ProcessStat.parse("42 (sleep)" + FIELDS).orElseThrow();
    assertThat(stat).isEqualTo(new ProcessStat(42, "sleep", 7, 3, Duration.ofSeconds(2), 123_456));
    assertThat(stat.sinceBoot()).isEqualTo(Duration.ofMillis(1_234_560));
  }

  @Test
  void aCommandMayHoldAnything() {
    ProcessStat stat = ProcessStat.parse("42 (a) S 1 (\nb))" + FIELDS).orElseThrow();
    assertThat(stat.command()).isEqualTo("a) S 1 (?b)");
    assertThat(stat.parent()).isEqualTo(7);
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
