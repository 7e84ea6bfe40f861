package dev.caisson.executor.stdio;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Terminals;
import java.util.OptionalInt;

/**
 * A process's terminal: its size, and who is in its foreground.
 *
 * @param master its {@link InputPump}'s, which closes it
 */
public record Terminal(Terminals terminals, Fd master) {

  /**
   * The process group in its foreground, as our PID namespace numbers it; empty where there is
   * none, or the terminal is closed.
   */
  public OptionalInt foregroundGroup() {
    try {
      int group = terminals.foregroundGroup(master);
      return group > 0 ? OptionalInt.of(group) : OptionalInt.empty();
    } catch (LinuxException e) {
      if (e.errno() == Errno.EBADF) {
        return OptionalInt.empty();
      }
      throw e;
    }
  }

  /** Of a terminal that is closed already nothing is left to change. */
  public void resize(int rows, int columns) {
    try {
      terminals.resize(master, rows, columns);
    } catch (LinuxException e) {
      if (e.errno() != Errno.EBADF) {
        throw e;
      }
    }
  }
}
