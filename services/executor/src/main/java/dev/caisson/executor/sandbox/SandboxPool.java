package dev.caisson.executor.sandbox;

import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Some sandboxes made in advance, of the kind that is mostly asked for, each handed out once. It
 * takes starting caisson-init and, on cgroup v1, the kernel's slow migration out of a caller's way.
 *
 * <p>Thread-safe.
 */
final class SandboxPool implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(SandboxPool.class.getName());

  /** Without another request: making one beside a call would slow the call down. */
  static final Duration QUIET = Duration.ofMillis(40);

  private final int size;
  private final Kernel kernel;
  private final ScheduledExecutorService workers;
  private final Supplier<Parked> maker;
  private final Consumer<Parked> discard;
  private final Deque<Parked> parked = new ArrayDeque<>();
  private int underway;
  private boolean open;
  private boolean waiting;
  private long lastTaken;

  /**
   * @param size as many as may be asked for at once before the next is made; an idle one costs tens
   *     of KiB
   * @param maker makes one; may fail
   * @param discard ends and removes one
   */
  SandboxPool(
      int size,
      Kernel kernel,
      ScheduledExecutorService workers,
      Supplier<Parked> maker,
      Consumer<Parked> discard) {
    this.size = size;
    this.kernel = kernel;
    this.workers = workers;
    this.maker = maker;
    this.discard = discard;
  }

  synchronized void start() {
    open = true;
    refill(size);
  }

  /** One that lives, if there is any. */
  Optional<Parked> take() {
    for (@Nullable Parked next = next(); next != null; next = next()) {
      if (lives(next)) {
        return Optional.of(next);
      }
      discard.accept(next);
    }
    return Optional.empty();
  }

  /** That would be handed out now, if they live. */
  synchronized int ready() {
    return parked.size();
  }

  private boolean lives(Parked one) {
    return lives(one.holder().pidfd())
        && one.placed().map(placed -> lives(placed.process().pidfd())).orElse(true);
  }

  private boolean lives(Fd pidfd) {
    return !kernel.processes().awaitEnd(pidfd, Duration.ZERO);
  }

  private synchronized @Nullable Parked next() {
    @Nullable Parked next = parked.poll();
    lastTaken = System.nanoTime();
    refill((size + 1) / 2);
    refillOnceQuiet();
    return next;
  }

  private void refillOnceQuiet() {
    if (open && !waiting) {
      waiting = true;
      var _ = workers.schedule(this::quiet, QUIET.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private synchronized void quiet() {
    waiting = false;
    if (System.nanoTime() - lastTaken < QUIET.toNanos()) {
      refillOnceQuiet();
    } else {
      refill(size);
    }
  }

  private void refill(int wanted) {
    while (open && parked.size() + underway < wanted) {
      underway++;
      workers.execute(this::make);
    }
  }

  private void make() {
    @Nullable Parked made = null;
    try {
      made = maker.get();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "No sandbox could be made in advance: {0}", e.getMessage());
    }
    if (!put(made) && made != null) {
      discard.accept(made);
    }
  }

  /** Says whether it was taken: not after the end. */
  private synchronized boolean put(@Nullable Parked made) {
    underway--;
    notifyAll();
    return open && made != null && parked.add(made);
  }

  /** When it returns none is left. */
  @Override
  public void close() {
    stop();
    for (@Nullable Parked next = next(); next != null; next = next()) {
      discard.accept(next);
    }
  }

  private synchronized void stop() {
    open = false;
    try {
      while (underway > 0) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
