package dev.caisson.executor.init;

import java.time.Duration;
import java.time.Instant;

/**
 * How a process ended, as caisson-init saw it.
 *
 * @param code exit code, 0 to 255, when {@code signal} is 0
 * @param signal the signal that ended it, or 0
 * @param maxRssBytes largest resident set
 */
public record ProcessEnd(
    long token,
    int code,
    int signal,
    Duration user,
    Duration system,
    long maxRssBytes,
    Instant time) {

  /** From EXITED, or an ENTRY of a process that has ended. */
  static ProcessEnd of(Message message) {
    int status = (int) message.arg0();
    int signal = status & 0x7f; // wait(2): WTERMSIG
    int code = signal == 0 ? (status >> 8) & 0xff : 0; // WEXITSTATUS
    return new ProcessEnd(
        message.token(),
        code,
        signal,
        Duration.ofNanos(message.arg1()),
        Duration.ofNanos(message.arg2()),
        message.arg3(),
        Instant.ofEpochSecond(0, message.arg4()));
  }
}
