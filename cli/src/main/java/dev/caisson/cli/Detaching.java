package dev.caisson.cli;

import dev.caisson.proto.types.v1.ExitStatus;
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
   * @param end absent where the caller has left
   * @param comeBack what brings him back, as typed
   */
  int exit(Optional<ExitStatus> end, Supplier<String> comeBack) {
    if (end.isPresent()) {
      return Exit.of(end.get());
    }
    verb.commandLine().getErr().println("caisson: detached; `" + comeBack.get() + "` comes back");
    return Exit.OK;
  }
}
