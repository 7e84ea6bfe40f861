package dev.caisson.executor.guard;

import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.Process;
import java.util.List;

/** How large a process may be. */
final class ProcessBounds {
  private ProcessBounds() {}

  static void check(Process process, List<String> addedEnv) {
    Bounds.check(process.getArgsCount() > 0, "process.args", "name a program", "empty");
    Bounds.atMost("process.args", process.getArgsCount(), Bounds.MAX_ARGS, "entries");
    long bytes =
        Bounds.bytes(process.getArgsList())
            + Bounds.bytes(process.getEnvList())
            + Bounds.bytes(addedEnv);
    Bounds.atMost(
        "process.args and process.env", bytes, Bounds.MAX_ARGS_AND_ENV_BYTES, "bytes together");
    checkNumbers(process);
    if (process.getTerminal() && process.hasConsoleSize()) {
      checkConsole("process.console_size", process.getConsoleSize());
    }
  }

  private static void checkNumbers(Process process) {
    Bounds.atMost(
        "process.user.additional_gids",
        process.getUser().getAdditionalGidsCount(),
        Bounds.MAX_GROUPS,
        "entries");
    Bounds.atMost("process.rlimits", process.getRlimitsCount(), Bounds.MAX_RLIMITS, "entries");
    Bounds.range(
        "process.oom_score_adj",
        process.getOomScoreAdj(),
        -Bounds.MAX_OOM_SCORE,
        Bounds.MAX_OOM_SCORE);
  }

  static void checkConsole(String field, ConsoleSize size) {
    Bounds.range(
        field + ".height", Integer.toUnsignedLong(size.getHeight()), 1, Bounds.MAX_CONSOLE);
    Bounds.range(field + ".width", Integer.toUnsignedLong(size.getWidth()), 1, Bounds.MAX_CONSOLE);
  }
}
