package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** With terminals of the kernel's. */
final class LinuxTerminalsIT {
  /** sys/ioctl.h. */
  private static final int TIOCGWINSZ = 0x5413;

  private final Kernel kernel = Kernel.open();
  private final Terminals terminals = kernel.terminals();

  private Fd master() {
    return kernel
        .files()
        .open(
            Path.of("/dev/ptmx"),
            OpenFlag.READ_WRITE,
            OpenFlag.NO_CONTROLLING_TERMINAL,
            OpenFlag.NON_BLOCKING);
  }

  @Test
  void eachHasANumberOfItsOwn() {
    try (Fd first = master();
        Fd second = master()) {
      assertThat(terminals.number(first)).isNotNegative().isNotEqualTo(terminals.number(second));
    }
  }

  @Test
  void whatIsNoTerminalHasNoNumberAndNoSize() {
    try (Fd nothing = kernel.files().open(Path.of("/dev/null"), OpenFlag.READ_WRITE)) {
      assertErrno(Errno.ENOTTY, () -> terminals.number(nothing));
      assertErrno(Errno.ENOTTY, () -> terminals.resize(nothing, 24, 80));
    }
  }

  @Test
  void hasTheSizeThatItWasGiven() {
    try (Fd master = master()) {
      terminals.resize(master, 24, Terminals.MAX_SIZE);
      assertThat(size(master)).isEqualTo(24 | 0xffff << 16);
    }
  }

  /** Rows and columns, as they lie in memory. */
  private static int size(Fd terminal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(ValueLayout.JAVA_INT, 2);
      int ioctl = SystemCallNumbers.current().ioctl();
      assertThat(terminal.use(n -> Downcalls.syscall(ioctl, n, TIOCGWINSZ, size.address())))
          .isZero();
      return size.getAtIndex(ValueLayout.JAVA_INT, 0);
    }
  }

  @Test
  void refusesSizesThatTheStructureDoesNotHold() {
    try (Fd master = master()) {
      for (int wrong : new int[] {0, -1, Terminals.MAX_SIZE + 1}) {
        assertThatThrownBy(() -> terminals.resize(master, wrong, 80))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("rows must be 1 to 65535");
        assertThatThrownBy(() -> terminals.resize(master, 24, wrong))
            .hasMessageContaining("columns must be 1 to 65535");
      }
    }
  }
}
