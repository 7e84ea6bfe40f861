package dev.caisson.linux;

/** Pseudo-terminals, pty(7). Thread-safe; every failure is a {@link LinuxException}. */
public interface Terminals {
  /** Rows or columns: what {@code struct winsize} holds. */
  int MAX_SIZE = 65_535;

  /** The number of a master's terminal in its devpts; ENOTTY of anything that is no master. */
  int number(Fd master);

  /**
   * Sets the size that programs are told, of either side; when it changes, those in the foreground
   * get SIGWINCH.
   *
   * @param rows 1 to {@link #MAX_SIZE}
   * @param columns 1 to {@link #MAX_SIZE}
   */
  void resize(Fd terminal, int rows, int columns);
}
