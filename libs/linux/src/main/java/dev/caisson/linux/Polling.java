package dev.caisson.linux;

/** Makes pollers. Thread-safe. */
public interface Polling {
  Poller open();
}
