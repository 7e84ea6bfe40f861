package dev.caisson.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.OutputStreamAppender;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JsonLinesTest {
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final LogbackMDCAdapter fields = new LogbackMDCAdapter();
  private final LoggerContext context = new LoggerContext();
  private final Logger log = context.getLogger("dev.caisson.Test");

  @BeforeEach
  void writeHere() {
    context.setMDCAdapter(fields);
    JsonLines lines = new JsonLines();
    lines.setContext(context);
    lines.start();
    OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
    appender.setContext(context);
    appender.setEncoder(lines);
    appender.setOutputStream(written);
    appender.start();
    log.addAppender(appender);
  }

  private JsonObject line() {
    String text = written.toString(StandardCharsets.UTF_8);
    assertThat(text.lines()).hasSize(1);
    assertThat(text).endsWith("}\n");
    return JsonParser.parseString(text).getAsJsonObject();
  }

  @Test
  void writesOneObject() {
    log.warn("Two\nlines, a \"quote\" and {}", "\u2028");

    assertThat(line().keySet()).containsExactly("time", "level", "logger", "thread", "message");
    assertThat(Instant.parse(line().get("time").getAsString())).isAfter(Instant.EPOCH);
    assertThat(line().get("level").getAsString()).isEqualTo("WARN");
    assertThat(line().get("logger").getAsString()).isEqualTo("dev.caisson.Test");
    assertThat(line().get("thread").getAsString()).isEqualTo(Thread.currentThread().getName());
    assertThat(line().get("message").getAsString()).isEqualTo("Two\nlines, a \"quote\" and \u2028");
  }

  @Test
  void writesTheStackOfAnErrorAndOfItsCause() {
    log.error("It failed", new IllegalStateException("outer", new IllegalArgumentException("in")));

    assertThat(line().get("error").getAsString())
        .startsWith("java.lang.IllegalStateException: outer\n\tat dev.caisson.logging.")
        .contains("\nCaused by: java.lang.IllegalArgumentException: in\n");
  }

  @Test
  void writesWhatTheThreadHasPutBesideIt() {
    fields.put("key", "value");

    log.info("");

    assertThat(line().get("mdc.key").getAsString()).isEqualTo("value");
  }
}
