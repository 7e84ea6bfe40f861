package dev.caisson.logging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class ConsoleLinesTest {

  @Test
  void textIsALine() {
    assertThat(line("text", "hello")).matches("[0-9-]{10}T[0-9:.]{12}\\S+ WARN  Test: hello\\R");
  }

  @Test
  void nobodyWritesAnotherLineThanHisOwn() {
    assertThat(line("text", "one\n2026 WARN two\u001b[2J").strip().lines()).hasSize(1);
  }

  @Test
  void jsonIsAnObject() {
    assertThat(JsonParser.parseString(line("json", "a\nb")).getAsJsonObject().get("message"))
        .isNotNull()
        .satisfies(message -> assertThat(message.getAsString()).isEqualTo("a\nb"));
  }

  @Test
  void anotherFormatIsSaidAndIsText() {
    PrintStream stderr = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setErr(new PrintStream(said, true, UTF_8));
    try {
      assertThat(line("xml", "hello")).contains(" WARN  Test: hello");
    } finally {
      System.setErr(stderr);
    }
    assertThat(said.toString(UTF_8)).contains("must be text or json: xml");
  }

  private static String line(String format, String message) {
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new LogbackMDCAdapter());
    Logger log = context.getLogger("dev.caisson.Test");
    ConsoleLines lines = new ConsoleLines();
    lines.setContext(context);
    lines.setFormat(format);
    lines.start();
    return new String(
        lines.encode(new LoggingEvent("", log, Level.WARN, message, null, null)), UTF_8);
  }
}
