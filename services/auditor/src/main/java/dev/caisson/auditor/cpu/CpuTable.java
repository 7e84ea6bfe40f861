package dev.caisson.auditor.cpu;

import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The newest figures of each sandbox, as committed. Thread-safe. Bounded: above the limit,
 * sandboxes that are gone go first, the oldest before the others.
 */
public final class CpuTable {

  /** Sandboxes that are kept. */
  static final int MAX_SANDBOXES = 100_000;

  private static final Comparator<CpuApportioned> ORDER =
      Comparator.comparing(CpuApportioned::getSandboxId)
          .thenComparing(CpuApportioned::getSandboxUid);

  private static final Comparator<CpuApportioned> AGE =
      Comparator.comparingLong(figures -> figures.getTime().getSeconds());

  /** Ends listening. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  private final int limit;
  private final Map<String, CpuApportioned> newest = new HashMap<>();

  // Uids of sandboxes that have ended, in the order in which they did: who leaves must not be
  // searched for.
  private final SequencedSet<String> ended = new LinkedHashSet<>();
  private final List<Consumer<CpuApportioned>> listeners = new CopyOnWriteArrayList<>();

  public CpuTable() {
    this(MAX_SANDBOXES);
  }

  CpuTable(int limit) {
    this.limit = limit;
  }

  /** Takes figures in; older ones than are there change nothing. */
  void put(CpuApportioned figures) {
    synchronized (newest) {
      CpuApportioned before = newest.get(figures.getSandboxUid());
      if (before != null && before.getSandboxSeq() >= figures.getSandboxSeq()) {
        return;
      }
      newest.put(figures.getSandboxUid(), figures);
      if (figures.getLast()) {
        ended.add(figures.getSandboxUid());
      }
      if (newest.size() > limit) {
        newest.remove(leaving());
      }
    }
    listeners.forEach(listener -> listener.accept(figures));
  }

  private String leaving() {
    return ended.isEmpty()
        ? newest.values().stream().min(AGE).orElseThrow().getSandboxUid()
        : ended.removeFirst();
  }

  /** Forgets a sandbox. */
  void remove(String sandboxUid) {
    synchronized (newest) {
      newest.remove(sandboxUid);
      ended.remove(sandboxUid);
    }
  }

  /** The newest figures that match, by sandbox id and uid. */
  public List<CpuApportioned> find(CpuQuery query) {
    List<CpuApportioned> all;
    synchronized (newest) {
      all = new ArrayList<>(newest.values());
    }
    return all.stream().filter(query::matches).map(query::narrowed).sorted(ORDER).toList();
  }

  /**
   * From now on, each new record is passed on, on the thread that reads: a listener must not wait.
   */
  public Subscription listen(Consumer<CpuApportioned> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }
}
