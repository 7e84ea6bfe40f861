package dev.caisson.executor.procfs;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What {@code /proc/<pid>/stat} says of a process. Source: proc_pid_stat(5).
 *
 * @param state a letter: {@code S} sleeps, {@code Z} has ended
 * @param group its process group
 * @param terminal number of the device of its controlling terminal, as the kernel packs it; 0: none
 * @param foreground process group in the foreground of that terminal; -1: none
 * @param children CPU time of those that have ended and been waited for, and of theirs
 * @param startTicks since boot; with the pid it identifies a process across the executor's restarts
 */
public record ProcessStat(
    int pid,
    String command,
    String state,
    int parent,
    int group,
    int terminal,
    int foreground,
    int threads,
    Duration user,
    Duration system,
    Duration children,
    long startTicks) {

  /** {@code USER_HZ}: 100 on every architecture that is supported here. */
  private static final long NANOS_PER_TICK = 10_000_000;

  private static final int MAX_COMMAND = 64;

  /** {@code UNIX98_PTY_SLAVE_MAJOR} of linux/major.h, and how many there are for them. */
  private static final int PTS_MAJOR = 136;

  private static final int PTS_MAJORS = 8;
  private static final int PTS_OF_A_MAJOR = 256;

  /** Ended, and about to be reaped. */
  private static final Set<String> DEAD = Set.of("Z", "X");

  private static final Pattern SPACES = Pattern.compile(" +");

  // Fields as the manual numbers them, counted from the one after the command.
  private static final int STATE = 3 - 3;
  private static final int PPID = 4 - 3;
  private static final int PGRP = 5 - 3;
  private static final int TTY_NR = 7 - 3;
  private static final int TPGID = 8 - 3;
  private static final int UTIME = 14 - 3;
  private static final int STIME = 15 - 3;
  private static final int CUTIME = 16 - 3;
  private static final int CSTIME = 17 - 3;
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

  /** Of all of its threads, since its start; its children's is theirs. */
  public Duration cpu() {
    return user.plus(system);
  }

  /** Whether nothing is left of it but its exit status. Threads outlive a first one that ends. */
  public boolean hasEnded() {
    return DEAD.contains(state) && threads <= 1;
  }

  /** Its controlling terminal, where that is a pseudo-terminal: {@code pts/0}. */
  public Optional<String> pseudoTerminal() {
    // new_encode_dev() of linux/kdev_t.h: mmmM MMmm.
    int major = (terminal >>> 8) & 0xfff;
    int minor = (terminal & 0xff) | ((terminal >>> 12) & 0xfff00);
    int block = major - PTS_MAJOR;
    return block >= 0 && block < PTS_MAJORS
        ? Optional.of("pts/" + (block * PTS_OF_A_MAJOR + minor))
        : Optional.empty();
  }

  /** Of 100 each time that one CPU could have run: more where threads ran beside each other. */
  int cpuPercent(Duration sinceBoot) {
    long lived = sinceBoot.minus(sinceBoot()).toMillis();
    return lived <= 0 ? 0 : (int) Math.min(cpu().toMillis() * 100 / lived, Integer.MAX_VALUE);
  }

  /** From the kernel's start to the process's. */
  Duration sinceBoot() {
    return Duration.ofNanos(startTicks * NANOS_PER_TICK);
  }

  private static ProcessStat of(String pid, String command, String[] fields) {
    return new ProcessStat(
        Integer.parseInt(pid),
        Printable.of(command, MAX_COMMAND),
        fields[STATE],
        Integer.parseInt(fields[PPID]),
        Integer.parseInt(fields[PGRP]),
        Integer.parseInt(fields[TTY_NR]),
        Integer.parseInt(fields[TPGID]),
        Integer.parseInt(fields[THREADS]),
        ticks(fields[UTIME]),
        ticks(fields[STIME]),
        ticks(fields[CUTIME]).plus(ticks(fields[CSTIME])),
        Long.parseLong(fields[STARTTIME]));
  }

  private static Duration ticks(String count) {
    return Duration.ofNanos(Long.parseLong(count) * NANOS_PER_TICK);
  }
}
