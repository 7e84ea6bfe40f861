package dev.caisson.auditor.cpu;

import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The newest figures of each sandbox, as committed. Thread-safe. Bounded: above a limit, sandboxes
 * that are gone go first, the oldest before the others; then those that have been silent longest.
 */
public final class CpuTable {

  /** Sandboxes that are kept. */
  static final int MAX_SANDBOXES = 100_000;

  /** Sandboxes that are kept though they are gone. */
  static final int MAX_ENDED = 10_000;

  /** Of all figures as Kafka has them; in memory they take three to four times that. */
  static final long MAX_BYTES = 24 << 20;

  private static final Comparator<CpuApportioned> ORDER =
      Comparator.comparing(CpuApportioned::getSandboxId)
          .thenComparing(CpuApportioned::getSandboxUid);

  /** Ends listening. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  private final int maxSandboxes;
  private final int maxEnded;
  private final long maxBytes;

  // By uid, each in the order in which news of them came: who leaves must not be searched for.
  private final SequencedMap<String, CpuApportioned> living = new LinkedHashMap<>();
  private final SequencedMap<String, CpuApportioned> ended = new LinkedHashMap<>();
  private final Object lock = new Object();
  private final List<Consumer<CpuApportioned>> listeners = new CopyOnWriteArrayList<>();
  private long bytes;

  public CpuTable() {
    this(MAX_SANDBOXES, MAX_ENDED, MAX_BYTES);
  }

  CpuTable(int maxSandboxes, int maxEnded, long maxBytes) {
    this.maxSandboxes = maxSandboxes;
    this.maxEnded = maxEnded;
    this.maxBytes = maxBytes;
  }

  /** Takes figures in; older ones than are there change nothing. */
  void put(CpuApportioned figures) {
    synchronized (lock) {
      String uid = figures.getSandboxUid();
      CpuApportioned before = living.getOrDefault(uid, ended.get(uid));
      if (before != null && before.getSandboxSeq() >= figures.getSandboxSeq()) {
        return;
      }
      remove(uid);
      (figures.getLast() ? ended : living).putLast(uid, figures);
      bytes += figures.getSerializedSize();
      while (isFull()) {
        remove((ended.isEmpty() ? living : ended).firstEntry().getKey());
      }
    }
    listeners.forEach(listener -> listener.accept(figures));
  }

  private boolean isFull() {
    return ended.size() > maxEnded
        || living.size() + ended.size() > maxSandboxes
        || bytes > maxBytes;
  }

  /** Forgets a sandbox. */
  void remove(String sandboxUid) {
    synchronized (lock) {
      for (SequencedMap<String, CpuApportioned> some : List.of(living, ended)) {
        CpuApportioned removed = some.remove(sandboxUid);
        bytes -= removed == null ? 0 : removed.getSerializedSize();
      }
    }
  }

  /** The newest figures that match, by sandbox id and uid. */
  public List<CpuApportioned> find(CpuQuery query) {
    List<CpuApportioned> all;
    synchronized (lock) {
      all = new ArrayList<>(living.values());
      all.addAll(ended.values());
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
