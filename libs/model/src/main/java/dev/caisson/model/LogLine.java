package dev.caisson.model;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;

/**
 * What a service says, as one JSON object (RFC 8259) on one line, with the same names in every
 * service. Not thread-safe.
 */
public final class LogLine {
  /** Of one text, in characters; a longer one is cut. */
  public static final int MAX_TEXT = 64 * 1024;

  private static final List<LogFields> FIELDS =
      ServiceLoader.load(LogFields.class, LogFields.class.getClassLoader()).stream()
          .map(ServiceLoader.Provider::get)
          .toList();

  /** RFC 3339, always with nine digits, so that lines sort as texts. */
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(9).toFormatter(Locale.ROOT);

  private final StringBuilder text = new StringBuilder(512).append('{');

  /**
   * Of something that is logged now, on the calling thread.
   *
   * @param level ERROR, WARN, INFO, DEBUG or TRACE
   */
  public LogLine(Instant time, String level, String logger, String thread, String message) {
    with("time", TIME.format(time));
    with("level", level);
    with("logger", logger);
    with("thread", thread);
    with("message", message);
    FIELDS.forEach(one -> one.addTo(this));
  }

  public LogLine with(String name, String value) {
    if (text.length() > 1) {
      text.append(',');
    }
    quote(name);
    text.append(':');
    quote(value);
    return this;
  }

  /** With the stack, as Java prints it. */
  public LogLine error(Throwable error) {
    StringWriter stack = new StringWriter();
    error.printStackTrace(new PrintWriter(stack));
    return with("error", stack.toString().strip());
  }

  /** The object and the end of its line. */
  @Override
  public String toString() {
    return text + "}\n";
  }

  private void quote(String value) {
    text.append('"');
    int end = Math.min(value.length(), MAX_TEXT);
    int at = 0;
    while (at < end) {
      int codePoint = value.codePointAt(at);
      append(codePoint);
      at += Character.charCount(codePoint);
    }
    text.append(at < value.length() ? "…\"" : "\"");
  }

  private void append(int codePoint) {
    switch (codePoint) {
      case '"' -> text.append("\\\"");
      case '\\' -> text.append("\\\\");
      case '\n' -> text.append("\\n");
      case '\r' -> text.append("\\r");
      case '\t' -> text.append("\\t");
      default -> appendOther(codePoint);
    }
  }

  private void appendOther(int codePoint) {
    if (isLoneSurrogate(codePoint)) {
      // There is no UTF-8 of it, and parsers differ on its escape: some refuse the line.
      text.append('\uFFFD');
    } else if (isUnsafe(codePoint)) {
      text.append(String.format(Locale.ROOT, "\\u%04x", codePoint));
    } else {
      text.appendCodePoint(codePoint);
    }
  }

  private static boolean isLoneSurrogate(int codePoint) {
    return Character.MIN_SURROGATE <= codePoint && codePoint <= Character.MAX_SURROGATE;
  }

  /** What ends a line somewhere, or moves a terminal's cursor. */
  private static boolean isUnsafe(int codePoint) {
    return Character.isISOControl(codePoint) || codePoint == 0x2028 || codePoint == 0x2029;
  }
}
