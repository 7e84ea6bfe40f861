package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Process;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** What a process must be for there to be a plan. */
final class ProcessRules {
  private static final int MAX_UMASK = 0777;

  /** {@code struct winsize} has 16 bits. */
  private static final int MAX_CONSOLE = 65_535;

  /** {@code (uid_t) -1} tells setresuid(2) to change nothing. */
  private static final int NO_ID = -1;

  private ProcessRules() {}

  static void check(Process process) {
    checkArgs(process.getArgsList());
    checkEnv("process.env", process.getEnvList());
    Paths.clean("process.cwd", process.getCwd().isEmpty() ? "/" : process.getCwd());
    checkUser(process);
    checkRlimits(process.getRlimitsList());
    Scheduling.check(process);
    Labels.check(process);
    check(
        !process.hasUmask() || Integer.compareUnsigned(process.getUmask(), MAX_UMASK) <= 0,
        "process.umask",
        "be 0 to 0777",
        "0" + Integer.toOctalString(process.getUmask()));
    if (process.getTerminal() && process.hasConsoleSize()) {
      checkSize("height", process.getConsoleSize().getHeight());
      checkSize("width", process.getConsoleSize().getWidth());
    }
  }

  private static void checkArgs(List<String> args) {
    check(!args.isEmpty(), "process.args", "name a program", "empty");
    check(!args.getFirst().isEmpty(), "process.args", "name a program", "an empty string");
    args.forEach(arg -> check(arg.indexOf('\0') < 0, "process.args", "have no NUL", arg));
  }

  /** A value may be a secret, and so may what has no name: neither is repeated. */
  static void checkEnv(String field, List<String> entries) {
    for (int i = 0; i < entries.size(); i++) {
      String at = field + "[" + i + "]";
      int equals = entries.get(i).indexOf('=');
      check(equals > 0, at, "be NAME=value", equals < 0 ? "there is no =" : "there is no name");
      check(entries.get(i).indexOf('\0') < 0, at, "have no NUL", entries.get(i).split("=", 2)[0]);
    }
  }

  private static void checkSize(String side, int characters) {
    check(
        Integer.compareUnsigned(characters - 1, MAX_CONSOLE) < 0,
        "process.console_size." + side,
        "be 1 to " + MAX_CONSOLE,
        Integer.toUnsignedString(characters));
  }

  private static void checkUser(Process process) {
    var user = process.getUser();
    Stream.concat(Stream.of(user.getUid(), user.getGid()), user.getAdditionalGidsList().stream())
        .forEach(
            id -> check(id != NO_ID, "process.user", "have ids below 4294967295", "4294967295"));
  }

  private static void checkRlimits(List<dev.caisson.proto.types.v1.Rlimit> rlimits) {
    Set<Rlimit> seen = EnumSet.noneOf(Rlimit.class);
    for (var rlimit : rlimits) {
      Rlimit type = rlimit(rlimit.getType());
      check(seen.add(type), "process.rlimits", "name each limit once", type);
      check(
          Long.compareUnsigned(rlimit.getSoft(), rlimit.getHard()) <= 0,
          "process.rlimits",
          "have soft limits not above the hard ones",
          type);
    }
  }

  static Rlimit rlimit(String type) {
    return Stream.of(Rlimit.values())
        .filter(limit -> limit.name().equals(type))
        .findFirst()
        .orElseThrow(() ->
            Refusal.invalid(
                    "process.rlimits",
                    "be named as in RLIMIT_NOFILE",
                    type.toUpperCase(Locale.ROOT))
                .exception());
  }

  private static void check(boolean holds, String field, String rule, Object value) {
    if (!holds) {
      throw Refusal.invalid(field, rule, value).exception();
    }
  }
}
