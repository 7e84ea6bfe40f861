package dev.caisson.gateway.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What was worked out not long ago, by what it was worked out from. Thread-safe.
 *
 * <p>Bounded: of more than its capacity the one that was asked for longest ago is forgotten.
 */
final class Recent<K, V> {
  private final Map<K, V> known;

  Recent(int capacity) {
    this.known =
        new LinkedHashMap<>(capacity, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > capacity;
          }
        };
  }

  /**
   * @param work pure; may be done twice by callers at the same time; what it throws is not kept
   */
  V get(K key, Function<K, V> work) {
    @Nullable V found = find(key);
    if (found != null) {
      return found;
    }
    V made = work.apply(key);
    synchronized (known) {
      known.put(key, made);
    }
    return made;
  }

  private @Nullable V find(K key) {
    synchronized (known) {
      return known.get(key);
    }
  }

  /** Whether this is the first time; from now on it is not. */
  boolean isNew(K key, V value) {
    synchronized (known) {
      return known.put(key, value) == null;
    }
  }
}
