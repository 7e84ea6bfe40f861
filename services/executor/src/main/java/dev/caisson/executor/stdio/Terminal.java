package dev.caisson.executor.stdio;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Terminals;

/**
 * The size of a process's terminal.
 *
 * @param master its {@link InputPump}'s, which closes it
 */
public record Terminal(Terminals terminals, Fd master) {

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
