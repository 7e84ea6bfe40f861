package dev.caisson.executor.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.executor.stdio.OutputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogFormatTest {
  private static final Instant TIME = Instant.parse("2016-10-06T00:17:09.6697942Z");

  private static String written(LogEntry entry) {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    LogFormat.write(entry, line);
    return line.toString(StandardCharsets.UTF_8);
  }

  private static LogEntry entry(OutputStream stream, boolean partial, String note, String text) {
    return new LogEntry(TIME, stream, partial, note, ByteString.copyFromUtf8(text));
  }

  @Test
  void writesWhatTheKubeletReads() {
    assertThat(written(entry(OutputStream.STDOUT, false, "", "log content 1")))
        .isEqualTo("2016-10-06T00:17:09.669794200Z stdout F log content 1\n");
    assertThat(written(entry(OutputStream.STDERR, true, "", "")))
        .isEqualTo("2016-10-06T00:17:09.669794200Z stderr P \n");
    assertThat(written(LogEntry.notice(TIME, "lost", "3 bytes")))
        .isEqualTo("2016-10-06T00:17:09.669794200Z stderr F:lost 3 bytes\n");
  }

  @Test
  void readsWhatItWrites() {
    for (OutputStream stream : OutputStream.values()) {
      for (String note : new String[] {"", "lost", "a:b"}) {
        LogEntry entry = entry(stream, note.isEmpty(), note, " a b  ");
        String line = written(entry);
        assertThat(LogFormat.parse(ByteString.copyFromUtf8(line.substring(0, line.length() - 1))))
            .contains(entry);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "x",
        "2016-10-06T00:17:09Z",
        "2016-10-06T00:17:09Z stdout",
        "2016-10-06T00:17:09Z stdout F",
        "2016-10-06T00:17:09Z stdin F x",
        "2016-10-06T00:17:09Z stdout Full x",
        "2016-10-06T00:17:09Z stdout  x",
        "yesterday stdout F x",
        "   F x"
      })
  void takesNothingElse(String line) {
    assertThat(LogFormat.parse(ByteString.copyFromUtf8(line))).isEmpty();
  }
}
