package dev.caisson.linux;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * Waits for many descriptors at once, level-triggered, epoll(7). Thread-safe: one thread awaits,
 * any thread adds, removes and wakes.
 */
public interface Poller extends AutoCloseable {
  /** Reserved for the poller itself. */
  long RESERVED_TOKEN = Long.MIN_VALUE;

  /** How many one call to {@link #await} reports at most; the others follow in the next. */
  int MAX_READY = 64;

  /**
   * Watches a descriptor. Remove it before closing it.
   *
   * @param token anything but {@link #RESERVED_TOKEN}
   * @param oneShot to be reported once, then not until {@link #change} arms it again
   */
  void add(Fd fd, long token, Set<Interest> interests, boolean oneShot);

  /** Replaces what {@link #add} said. */
  void change(Fd fd, long token, Set<Interest> interests, boolean oneShot);

  void remove(Fd fd);

  /** Waits until something is ready; empty when the time was up or {@link #wake} was called. */
  List<Ready> await(Duration timeout);

  /** Ends the running {@link #await}, or the next one. */
  void wake();

  @Override
  void close();
}
