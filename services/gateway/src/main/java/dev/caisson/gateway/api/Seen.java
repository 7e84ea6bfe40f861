package dev.caisson.gateway.api;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was said not long ago and need not be said again. Thread-safe.
 *
 * <p>Bounded: of more than {@link #CAPACITY} the one that was met longest ago is forgotten.
 */
final class Seen {
  static final int CAPACITY = 256;

  private final Map<List<String>, Boolean> known =
      new LinkedHashMap<>(CAPACITY, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<List<String>, Boolean> eldest) {
          return size() > CAPACITY;
        }
      };

  /** Whether this is the first time. */
  synchronized boolean isNew(List<String> words) {
    return known.put(words, true) == null;
  }
}
