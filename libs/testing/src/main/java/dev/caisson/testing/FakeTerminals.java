package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Terminals;

/** {@link Terminals} of a kernel in which nothing is a terminal. */
record FakeTerminals(Recorder recorder) implements Terminals {
  @Override
  public int number(Fd master) {
    recorder.enter("terminals.number", master);
    throw new LinuxException("read the number of", master.toString(), Errno.ENOTTY);
  }

  @Override
  public void resize(Fd terminal, int rows, int columns) {
    recorder.enter("terminals.resize", terminal, rows, columns);
    throw new LinuxException("resize", terminal.toString(), Errno.ENOTTY);
  }
}
