package dev.caisson.cli;

import com.google.gson.JsonObject;
import dev.caisson.client.CaissonException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Says in one sentence what went wrong, why, and what to do. */
final class ErrorReport implements IExecutionExceptionHandler {
  private static final List<String> DETAILS = List.of("field", "rule", "errno", "line", "column");

  /** What is told of a failure. */
  record Problem(
      int exitCode,
      String code,
      String reason,
      String message,
      String hint,
      Map<String, String> details) {
    Problem(int exitCode, String code, String reason, String message, String hint) {
      this(exitCode, code, reason, message, hint, Map.of());
    }

    String text() {
      String because = reason.isEmpty() ? "" : " (" + reason + ")";
      return "caisson: " + message + because + (hint.isEmpty() ? "" : "\n  hint: " + hint);
    }

    String json() {
      JsonObject error = new JsonObject();
      error.addProperty("code", code);
      error.addProperty("reason", reason);
      error.addProperty("message", message);
      error.addProperty("hint", hint);
      details.forEach(error::addProperty);
      JsonObject root = new JsonObject();
      root.add("error", error);
      return root.toString();
    }
  }

  @Override
  public int handleExecutionException(Exception failure, CommandLine verb, ParseResult parsed) {
    Problem problem = problem(failure);
    print(problem, verb.getErr(), Output.isForPrograms(verb.getCommandSpec()));
    return problem.exitCode();
  }

  /**
   * @param json as YAML too, of which JSON is a part
   */
  static void print(Problem problem, PrintWriter err, boolean json) {
    err.println(json ? problem.json() : problem.text());
    err.flush();
  }

  static Problem problem(Throwable failure) {
    return switch (failure) {
      case CliException refused ->
          new Problem(refused.code(), "", "", refused.text(), refused.hint());
      case CaissonException failed -> ofCall(failed);
      case StatusRuntimeException failed -> ofCall(CaissonException.of(failed));
      default -> new Problem(Exit.CAISSON_FAILED, "", "", described(failure), "");
    };
  }

  private static Problem ofCall(CaissonException failure) {
    if (failure.getCause() != null && failure.getCause().getCause() instanceof CliException own) {
      return problem(own); // what this client found wrong while it called, as with a token
    }
    String code = failure.code().name();
    String reason = failure.reason();
    String hint = failure.metadata().getOrDefault("hint", "");
    return new Problem(
        exitCode(reason),
        code,
        reason.isEmpty() ? code : reason,
        described(failure),
        hint.isEmpty() ? hint(failure) : hint,
        details(failure.metadata()));
  }

  /** What a program needs to know: which field, which rule. */
  private static Map<String, String> details(Map<String, String> metadata) {
    Map<String, String> details = new TreeMap<>(metadata);
    details.keySet().retainAll(DETAILS);
    return details;
  }

  private static int exitCode(String reason) {
    return switch (reason) {
      case "COMMAND_NOT_FOUND" -> Exit.NOT_FOUND;
      case "COMMAND_NOT_EXECUTABLE" -> Exit.NOT_EXECUTABLE;
      default -> Exit.CAISSON_FAILED;
    };
  }

  /** Only where the service itself did not say what to do. */
  private static String hint(CaissonException failure) {
    return switch (failure.reason()) {
      case "CONTAINER_NOT_FOUND" -> "`caisson ps` lists the containers that there are";
      case "SANDBOX_NOT_FOUND" -> "`caisson sandbox ls` lists the sandboxes that there are";
      case "CONTAINER_EXISTS" -> "choose another --id, or `caisson delete` the one that is there";
      case "GUARD_REFUSED" -> guardHint(failure.metadata().getOrDefault("rule", ""));
      case "EXECUTOR_UNAVAILABLE", "AUDITOR_UNAVAILABLE" ->
          "`caisson status` shows which service does not run";
      case "" -> hint(failure.code());
      default -> "";
    };
  }

  private static String hint(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE -> "`caisson up` starts the services; `caisson status` shows them";
      case UNIMPLEMENTED -> "the service is older than this client, or is no gateway of Caisson's";
      default -> "";
    };
  }

  private static String guardHint(String rule) {
    return switch (rule) {
      case "" -> "the rules are guard.conf in the data directory";
      case "rootfs.roots", "bundles.roots" ->
          "the rule is " + rule + " in guard.conf; `caisson up --allow DIR` adds a directory to it";
      case "hook" -> "the rule is hook in guard.conf; `caisson up --allow-hook FILE` adds one";
      default -> "the rule is " + rule + " in guard.conf, in the data directory";
    };
  }

  private static String described(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
