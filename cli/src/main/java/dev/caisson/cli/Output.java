package dev.caisson.cli;

import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/** How an answer is shown: a table for people, JSON or YAML for programs, names for xargs(1). */
final class Output {
  enum Form {
    TABLE,
    JSON,
    YAML,
    NAME;

    /** As completion offers it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|json|yaml|name",
      defaultValue = "table",
      description =
          "Form of the answer (default: ${DEFAULT-VALUE}); name: ids alone, one a line, where it"
              + " has such.")
  Form form = Form.TABLE;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec verb = CommandSpec.create();

  private final boolean named;

  private Output(boolean named) {
    this.named = named;
  }

  /** Of answers that are not of things with names. */
  Output() {
    this(false);
  }

  /** Of answers that name what they are of. */
  static Output ofNames() {
    return new Output(true);
  }

  /** Runs a verb, unless it is asked for names of what has none. */
  static int run(ParseResult parsed) {
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    CommandSpec verb = last(parsed).commandSpec();
    try {
      of(verb).filter(output -> !output.named).forEach(Output::refuseNames);
    } catch (CliException refused) {
      throw new ExecutionException(verb.commandLine(), refused.text(), refused);
    }
    return new RunLast().execute(parsed);
  }

  private static ParseResult last(ParseResult parsed) {
    return parsed.hasSubcommand() ? last(parsed.subcommand()) : parsed;
  }

  private static Stream<Output> of(CommandSpec verb) {
    return verb.mixins().values().stream()
        .map(CommandSpec::userObject)
        .filter(Output.class::isInstance)
        .map(Output.class::cast);
  }

  private void refuseNames() {
    refuseNames("`" + verb.qualifiedName() + "` has no names to print");
  }

  /** For what only in some cases has names: before anything is done. */
  void refuseNames(String why) {
    if (form == Form.NAME) {
      throw CliException.usage(
          "--output must not be name: " + why, "use --output table, json or yaml");
    }
  }

  /** Whether what a verb tells beside its answer is for programs, too. */
  static boolean isForPrograms(CommandSpec verb) {
    return of(verb).anyMatch(Output::isForPrograms);
  }

  boolean isForPrograms() {
    return form == Form.JSON || form == Form.YAML;
  }

  PrintWriter out() {
    return verb.commandLine().getOut();
  }

  PrintWriter err() {
    return verb.commandLine().getErr();
  }

  /** Prints the whole answer, of which there are no names. */
  <M extends MessageOrBuilder> void print(M message, Function<M, String> table) {
    print(message, table, Output::none);
  }

  /**
   * Prints the whole answer.
   *
   * @param names ids, or resource names that end with them
   */
  <M extends MessageOrBuilder> void print(
      M message, Function<M, String> table, Function<M, List<String>> names) {
    out()
        .print(
            switch (form) {
              case TABLE -> table.apply(message);
              case JSON -> pretty(message) + "\n";
              case YAML -> yaml(pretty(message));
              case NAME -> ids(names.apply(message));
            });
    out().flush();
  }

  /** Prints one of a stream of answers: on one line, or as one of several YAML documents. */
  <M extends MessageOrBuilder> void printLine(M message, Function<M, String> line) {
    out()
        .print(
            switch (form) {
              case TABLE -> line.apply(message) + "\n";
              case JSON -> compact(message) + "\n";
              case YAML -> "---\n" + yaml(compact(message));
              case NAME -> ids(none(message));
            });
    out().flush();
  }

  /** What has been done to one that has no answer of its own. */
  void printName(String name) {
    if (form == Form.NAME) {
      out().print(ids(List.of(name)));
      out().flush();
    }
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
        ErrorReport.print(problem, err(), isForPrograms());
        code = Math.max(code, problem.exitCode());
      }
    }
    return code;
  }

  private static List<String> none(MessageOrBuilder message) {
    throw new AssertionError(
        "names are refused before: " + message.getDescriptorForType().getFullName());
  }

  private static String ids(List<String> names) {
    return names.stream().map(name -> Names.id(name) + "\n").collect(Collectors.joining());
  }

  private static String yaml(String json) {
    return Yaml.of(JsonParser.parseString(json));
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
