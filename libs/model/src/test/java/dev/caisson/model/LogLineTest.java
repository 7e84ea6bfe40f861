package dev.caisson.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class LogLineTest {
  private static LogLine line(String message) {
    return new LogLine(Instant.EPOCH, "INFO", "l", "t", message);
  }

  @Test
  void isAnObjectOnALine() {
    assertThat(line("m").with("key", "\"\n").toString())
        .isEqualTo(
            "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"level\":\"INFO\",\"logger\":\"l\","
                + "\"thread\":\"t\",\"message\":\"m\",\"key\":\"\\\"\\n\"}\n");
  }

  @Test
  void cutsATextThatIsTooLong() {
    String most = "m".repeat(LogLine.MAX_TEXT);
    assertThat(line(most).toString()).contains("\"" + most + "\"");
    assertThat(line(most + "m").toString()).contains("\"" + most + "…\"");
  }

  @Test
  void cutsNoPairInHalves() {
    String most = "m".repeat(LogLine.MAX_TEXT - 1) + "\uD83D\uDE00";
    assertThat(line(most).toString()).contains("\"" + most + "\"");
    assertThat(line(most + "m").toString()).contains("\"" + most + "…\"");
  }
}
