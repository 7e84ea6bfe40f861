package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextTest {
  @ParameterizedTest
  @CsvSource({
    "2026-11-28T10:05:59Z, UTC, 10:05",
    "2026-11-28T00:00:00Z, UTC, 00:00",
    "2026-11-27T23:59:59Z, UTC, Nov27",
    "2026-01-01T00:00:00Z, UTC, Jan01",
    "2025-12-31T23:59:59Z, UTC, 2025",
    "2026-11-27T23:59:59Z, Europe/Berlin, 00:59"
  })
  void saysWhenAProcessBeganAsPsDoes(Instant began, String zone, String text) {
    Timestamp start = Timestamp.newBuilder().setSeconds(began.getEpochSecond()).build();
    Instant now = Instant.parse("2026-11-28T12:00:00Z");
    assertThat(Text.start(start, now, ZoneId.of(zone))).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0, 0:00.00", "9999999, 0:00.00", "59990000000, 0:59.99", "7325000000000, 122:05.00"})
  void saysCpuTimeInMinutes(long nanos, String text) {
    assertThat(Text.cpuTime(nanos)).isEqualTo(text);
  }

  /** ISO 6429 has control characters beyond ASCII: 0x9b begins a sequence as ESC [ does. */
  @Test
  void passesNothingThatCommandsATerminal() {
    assertThat(Text.harmless("a\u001b[31m\u009b31m\u009d0;x\u0007\u202e\u2028b\u00f6"))
        .isEqualTo("a?[31m?31m?0;x???b\u00f6");
  }
}
