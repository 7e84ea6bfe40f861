package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SystemCallNumbers;
import dev.caisson.linux.abi.WinSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link Terminals} by system calls: ioctl_tty(2). */
final class LinuxTerminals implements Terminals {
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  @Override
  public int number(Fd master) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
      control(master, Constants.TIOCGPTN, number, "read the number of");
      return number.get(ValueLayout.JAVA_INT, 0);
    }
  }

  @Override
  public void resize(Fd terminal, int rows, int columns) {
    check("rows", rows);
    check("columns", columns);
    try (Arena arena = Arena.ofConfined()) {
      control(terminal, Constants.TIOCSWINSZ, WinSize.in(arena, rows, columns), "resize");
    }
  }

  private static void check(String what, int size) {
    if (size < 1 || size > MAX_SIZE) {
      throw new IllegalArgumentException(what + " must be 1 to " + MAX_SIZE + ": " + size);
    }
  }

  private static void control(Fd terminal, long request, MemorySegment data, String operation) {
    long result =
        terminal.use(number -> Downcalls.syscall(CALLS.ioctl(), number, request, data.address()));
    Outcome.require(result, operation, terminal);
  }
}
