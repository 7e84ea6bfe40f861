package dev.caisson.logging;

import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import org.jspecify.annotations.Nullable;

/**
 * What goes to the console, where no file of settings says otherwise, as in an image: lines of
 * text, or of JSON ({@link JsonLines}). Logback makes it, and sets its format.
 */
public final class ConsoleLines extends EncoderBase<ILoggingEvent> {

  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0}: %replace(%msg){'\\p{Cc}', '?'}%n%ex";

  private String format = "text";
  private @Nullable Encoder<ILoggingEvent> lines;

  /**
   * The format, before it is started.
   *
   * @param format {@code text} or {@code json}; of anything else it is said that it is none, and
   *     the lines are text
   */
  public void setFormat(String format) {
    this.format = format;
  }

  @Override
  public void start() {
    boolean json = format.equals("json");
    if (!json && !format.equals("text")) {
      // Logback would say so where nobody looks.
      System.err.println("CAISSON_LOG_FORMAT must be text or json: " + format + "; text it is");
    }
    Encoder<ILoggingEvent> chosen = json ? new JsonLines() : text();
    chosen.setContext(getContext());
    chosen.start();
    lines = chosen;
    super.start();
  }

  @Override
  public byte[] headerBytes() {
    return chosen().headerBytes();
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    return chosen().encode(event);
  }

  @Override
  public byte[] footerBytes() {
    return chosen().footerBytes();
  }

  private Encoder<ILoggingEvent> chosen() {
    if (lines == null) {
      throw new IllegalStateException("Not started");
    }
    return lines;
  }

  private static Encoder<ILoggingEvent> text() {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setPattern(PATTERN);
    return encoder;
  }
}
