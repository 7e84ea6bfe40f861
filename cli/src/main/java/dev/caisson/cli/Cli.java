package dev.caisson.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
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
      "0:success; run, exec, attach, wait: the process ended with 0",
      "1:trail verify: the trail does not hold; ready: not ready",
      "2:wrong usage",
      "125:Caisson refused or failed: the reason is on standard error",
      "126:the program is in the container and may not be executed",
      "127:the program is not in the container",
      "n:run, exec, attach, wait: the process's exit code, or 128 and the signal that ended it"
    })
final class Cli {
  static final String VERSION = "caisson 0.1.0";

  /** Verbs by their names, in the order in which help shows them. */
  private static final Map<String, Supplier<Object>> VERBS = verbs();

  /** Verbs that tell of the others. */
  private static final Set<String> OF_ALL = Set.of("completion", "man");

  private Cli() {}

  public static void main(String[] args) {
    int code = commandLine(args).execute(args);
    System.out.flush();
    Target.leave();
    // Not System.exit: gRPC's threads are daemons with nothing to save, and their orderly end costs
    // 0.3 s.
    Runtime.getRuntime().halt(code);
  }

  /**
   * Only the verb that is meant, where one is: to reflect on all of them takes longer than most
   * calls.
   */
  static CommandLine commandLine(String... args) {
    CommandLine line = new CommandLine(new Cli());
    Supplier<Object> meant = args.length == 0 ? null : VERBS.get(args[0]);
    if (meant == null || OF_ALL.contains(args[0])) {
      VERBS.values().forEach(verb -> line.addSubcommand(verb.get()));
    } else {
      line.addSubcommand(meant.get());
    }
    return configured(line);
  }

  private static CommandLine configured(CommandLine line) {
    line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionStrategy(Output::run);
    line.setExecutionExceptionHandler(new ErrorReport());
    line.getSubcommands().values().forEach(verb -> verb.setStopAtPositional(takesCommand(verb)));
    return line;
  }

  private static Map<String, Supplier<Object>> verbs() {
    Map<String, Supplier<Object>> verbs = new LinkedHashMap<>();
    verbs.put("run", RunCommand::new);
    verbs.put("create", CreateCommand::new);
    verbs.put("start", StartCommand::new);
    verbs.put("plan", PlanCommand::new);
    verbs.put("ps", PsCommand::new);
    verbs.put("stats", StatsCommand::new);
    verbs.put("top", TopCommand::new);
    verbs.put("exec", ExecCommand::new);
    verbs.put("attach", AttachCommand::new);
    verbs.put("port-forward", PortForwardCommand::new);
    verbs.put("logs", LogsCommand::new);
    verbs.put("inspect", InspectCommand::new);
    verbs.put("wait", WaitCommand::new);
    verbs.put("kill", KillCommand::new);
    verbs.put("pause", PauseCommand::new);
    verbs.put("resume", ResumeCommand::new);
    verbs.put("update", UpdateCommand::new);
    verbs.put("delete", DeleteCommand::new);
    verbs.put("sandbox", SandboxCommand::new);
    verbs.put("events", EventsCommand::new);
    verbs.put("trail", TrailCommand::new);
    verbs.put("cpu", CpuCommand::new);
    verbs.put("context", ContextCommand::new);
    verbs.put("login", LoginCommand::new);
    verbs.put("logout", LogoutCommand::new);
    verbs.put("completion", CompletionCommand::new);
    verbs.put("man", ManCommand::new);
    verbs.put("ready", ReadyCommand::new);
    verbs.put("train", TrainCommand::new);
    return verbs;
  }

  /**
   * Behind the container of these verbs come the words of another program, whose options are not
   * ours.
   */
  private static boolean takesCommand(CommandLine verb) {
    return verb.getCommand() instanceof CommandWords;
  }
}
