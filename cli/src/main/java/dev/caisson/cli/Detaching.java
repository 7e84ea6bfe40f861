package dev.caisson.cli;

import dev.caisson.client.CaissonException;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.rpc.Lease;
import dev.caisson.rpc.RpcErrors;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Leaving a program at a terminal without ending it. */
final class Detaching {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec verb = CommandSpec.create();

  @Option(
      names = "--detach-keys",
      paramLabel = "KEYS",
      defaultValue = DetachKeys.USUAL,
      description =
          "At a terminal, leave the program running by these keys: single characters or ctrl-X, with"
              + " commas between (default: ${DEFAULT-VALUE}).")
  private String keys = DetachKeys.USUAL;

  DetachKeys keys() {
    return DetachKeys.parse(keys);
  }

  /**
   * The client's exit code.
   *
   * @param run the call to its end; absent where the caller has left
   * @param comeBack what brings him back, as typed
   */
  int exit(AttachedCall<?, ?> call, Supplier<Optional<ExitStatus>> run, Supplier<String> comeBack) {
    Optional<ExitStatus> end;
    try {
      end = run.get();
    } catch (StatusRuntimeException failure) {
      CaissonException decoded = CaissonException.of(failure);
      throw call.hasStarted() && decoded.isCutOff() ? cutOff(decoded, comeBack.get()) : failure;
    }
    if (end.isPresent()) {
      return Exit.of(end.get());
    }
    verb.commandLine().getErr().println("caisson: detached; `" + comeBack.get() + "` comes back");
    return Exit.OK;
  }

  /** The program's streams wait for its caller, for as long as its lease. */
  private static StatusRuntimeException cutOff(CaissonException failure, String comeBack) {
    return RpcErrors.of(
        failure.code(),
        "cli.caisson.dev",
        "",
        String.valueOf(failure.getMessage()),
        Map.of(
            "hint",
            "`caisson up` starts the services; `"
                + comeBack
                + "` takes the program up again within "
                + Lease.DURATION.toSeconds()
                + " s"));
  }
}
