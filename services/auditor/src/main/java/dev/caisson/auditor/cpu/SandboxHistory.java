package dev.caisson.auditor.cpu;

import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The last while of one sandbox: its moments, oldest first, and the one before them, from which
 * windows can still begin. Not thread-safe.
 */
final class SandboxHistory {

  /** What one takes beside its moments and figures, in numbers of 64 bits: about. */
  static final int OWN_AMOUNTS = 32;

  /** Of each byte of figures as Kafka has them, in numbers of 64 bits: a half. */
  private static final int BYTES_PER_AMOUNT = 2;

  private final ArrayDeque<Moment> moments = new ArrayDeque<>();
  private @Nullable Moment base;
  private CpuApportioned newest;
  private int amounts = OWN_AMOUNTS;

  SandboxHistory(CpuApportioned first) {
    this.newest = first;
    this.amounts += amounts(first);
  }

  private static int amounts(CpuApportioned figures) {
    return figures.getSerializedSize() / BYTES_PER_AMOUNT;
  }

  /** What it takes to keep it, in numbers of 64 bits. */
  int amounts() {
    return amounts;
  }

  CpuApportioned newest() {
    return newest;
  }

  /** Takes in the next. */
  void add(CpuApportioned figures) {
    Moment before = moments.peekLast();
    Moment moment = Moment.of(figures, before);
    moments.addLast(moment);
    amounts += moment.amounts() + (moment.sharesNamesWith(before) ? 0 : moment.nameAmounts());
    amounts += amounts(figures) - amounts(newest);
    newest = figures;
  }

  @Nullable Moment oldest() {
    return moments.peekFirst();
  }

  /** Windows cannot begin before the oldest moment any more, but from it on. */
  void forgetOldest() {
    Moment oldest = moments.pollFirst();
    if (base != null) {
      amounts -= base.amounts() + (base.sharesNamesWith(oldest) ? 0 : base.nameAmounts());
    }
    base = oldest;
  }

  /** Empty: nothing was sampled before its end, or the sandbox was gone before it began. */
  Optional<CpuWindow.Builder> window(Instant from, Instant to) {
    Moment end = lastBefore(to);
    Moment before = lastBefore(from);
    if (end == null || (before != null && before.last)) {
      return Optional.empty();
    }
    CpuWindow.Builder window =
        CpuWindow.newBuilder()
            .setNode(newest.getNode())
            .setTenant(newest.getTenant())
            .setSandboxId(newest.getSandboxId())
            .setSandboxUid(newest.getSandboxUid());
    growth(before, from, end, window).describe(window);
    return Optional.of(window);
  }

  private Growth growth(
      @Nullable Moment before, Instant from, Moment end, CpuWindow.Builder window) {
    if (before != null) {
      return new Growth(before, before.time, end);
    }
    Moment first = first();
    if (first.seq == 1) {
      return new Growth(null, from, end);
    }
    window.setTruncated(true);
    return new Growth(first, first.time, end);
  }

  private Moment first() {
    return base == null ? moments.getFirst() : base;
  }

  // From the newest on, since most windows end there. A clock that was set back is no matter: what
  // was sampled later comes later.
  private @Nullable Moment lastBefore(Instant time) {
    var newestFirst = moments.descendingIterator();
    while (newestFirst.hasNext()) {
      Moment moment = newestFirst.next();
      if (moment.time.isBefore(time)) {
        return moment;
      }
    }
    return base != null && base.time.isBefore(time) ? base : null;
  }
}
