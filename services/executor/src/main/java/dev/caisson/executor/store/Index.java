package dev.caisson.executor.store;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where the last frame of each key is. Used under the log's lock. */
final class Index {
  private final Map<Key, Extent> extents = new HashMap<>();
  private long bytes;

  /** Of all frames in it. */
  long bytes() {
    return bytes;
  }

  boolean has(Key key) {
    return extents.containsKey(key);
  }

  void apply(Key key, boolean removal, Extent extent) {
    remove(key);
    if (!removal) {
      extents.put(key, extent);
      bytes += extent.length();
    }
  }

  void remove(Key key) {
    @Nullable Extent old = extents.remove(key);
    bytes -= old == null ? 0 : old.length();
  }

  /** As in the log. */
  List<Map.Entry<Key, Extent>> inPlace() {
    return extents.entrySet().stream()
        .map(Map.Entry::copyOf)
        .sorted(Map.Entry.comparingByValue(Comparator.comparingLong(Extent::at)))
        .toList();
  }

  /** Sandboxes first, then by uid. */
  List<Map.Entry<Key, Extent>> inOrder() {
    return extents.entrySet().stream()
        .map(Map.Entry::copyOf)
        .sorted(Map.Entry.comparingByKey())
        .toList();
  }
}
