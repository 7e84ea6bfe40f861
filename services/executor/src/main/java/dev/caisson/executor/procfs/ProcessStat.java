package dev.caisson.executor.procfs;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What {@code /proc/<pid>/stat} says of a process. Source: proc_pid_stat(5).
 *
 * @param startTicks since boot; with the pid it identifies a process across the executor's restarts
 */
public record ProcessStat(
    int pid, String command, int parent, int threads, Duration cpu, long startTicks) {

  /** {@code USER_HZ}: 100 on every architecture that is supported here. */
  private static final long NANOS_PER_TICK = 10_000_000;

  private static final int MAX_COMMAND = 64;
  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
  private static final Pattern SPACES = Pattern.compile(" +");

  // Fields as the manual numbers them, counted from the one after the command.
  private static final int PPID = 4 - 3;
  private static final int UTIME = 14 - 3;
  private static final int STIME = 15 - 3;
  private static final int THREADS = 20 - 3;
  private static final int STARTTIME = 22 - 3;

  /**
   * Empty when the text is not of that form: the command may hold anything, parentheses and
   * newlines included.
   */
  public static Optional<ProcessStat> parse(String text) {
    int open = text.indexOf('(');
    int close = text.lastIndexOf(')');
    if (open < 1 || close < open) {
      return Optional.empty();
    }
    String[] fields = SPACES.split(text.substring(close + 1).strip());
    if (fields.length <= STARTTIME) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          of(text.substring(0, open).strip(), text.substring(open + 1, close), fields));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** From the kernel's start to the process's. */
  Duration sinceBoot() {
    return Duration.ofNanos(startTicks * NANOS_PER_TICK);
  }

  private static ProcessStat of(String pid, String command, String[] fields) {
    long ticks = Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME]);
    return new ProcessStat(
        Integer.parseInt(pid),
        printable(command),
        Integer.parseInt(fields[PPID]),
        Integer.parseInt(fields[THREADS]),
        Duration.ofNanos(ticks * NANOS_PER_TICK),
        Long.parseLong(fields[STARTTIME]));
  }

  private static String printable(String command) {
    String cut = command.length() > MAX_COMMAND ? command.substring(0, MAX_COMMAND) : command;
    return CONTROL.matcher(cut).replaceAll("?");
  }
}
