package dev.caisson.executor.sandbox;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Which ids are taken, and by what: an id belongs to one sandbox or container of a tenant from before it is made until
 * nothing of it is left.
 *
 * <p>Thread-safe.
 */
final class Registry<T> {
  /** What an id stands for. */
  sealed interface Entry<T> {
    /** It is being made. */
    record Reserved<T>() implements Entry<T> {}

    record Present<T>(T value) implements Entry<T> {}
  }

  private record Key(String tenant, String id) {}

  private final ConcurrentMap<Key, Entry<T>> entries = new ConcurrentHashMap<>();

  /**
   * Takes the id.
   *
   * @return what has it already; empty when it is the caller's now, to {@link #put} or to {@link #release}
   */
  Optional<Entry<T>> reserve(String tenant, String id) {
    return Optional.ofNullable(
        entries.putIfAbsent(new Key(tenant, id), new Entry.Reserved<>()));
  }

  void put(String tenant, String id, T value) {
    entries.put(new Key(tenant, id), new Entry.Present<>(value));
  }

  void release(String tenant, String id) {
    entries.remove(new Key(tenant, id));
  }

  Optional<T> find(String tenant, String id) {
    return entries.get(new Key(tenant, id)) instanceof Entry.Present<T>(T value)
        ? Optional.of(value)
        : Optional.empty();
  }

  /** A snapshot of one tenant's, or of all where it is empty. */
  List<T> list(String tenant) {
    return entries.entrySet().stream()
        .filter(entry -> tenant.isEmpty() || entry.getKey().tenant().equals(tenant))
        .map(java.util.Map.Entry::getValue)
        .filter(Entry.Present.class::isInstance)
        .map(entry -> ((Entry.Present<T>) entry).value())
        .toList();
  }

  Collection<T> all() {
    return list("");
  }
}
