package dev.caisson.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ExitStatusTest {
  private static ExitStatus ofWait(int status) {
    return ExitStatus.ofWait(status, false, Instant.EPOCH, ProcessUsage.NONE);
  }

  @Property
  void readsCodesAsWaitGivesThem(@ForAll @IntRange(max = 255) int code) {
    ExitStatus status = ofWait(code << 8);
    assertThat(status.code()).isEqualTo(code);
    assertThat(status.signal()).isZero();
    assertThat(status.shellCode()).isEqualTo(code);
  }

  @Property
  void readsSignalsAsWaitGivesThem(
      @ForAll @IntRange(min = 1, max = 64) int signal, @ForAll boolean coreDumped) {
    ExitStatus status = ofWait(signal | (coreDumped ? 0x80 : 0));
    assertThat(status.code()).isZero();
    assertThat(status.signal()).isEqualTo(signal);
    assertThat(status.shellCode()).isEqualTo(128 + signal);
  }

  @Test
  void assumesAKillForWhatWasLost() {
    assertThat(ExitStatus.lost(Instant.EPOCH).shellCode()).isEqualTo(137);
    assertThat(ExitStatus.lost(Instant.EPOCH).lost()).isTrue();
  }

  @Test
  void rejectsWhatNoProcessEndsWith() {
    assertThatThrownBy(() -> of(256, 0)).hasMessage("code must be 0 to 255: 256");
    assertThatThrownBy(() -> of(-1, 0)).hasMessage("code must be 0 to 255: -1");
    assertThatThrownBy(() -> of(0, 65)).hasMessage("signal must be 0 to 64: 65");
    assertThatThrownBy(() -> of(1, 9)).hasMessage("code must be 0 with signal 9: 1");
  }

  private static ExitStatus of(int code, int signal) {
    return new ExitStatus(code, signal, false, Instant.EPOCH, ProcessUsage.NONE, false);
  }

  @Test
  void rejectsNegativeUsage() {
    assertThatThrownBy(() -> new ProcessUsage(Duration.ofNanos(-1), Duration.ZERO, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
