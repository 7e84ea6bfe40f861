package dev.caisson.cli;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.v1.LogEntry;
import dev.caisson.proto.v1.Output.Stream;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.proto.v1.ReadLogsResponse;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "logs",
    description = {
      "Shows what a container has put out, each stream on its own, byte for byte.",
      "The container must have been made with --logs."
    })
final class LogsCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(
      names = {"-f", "--follow"},
      description = "Go on with what comes, until the container has ended.")
  private boolean follow;

  @Option(
      names = {"-n", "--tail"},
      paramLabel = "N",
      description = "Only the last N lines of what there is (default: all).")
  private @Nullable Long tail;

  @Option(
      names = "--since",
      paramLabel = "DURATION|TIME",
      description = "Nothing earlier: 90s, 10m, 1h30m ago; or a time like 2026-01-31T10:00:00Z.")
  private @Nullable String since;

  @Option(
      names = {"-t", "--timestamps"},
      description = "Put the time before each line.")
  private boolean timestamps;

  @Parameters(paramLabel = "ID", description = "The container: its id, or the beginning of it.")
  private String id = "";

  private final Map<Stream, Boolean> begun = new EnumMap<>(Stream.class);

  @Override
  public Integer call() {
    ReadLogsRequest.Builder request = ReadLogsRequest.newBuilder().setFollow(follow);
    if (tail != null) {
      request.setTailLines(checked(tail));
    }
    if (since != null) {
      request.setSince(time(since, Clock.systemUTC()));
    }
    request.setName(Lookup.container(target, id));
    try {
      print(target.waiting().readLogs(request.build()));
    } catch (IOException readerGone) {
      // As `head` goes when it has seen enough.
    }
    return Exit.OK;
  }

  private static long checked(long lines) {
    if (lines < 0) {
      throw CliException.usage("--tail must not be negative: " + lines);
    }
    return lines;
  }

  /** What {@code --since} says. */
  static Timestamp time(String text, Clock clock) {
    try {
      boolean isDuration = text.matches("([0-9]+[hHmMsS])+");
      Instant time =
          isDuration
              ? clock.instant().minus(Duration.parse("PT" + text.toUpperCase(Locale.ROOT)))
              : OffsetDateTime.parse(text).toInstant();
      return Timestamps.fromMillis(time.toEpochMilli());
    } catch (DateTimeException | ArithmeticException | IllegalArgumentException notATime) {
      throw CliException.usage(
          "--since must be a duration like 1h30m or a time like 2026-01-31T10:00:00Z: " + text);
    }
  }

  private void print(Iterator<ReadLogsResponse> entries) throws IOException {
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    OutputStream err = new FileOutputStream(FileDescriptor.err);
    while (entries.hasNext()) {
      LogEntry entry = entries.next().getEntry();
      if (output.isForPrograms()) {
        output.printLine(entry, some -> "");
      } else if (entry.getNotice()) {
        output.err().println("caisson: " + entry.getData().toStringUtf8());
        output.err().flush();
      } else {
        write(entry, entry.getStream() == Stream.STDERR ? err : out);
      }
    }
  }

  private void write(LogEntry entry, OutputStream to) throws IOException {
    if (timestamps && !begun.getOrDefault(entry.getStream(), false)) {
      String time = Timestamps.toString(entry.getTime()) + " ";
      to.write(time.getBytes(StandardCharsets.US_ASCII));
    }
    entry.getData().writeTo(to);
    if (!entry.getPartial()) {
      to.write('\n');
    }
    begun.put(entry.getStream(), entry.getPartial());
  }
}
