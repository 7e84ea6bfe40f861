package dev.caisson.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What was worked out not long ago, by what it was worked out from. Thread-safe.
 *
 * <p>Bounded: of more than its capacity the one that was asked for longest ago is forgotten.
 */
public final class Recent<K, V> {
  private final Map<K, V> known;

  /**
   * @param capacity how many values are kept at most
   */
  public Recent(int capacity) {
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
   * The value of the key, made when it is not known.
   *
   * @param work pure; may be done twice by callers at the same time; what it throws is not kept
   */
  public V get(K key, Function<K, V> work) {
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

  /** Whether the key is known; it has been asked for then. */
  public boolean knows(K key) {
    return find(key) != null;
  }

  /** Whether this is the first time; from now on it is not. */
  public boolean isNew(K key, V value) {
    synchronized (known) {
      return known.put(key, value) == null;
    }
  }
}
