package dev.caisson.executor.journal;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.caisson.model.NodeKey;
import dev.caisson.model.SignedChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * `caisson journal verify`: a program that checks the files of a journal, without a service. Ends
 * with 0 when everything holds, 1 when something does not, 2 when it could not look.
 */
public final class JournalVerification {
  private static final int HOLDS = 0;
  private static final int DOES_NOT_HOLD = 1;
  private static final int MISUSED = 2;

  private JournalVerification() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  private static int run(String... args) {
    try {
      Arguments arguments = Arguments.parse(args);
      FileCheck.Report report = FileCheck.check(arguments.directory(), arguments.keys());
      System.out.print(arguments.json() ? json(report) + "\n" : table(report));
      return holds(report) ? HOLDS : DOES_NOT_HOLD;
    } catch (IOException | IllegalArgumentException e) {
      System.err.println(
          e instanceof IOException ? "Failed to read the journal: " + e : e.getMessage());
      return MISUSED;
    }
  }

  private record Arguments(Path directory, Path key, boolean json) {
    static Arguments parse(String... args) {
      Optional<Path> directory = Optional.empty();
      Optional<Path> key = Optional.empty();
      boolean json = false;
      for (int i = 0; i < args.length; i++) {
        switch (args[i]) {
          case "--key" -> key = Optional.of(Path.of(value(args, ++i)));
          case "--output" -> json = isJson(value(args, ++i));
          default -> directory = Optional.of(directory(directory, args[i]));
        }
      }
      Path journal =
          directory.orElseThrow(() -> new IllegalArgumentException("a directory must be given"));
      return new Arguments(
          journal,
          key.orElseGet(() -> journal.resolve("..").resolve(SigningKey.PUBLIC_FILE)),
          json);
    }

    private static String value(String[] args, int index) {
      if (index == args.length) {
        throw new IllegalArgumentException(args[index - 1] + " must be followed by a value");
      }
      return args[index];
    }

    private static boolean isJson(String format) {
      return switch (format) {
        case "json" -> true;
        case "table" -> false;
        default -> throw new IllegalArgumentException("--output must be json or table: " + format);
      };
    }

    private static Path directory(Optional<Path> before, String text) {
      if (before.isPresent() || text.startsWith("-")) {
        throw new IllegalArgumentException("Unknown argument: " + text);
      }
      return Path.of(text);
    }

    List<NodeKey> keys() throws IOException {
      try {
        return NodeKey.parse(Files.readString(key));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            key + " must hold the node's public key in PEM: " + e.getMessage(), e);
      }
    }
  }

  private static boolean holds(FileCheck.Report report) {
    return report.problem().isEmpty() && report.unsigned() <= SignedChain.MAX_UNSIGNED;
  }

  private static String table(FileCheck.Report report) {
    List<String> lines = new ArrayList<>();
    lines.add(line("EPOCH", "RECORDS", "CHECKPOINTS", "FIRST", "LAST"));
    for (FileCheck.Epoch epoch : report.epochs()) {
      lines.add(
          line(
              epoch.epoch(),
              epoch.records(),
              epoch.checkpoints(),
              epoch.firstSeq(),
              epoch.lastSeq()));
    }
    if (report.omitted() > 0) {
      lines.add(
          report.omitted() + " events were left out, as its gaps say, since the journal was full");
    }
    report
        .torn()
        .ifPresent(torn ->
            lines.add(
                "torn tail: %d bytes of %s from %d on are no whole record"
                    .formatted(torn.bytes(), torn.segment(), torn.offset())));
    lines.add(
        "%s: %s, signed to %s, %d records after it"
            .formatted(
                report.node().isEmpty() ? "no records" : report.node(),
                holds(report) ? "holds" : "DOES NOT HOLD",
                report.signed(),
                report.unsigned()));
    report
        .problem()
        .ifPresent(problem ->
            lines.add(
                "  at %s (%s, offset %d): %s"
                    .formatted(
                        problem.position(),
                        problem.segment(),
                        problem.offset(),
                        problem.reason())));
    return String.join("\n", lines) + "\n";
  }

  private static String line(Object... cells) {
    return String.format(Locale.ROOT, "%8s %10s %12s %10s %10s", cells);
  }

  private static String json(FileCheck.Report report) {
    JsonObject json = new JsonObject();
    json.addProperty("node", report.node());
    json.addProperty("holds", holds(report));
    JsonArray epochs = new JsonArray();
    report.epochs().forEach(epoch -> epochs.add(json(epoch)));
    json.add("epochs", epochs);
    json.addProperty("signedEpoch", report.signed().epoch());
    json.addProperty("signedSeq", report.signed().seq());
    json.addProperty("unsignedRecords", report.unsigned());
    json.addProperty("omittedEvents", report.omitted());
    report.torn().ifPresent(torn -> json.add("tornTail", json(torn)));
    report.problem().ifPresent(problem -> json.add("problem", json(problem)));
    return json.toString();
  }

  private static JsonObject json(FileCheck.Epoch epoch) {
    JsonObject json = new JsonObject();
    json.addProperty("epoch", epoch.epoch());
    json.addProperty("records", epoch.records());
    json.addProperty("checkpoints", epoch.checkpoints());
    json.addProperty("firstSeq", epoch.firstSeq());
    json.addProperty("lastSeq", epoch.lastSeq());
    return json;
  }

  private static JsonObject json(FileCheck.Torn torn) {
    JsonObject json = new JsonObject();
    json.addProperty("segment", torn.segment());
    json.addProperty("offset", torn.offset());
    json.addProperty("bytes", torn.bytes());
    return json;
  }

  private static JsonObject json(FileCheck.Problem problem) {
    JsonObject json = new JsonObject();
    json.addProperty("epoch", problem.position().epoch());
    json.addProperty("seq", problem.position().seq());
    json.addProperty("segment", problem.segment());
    json.addProperty("offset", problem.offset());
    json.addProperty("reason", problem.reason());
    return json;
  }
}
