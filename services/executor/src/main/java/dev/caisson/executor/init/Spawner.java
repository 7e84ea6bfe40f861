package dev.caisson.executor.init;

import dev.caisson.linux.Fd;

/** Starts the first process of a caisson-init. Thread-safe. */
public interface Spawner {
  /** The number of the listening socket in it, as caisson_init.h has it. */
  int LISTEN_DESCRIPTOR = 3;

  /**
   * Starts it, in a session of its own, with no environment and no other descriptor. The binary has
   * been executed when this returns.
   *
   * @param binary still the caller's
   * @param listening still the caller's
   */
  First spawn(Fd binary, Fd listening);

  /** Closing it takes note of its end, if that has come, and forgets it. */
  interface First extends AutoCloseable {
    Fd pidfd();

    @Override
    void close();
  }
}
