package dev.caisson.auditor.cpu;

import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The committed figures of each sample of the last while, for questions about windows. Kept in
 * memory: after a start it has what the topic still has of it. Thread-safe. Bounded by time and by
 * size; whatever has to go, the oldest goes first.
 */
public final class CpuHistory {

  /** What is kept at most, in numbers of 64 bits: 32 MiB, and some. */
  static final int MAX_AMOUNTS = 4 << 20;

  private static final Comparator<CpuWindow> ORDER =
      Comparator.comparing(CpuWindow::getSandboxId).thenComparing(CpuWindow::getSandboxUid);

  private final Duration length;
  private final InstantSource clock;
  private final int maxAmounts;
  private final Map<String, SandboxHistory> sandboxes = new HashMap<>();

  // Uids, one for each moment, in the order in which these came.
  private final ArrayDeque<String> arrivals = new ArrayDeque<>();
  private int amounts;

  public CpuHistory(Duration length, InstantSource clock) {
    this(length, clock, MAX_AMOUNTS);
  }

  CpuHistory(Duration length, InstantSource clock, int maxAmounts) {
    this.length = length;
    this.clock = clock;
    this.maxAmounts = maxAmounts;
  }

  /** What is kept, in numbers of 64 bits: about. */
  synchronized int amounts() {
    return amounts;
  }

  /** How far back it is meant to reach. */
  public Duration length() {
    return length;
  }

  /** Takes in the next figures of a sandbox; older ones than are there change nothing. */
  synchronized void put(CpuApportioned figures) {
    Instant horizon = clock.instant().minus(length);
    SandboxHistory known = sandboxes.get(figures.getSandboxUid());
    if (known == null
        ? Moment.time(figures).isBefore(horizon)
        : known.newest().getSandboxSeq() >= figures.getSandboxSeq()) {
      return;
    }
    SandboxHistory sandbox = known == null ? enter(figures) : known;
    int before = sandbox.amounts();
    sandbox.add(figures);
    amounts += sandbox.amounts() - before;
    arrivals.addLast(figures.getSandboxUid());
    while (amounts > maxAmounts || isBefore(horizon)) {
      forgetOldest();
    }
  }

  /**
   * What each sandbox that matches used in the samples from one time on, and before another: by
   * sandbox id and uid.
   */
  public synchronized List<CpuWindow> find(CpuQuery query, Instant from, Instant to) {
    List<CpuWindow> found = new ArrayList<>();
    for (SandboxHistory sandbox : sandboxes.values()) {
      if (query.matches(sandbox.newest())) {
        sandbox
            .window(from, to)
            .map(window -> query.narrowed(window.build()))
            .ifPresent(found::add);
      }
    }
    found.sort(ORDER);
    return found;
  }

  private SandboxHistory enter(CpuApportioned first) {
    SandboxHistory sandbox = new SandboxHistory(first);
    sandboxes.put(first.getSandboxUid(), sandbox);
    amounts += sandbox.amounts();
    return sandbox;
  }

  private boolean isBefore(Instant horizon) {
    String uid = arrivals.peekFirst();
    return uid != null && oldest(uid).time.isBefore(horizon);
  }

  private void forgetOldest() {
    String uid = arrivals.removeFirst();
    SandboxHistory sandbox = sandbox(uid);
    amounts -= sandbox.amounts();
    sandbox.forgetOldest();
    if (sandbox.oldest() == null) {
      sandboxes.remove(uid);
    } else {
      amounts += sandbox.amounts();
    }
  }

  private Moment oldest(String uid) {
    return Objects.requireNonNull(sandbox(uid).oldest());
  }

  private SandboxHistory sandbox(String uid) {
    return Objects.requireNonNull(sandboxes.get(uid));
  }
}
