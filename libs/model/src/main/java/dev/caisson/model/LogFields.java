package dev.caisson.model;

/**
 * What is known of the moment at which something is logged, by a library that knows it: found by
 * {@link java.util.ServiceLoader}. Called on the thread that logs.
 */
public interface LogFields {
  void addTo(LogLine line);
}
