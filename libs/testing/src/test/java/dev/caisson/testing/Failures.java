package dev.caisson.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What failures must be, and how long tests wait. */
final class Failures {
  /** For what must happen: only a failing test waits so long. */
  static final Duration LONG = Duration.ofSeconds(20);

  /** For what must not happen. */
  static final Duration SHORT = Duration.ofMillis(30);

  private Failures() {}

  static void assertErrno(Errno errno, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(LinuxException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
