package dev.caisson.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How an answer is shown: a table for people, JSON for programs. */
final class Output {
  enum Form {
    TABLE,
    JSON
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "json|table",
      defaultValue = "table",
      description = "Form of the answer (default: ${DEFAULT-VALUE}).")
  Form form = Form.TABLE;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec verb = CommandSpec.create();

  boolean json() {
    return form == Form.JSON;
  }

  PrintWriter out() {
    return verb.commandLine().getOut();
  }

  PrintWriter err() {
    return verb.commandLine().getErr();
  }

  /** Prints the whole answer. */
  <M extends MessageOrBuilder> void print(M message, Function<M, String> table) {
    out().print(json() ? pretty(message) + "\n" : table.apply(message));
    out().flush();
  }

  /** Prints one of a stream of answers, on one line. */
  <M extends MessageOrBuilder> void printLine(M message, Function<M, String> line) {
    out().println(json() ? compact(message) : line.apply(message));
    out().flush();
  }

  /**
   * Does it for each of them: one that fails does not keep the others, and is told of.
   *
   * @return the code to exit with
   */
  int each(List<String> ids, Consumer<String> task) {
    int code = Exit.OK;
    for (String id : ids) {
      try {
        task.accept(id);
      } catch (RuntimeException failed) {
        ErrorReport.Problem problem = ErrorReport.problem(failed);
        ErrorReport.print(problem, err(), json());
        code = Math.max(code, problem.exitCode());
      }
    }
    return code;
  }

  private static String pretty(MessageOrBuilder message) {
    return printed(JsonFormat.printer().alwaysPrintFieldsWithNoPresence(), message);
  }

  private static String compact(MessageOrBuilder message) {
    return printed(JsonFormat.printer().omittingInsignificantWhitespace(), message);
  }

  private static String printed(JsonFormat.Printer printer, MessageOrBuilder message) {
    try {
      return printer.print(message);
    } catch (InvalidProtocolBufferException impossible) {
      throw new AssertionError("only an Any of an unknown type cannot be printed", impossible);
    }
  }
}
