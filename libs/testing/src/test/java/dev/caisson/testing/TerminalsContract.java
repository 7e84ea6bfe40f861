package dev.caisson.testing;

import static dev.caisson.testing.Failures.assertErrno;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Terminals;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What {@link Terminals} promises of what is none, whoever keeps it. */
abstract class TerminalsContract {
  abstract Kernel kernel();

  @Test
  final void whatIsNoTerminalHasNoNumberAndNoSize() {
    Terminals terminals = kernel().terminals();
    try (Fd nothing = kernel().files().open(Path.of("/dev/null"), OpenFlag.READ_WRITE)) {
      assertErrno(Errno.ENOTTY, () -> terminals.number(nothing));
      assertErrno(Errno.ENOTTY, () -> terminals.resize(nothing, 24, 80));
    }
  }
}
