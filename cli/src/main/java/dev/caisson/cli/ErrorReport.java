package dev.caisson.cli;

import com.google.gson.JsonObject;
import com.google.rpc.ErrorInfo;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Says in one sentence what went wrong, why, and what to do. */
final class ErrorReport implements IExecutionExceptionHandler {
  static final String CUT_OFF =
      "The service ended, or the connection to it was cut, during the call";

  private static final int MAX_CAUSES = 16;

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
      case StatusRuntimeException status -> ofStatus(status);
      default -> new Problem(Exit.CAISSON_FAILED, "", "", described(failure), "");
    };
  }

  private static Problem ofStatus(StatusRuntimeException failure) {
    Status status = failure.getStatus();
    Optional<ErrorInfo> info = RpcErrors.info(failure);
    String reason = info.map(ErrorInfo::getReason).orElse("");
    String code = status.getCode().name();
    String hint = info.map(known -> known.getMetadataOrDefault("hint", "")).orElse("");
    return new Problem(
        exitCode(reason),
        code,
        reason.isEmpty() ? code : reason,
        isCutOff(failure) ? CUT_OFF : message(status),
        hint.isEmpty() ? hint(status.getCode(), reason, info) : hint,
        details(info));
  }

  /**
   * Whether a call that had reached the service got no answer: so it may have been done, or not.
   */
  static boolean isCutOff(StatusRuntimeException failure) {
    return failure.getStatus().getCode() == Status.Code.UNAVAILABLE
        && RpcErrors.info(failure).isEmpty()
        && !isUnreached(failure);
  }

  /** Whether it never got so far as to be asked. */
  private static boolean isUnreached(Throwable failure) {
    return Stream.<@Nullable Throwable>iterate(
            failure, Objects::nonNull, cause -> cause == null ? null : cause.getCause())
        .limit(MAX_CAUSES)
        .anyMatch(cause ->
            cause instanceof ConnectException
                || cause instanceof UnknownHostException
                || cause instanceof SSLException);
  }

  /** What a program needs to know: which field, which rule. */
  private static Map<String, String> details(Optional<ErrorInfo> info) {
    Map<String, String> details = new TreeMap<>();
    info.ifPresent(known ->
        DETAILS.stream()
            .filter(known::containsMetadata)
            .forEach(key -> details.put(key, known.getMetadataOrThrow(key))));
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
  private static String hint(Status.Code code, String reason, Optional<ErrorInfo> info) {
    return switch (reason) {
      case "CONTAINER_NOT_FOUND" -> "`caisson ps` lists the containers that there are";
      case "SANDBOX_NOT_FOUND" -> "`caisson sandbox ls` lists the sandboxes that there are";
      case "CONTAINER_EXISTS" -> "choose another --id, or `caisson delete` the one that is there";
      case "GUARD_REFUSED" ->
          guardHint(info.map(known -> known.getMetadataOrDefault("rule", "")).orElse(""));
      case "EXECUTOR_UNAVAILABLE" -> "`caisson status` shows which service does not run";
      default ->
          code == Status.Code.UNAVAILABLE && reason.isEmpty()
              ? "`caisson up` starts the services; `caisson status` shows them"
              : "";
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

  private static String message(Status status) {
    String description = status.getDescription();
    Throwable cause = status.getCause();
    boolean bare = description == null || description.equals("io exception");
    return bare && cause != null ? described(cause) : described(description, status);
  }

  private static String described(@Nullable String description, Status status) {
    return description == null ? "The call ended with " + status.getCode() : description;
  }

  private static String described(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
