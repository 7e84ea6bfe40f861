package dev.caisson.executor.log;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import dev.caisson.executor.stdio.OutputStream;
import java.io.ByteArrayOutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Optional;

/**
 * {@code 2016-10-06T00:17:09.669794202Z stdout F what was put out}, a line each.
 *
 * <p>After the tag P or F may stand others, each with a colon before it: the kubelet's parser reads
 * the first alone (kubernetes, pkg/kubelet/kuberuntime/logs: parseCRILog).
 */
final class LogFormat {
  /** Of the data of one entry, in bytes; what is longer is in several. */
  static final int MAX_DATA = 16 * 1024;

  /** Of an entry with everything, its end too. */
  static final int MAX_LINE = MAX_DATA + 128;

  /** Always with nine digits of a second, so that times sort as text. */
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(9).toFormatter();

  private LogFormat() {}

  static void write(LogEntry entry, ByteArrayOutputStream to) {
    to.writeBytes(head(entry).getBytes(US_ASCII));
    to.writeBytes(entry.data().toByteArray());
    to.write('\n');
  }

  private static String head(LogEntry entry) {
    String stream =
        switch (entry.stream()) {
          case STDOUT -> "stdout";
          case STDERR -> "stderr";
        };
    String tag = entry.partial() ? "P" : "F";
    String note = entry.isNotice() ? ":" + entry.note() : "";
    return TIME.format(entry.time()) + " " + stream + " " + tag + note + " ";
  }

  /**
   * What a line says; empty where it is none of this format.
   *
   * @param line without its end
   */
  static Optional<LogEntry> parse(ByteString line) {
    int time = space(line, 0);
    int stream = space(line, time + 1);
    int tags = space(line, stream + 1);
    if (time < 0 || stream < 0 || tags < 0) {
      return Optional.empty();
    }
    try {
      return entry(
          Instant.parse(text(line, 0, time)),
          text(line, time + 1, stream),
          text(line, stream + 1, tags),
          line.substring(tags + 1));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static Optional<LogEntry> entry(
      Instant time, String stream, String tags, ByteString data) {
    boolean partial = tags.equals("P") || tags.startsWith("P:");
    if (!partial && !tags.equals("F") && !tags.startsWith("F:")) {
      return Optional.empty();
    }
    String note = tags.length() > 2 ? tags.substring(2) : "";
    return switch (stream) {
      case "stdout" -> Optional.of(new LogEntry(time, OutputStream.STDOUT, partial, note, data));
      case "stderr" -> Optional.of(new LogEntry(time, OutputStream.STDERR, partial, note, data));
      default -> Optional.empty();
    };
  }

  /** The next space; below 0 where there is none. */
  private static int space(ByteString line, int from) {
    for (int i = from; i < line.size(); i++) {
      if (line.byteAt(i) == ' ') {
        return i;
      }
    }
    return -1;
  }

  private static String text(ByteString line, int from, int to) {
    return line.substring(from, to).toString(US_ASCII);
  }
}
