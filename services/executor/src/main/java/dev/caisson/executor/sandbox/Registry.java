package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which ids are taken, and by what: an id belongs to one sandbox or container of a tenant from
 * before it is made until nothing of it is left.
 *
 * <p>Thread-safe.
 */
final class Registry<T> {
  /** What an id stands for. */
  sealed interface Entry<T> {
    /**
     * It is being made.
     *
     * @param shown what others see of it already
     */
    record Reserved<T>(Optional<T> shown) implements Entry<T> {}

    record Present<T>(T value) implements Entry<T> {}

    /** Nobody here is to have it. */
    record Barred<T>() implements Entry<T> {}

    /** What is found. */
    default Optional<T> found() {
      return switch (this) {
        case Reserved<T>(Optional<T> shown) -> shown;
        case Present<T>(T value) -> Optional.of(value);
        case Barred<T>() -> Optional.empty();
      };
    }
  }

  private record Key(String tenant, String id) {
    @Override
    public String toString() {
      return key(tenant, id);
    }
  }

  private final String what;
  private final int most;
  private final ConcurrentMap<Key, Entry<T>> entries = new ConcurrentHashMap<>();

  /**
   * A registry without any.
   *
   * @param what there are, in the plural
   * @param most that there can be, with those that are being made; more may be {@link #put}
   */
  Registry(String what, int most) {
    this.what = what;
    this.most = most;
  }

  /**
   * Takes the id. Where somebody has it of whom nothing is shown yet, waits until that is, or the
   * id is free again: he may be the same caller, who was cut off and asks once more.
   *
   * @throws dev.caisson.executor.refusal.RefusedException (LIMIT_REACHED) when there are enough
   * @return what has it already; empty when it is the caller's now, to {@link #put} or to {@link
   *     #release}
   */
  synchronized Optional<Entry<T>> reserve(String tenant, String id) {
    Key key = new Key(tenant, id);
    awaitShown(key);
    @Nullable Entry<T> taken = entries.get(key);
    if (taken == null) {
      requireRoom();
      entries.put(key, new Entry.Reserved<>(Optional.empty()));
    }
    return Optional.ofNullable(taken);
  }

  private synchronized void awaitShown(Key key) {
    boolean interrupted = false;
    while (isHidden(entries.get(key))) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isHidden(@Nullable Entry<?> entry) {
    return entry instanceof Entry.Reserved<?> reserved && reserved.shown().isEmpty();
  }

  private void requireRoom() {
    if (entries.size() >= most) {
      throw Refusal.limit(what, "This node may have " + most + " " + what + ": delete one first.")
          .exception();
    }
  }

  /** Of a reserved id, before it is {@link #put}. */
  synchronized void show(String tenant, String id, T value) {
    entries.put(new Key(tenant, id), new Entry.Reserved<>(Optional.of(value)));
    notifyAll();
  }

  synchronized void put(String tenant, String id, T value) {
    entries.put(new Key(tenant, id), new Entry.Present<>(value));
    notifyAll();
  }

  synchronized void release(String tenant, String id) {
    entries.remove(new Key(tenant, id));
    notifyAll();
  }

  /** Nobody is to have it from now on. */
  void bar(String tenant, String id) {
    entries.put(new Key(tenant, id), new Entry.Barred<>());
  }

  Optional<T> find(String tenant, String id) {
    return Optional.ofNullable(entries.get(new Key(tenant, id))).flatMap(Entry::found);
  }

  Collection<T> all() {
    return values(entries.values().stream()).toList();
  }

  /** What it is listed by. */
  static String key(String tenant, String id) {
    return tenant + "/" + id;
  }

  /**
   * A snapshot in the order of {@link #key}.
   *
   * @param tenant whose; empty: everybody's
   * @param after a key: of those after it, whether something has it or not
   */
  Stream<T> after(String tenant, String after) {
    return values(
        entries.entrySet().stream()
            .filter(entry -> tenant.isEmpty() || entry.getKey().tenant().equals(tenant))
            .map(entry -> Map.entry(entry.getKey().toString(), entry.getValue()))
            .filter(entry -> entry.getKey().compareTo(after) > 0)
            .sorted(Map.Entry.comparingByKey())
            .map(Map.Entry::getValue));
  }

  private static <T> Stream<T> values(Stream<Entry<T>> some) {
    return some.flatMap(entry -> entry.found().stream());
  }
}
