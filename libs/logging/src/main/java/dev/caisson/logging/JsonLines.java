package dev.caisson.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import dev.caisson.model.LogLine;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The log as JSON, one object a line, in the words of {@link LogLine}. Logback's own encoder has
 * others, and a stack as a list of objects.
 */
public final class JsonLines extends EncoderBase<ILoggingEvent> {
  private static final byte[] NOTHING = {};

  @Override
  public byte[] headerBytes() {
    return NOTHING;
  }

  @Override
  public byte[] footerBytes() {
    return NOTHING;
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    LogLine line =
        new LogLine(
            event.getInstant(),
            event.getLevel().toString(),
            event.getLoggerName(),
            event.getThreadName(),
            String.valueOf(event.getFormattedMessage()));
    for (Map.Entry<String, String> one : event.getMDCPropertyMap().entrySet()) {
      line.with("mdc." + one.getKey(), String.valueOf(one.getValue()));
    }
    addError(event.getThrowableProxy(), line);
    return line.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void addError(@Nullable IThrowableProxy error, LogLine line) {
    if (error instanceof ThrowableProxy thrown) {
      line.error(thrown.getThrowable());
    } else if (error != null) {
      line.with("error", ThrowableProxyUtil.asString(error).strip());
    }
  }
}
