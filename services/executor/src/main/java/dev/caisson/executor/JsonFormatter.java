package dev.caisson.executor;

import dev.caisson.model.LogLine;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * The log as JSON, one object a line; java.util.logging makes it, by its name. Formats on the
 * thread that logs.
 */
public final class JsonFormatter extends Formatter {
  @Override
  public String format(LogRecord record) {
    LogLine line =
        new LogLine(
            record.getInstant(),
            level(record.getLevel()),
            String.valueOf(record.getLoggerName()),
            Thread.currentThread().getName(),
            String.valueOf(formatMessage(record)));
    @Nullable Throwable error = record.getThrown();
    return (error == null ? line : line.error(error)).toString();
  }

  /** By the names that the other services use. */
  private static String level(Level level) {
    int value = level.intValue();
    if (value >= Level.SEVERE.intValue()) {
      return "ERROR";
    } else if (value >= Level.WARNING.intValue()) {
      return "WARN";
    } else if (value >= Level.INFO.intValue()) {
      return "INFO";
    }
    return value >= Level.FINE.intValue() ? "DEBUG" : "TRACE";
  }
}
