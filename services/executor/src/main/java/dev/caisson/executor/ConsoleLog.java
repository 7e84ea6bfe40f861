package dev.caisson.executor;

import java.util.logging.Handler;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** What goes to the console, where no file of settings says otherwise, as in an image. */
final class ConsoleLog {

  /** The variable that says how it looks: text, which it is without it, or json. */
  static final String FORMAT = "CAISSON_LOG_FORMAT";

  private static final String FILE = "java.util.logging.config.file";

  private ConsoleLog() {}

  /**
   * Has it look so.
   *
   * @throws IllegalArgumentException if there is no such format
   */
  static void configure(@Nullable String format) {
    if (format == null || format.equals("text") || System.getProperty(FILE) != null) {
      return;
    }
    if (!format.equals("json")) {
      throw new IllegalArgumentException(FORMAT + " must be text or json: " + format);
    }
    for (Handler handler : Logger.getLogger("").getHandlers()) {
      handler.setFormatter(new JsonFormatter());
    }
  }
}
