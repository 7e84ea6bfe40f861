package dev.caisson.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ScopeType;

/** The client of Caisson's public API: one verb, one call, one exit code. */
@Command(
    name = "caisson",
    description = "Runs containers in sandboxes, for callers that must not be trusted with root.",
    mixinStandardHelpOptions = true,
    version = Cli.VERSION,
    scope = ScopeType.INHERIT,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success; run, exec, wait: the process ended with 0",
      "1:trail verify: the trail does not hold; ready: not ready",
      "2:wrong usage",
      "125:Caisson refused or failed: the reason is on standard error",
      "126:the program is in the container and may not be executed",
      "127:the program is not in the container",
      "n:run, exec, wait: the process's exit code, or 128 and the signal that ended it"
    },
    subcommands = {
      RunCommand.class,
      CreateCommand.class,
      StartCommand.class,
      PlanCommand.class,
      PsCommand.class,
      ExecCommand.class,
      InspectCommand.class,
      WaitCommand.class,
      KillCommand.class,
      PauseCommand.class,
      ResumeCommand.class,
      DeleteCommand.class,
      SandboxCommand.class,
      EventsCommand.class,
      TrailCommand.class,
      CpuCommand.class,
      CompletionCommand.class,
      ReadyCommand.class
    })
final class Cli {
  static final String VERSION = "caisson 0.1.0";

  private Cli() {}

  public static void main(String[] args) {
    int code = commandLine().execute(args);
    System.out.flush();
    // Not System.exit: gRPC's threads are daemons with nothing to save, and their orderly end costs
    // 0.3 s.
    Runtime.getRuntime().halt(code);
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Cli());
    line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(new ErrorReport());
    line.getSubcommands().values().forEach(verb -> verb.setStopAtPositional(takesCommand(verb)));
    return line;
  }

  /**
   * Behind the container of these verbs come the words of another program, whose options are not
   * ours.
   */
  private static boolean takesCommand(CommandLine verb) {
    return verb.getCommand() instanceof CommandWords;
  }
}
