package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFormatterTest {
  private static final Instant TIME = Instant.parse("2026-02-03T04:05:06.000007Z");

  private static LogRecord record(Level level, String message) {
    LogRecord made = new LogRecord(level, message);
    made.setInstant(TIME);
    made.setLoggerName("dev.caisson.Test");
    return made;
  }

  private static JsonObject parsed(LogRecord record) {
    String line = new JsonFormatter().format(record);
    assertThat(line.lines()).hasSize(1);
    assertThat(line).endsWith("\n");
    // What is written is UTF-8: a text that has none would be another one there.
    String read = new String(line.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    assertThat(read).isEqualTo(line);
    JsonReader reader = new JsonReader(new StringReader(read));
    reader.setStrictness(Strictness.STRICT);
    return JsonParser.parseReader(reader).getAsJsonObject();
  }

  @Test
  void writesOneObject() {
    LogRecord record = record(Level.INFO, "Ready after {0} ms");
    record.setParameters(new Object[] {"7"});

    JsonObject line = parsed(record);

    assertThat(line.keySet()).containsExactly("time", "level", "logger", "thread", "message");
    assertThat(line.get("time").getAsString()).isEqualTo("2026-02-03T04:05:06.000007000Z");
    assertThat(line.get("level").getAsString()).isEqualTo("INFO");
    assertThat(line.get("logger").getAsString()).isEqualTo("dev.caisson.Test");
    assertThat(line.get("thread").getAsString()).isEqualTo(Thread.currentThread().getName());
    assertThat(line.get("message").getAsString()).isEqualTo("Ready after 7 ms");
  }

  @Test
  void writesTheStackOfAnErrorAndOfItsCause() {
    LogRecord record = record(Level.SEVERE, "It failed");
    record.setThrown(new IllegalStateException("outer", new IllegalArgumentException("in\nner")));

    assertThat(parsed(record).get("error").getAsString())
        .startsWith("java.lang.IllegalStateException: outer\n\tat dev.caisson.executor.")
        .contains("\nCaused by: java.lang.IllegalArgumentException: in\nner\n");
  }

  @ParameterizedTest
  @CsvSource({
    "SEVERE,ERROR",
    "WARNING,WARN",
    "INFO,INFO",
    "CONFIG,DEBUG",
    "FINE,DEBUG",
    "FINEST,TRACE"
  })
  void namesLevelsAsTheOtherServicesDo(String level, String name) {
    assertThat(parsed(record(Level.parse(level), "")).get("level").getAsString()).isEqualTo(name);
  }

  @Test
  void escapesEveryCharacterThatMustBe() {
    StringBuilder all = new StringBuilder("\"\\/\u2028\u2029\uFEFF\uFFFF\uD83D\uDE00");
    for (char control = 0; control < 0xA0; control++) {
      all.append(control);
    }

    String line = new JsonFormatter().format(record(Level.INFO, all.toString()));

    assertThat(parsed(record(Level.INFO, all.toString())).get("message").getAsString())
        .isEqualTo(all.toString());
    assertThat(line.strip().chars())
        .noneMatch(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029);
  }

  @Test
  void putsTheReplacementCharacterForHalfAPair() {
    assertThat(parsed(record(Level.INFO, "a\uD83Db\uDE00\uD83D")).get("message").getAsString())
        .isEqualTo("a\uFFFDb\uFFFD\uFFFD");
  }

  @Property(tries = 500)
  void isReadAsItWasLogged(@ForAll String message) {
    String well = new String(message.getBytes(StandardCharsets.UTF_16), StandardCharsets.UTF_16);
    assertThat(parsed(record(Level.INFO, message)).get("message").getAsString()).isEqualTo(well);
  }
}
