package dev.caisson.executor.poll;

import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import dev.caisson.linux.Poller;
import dev.caisson.linux.Polling;
import dev.caisson.linux.Ready;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One thread that waits for descriptors, and runs what is to be done when they are ready.
 *
 * <p>Thread-safe. Handlers and tasks run on the loop's thread and must not block.
 */
public final class PollLoop implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(PollLoop.class.getName());
  private static final Duration FOREVER = Duration.ofHours(1);

  /** Of {@link #scratch}. */
  public static final int SCRATCH_BYTES = 64 * 1024;

  private final Poller poller;
  private final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
  private final ConcurrentMap<Long, Watch> watches = new ConcurrentHashMap<>();
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicLong tokens = new AtomicLong();
  private final Thread thread;
  private volatile boolean closed;

  public PollLoop(Polling polling, String name) {
    this.poller = polling.open();
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  public PollLoop start() {
    thread.start();
    return this;
  }

  /**
   * Watches a descriptor, which stays the caller's; nothing is reported until {@link Watch#arm}.
   */
  public Watch watch(Fd fd, Consumer<Set<Interest>> handler) {
    Watch watch = new Watch(tokens.incrementAndGet(), fd, handler);
    watches.put(watch.token, watch);
    return watch;
  }

  /** For the loop's thread alone: room for what one handler or task reads, forgotten after it. */
  public ByteBuffer scratch() {
    return scratch;
  }

  /** Runs the task on the loop's thread, soon. */
  public void execute(Runnable task) {
    tasks.add(task);
    if (Thread.currentThread() != thread) {
      poller.wake();
    }
  }

  private void run() {
    while (!closed) {
      runTasks();
      for (Ready ready : poller.await(tasks.isEmpty() ? FOREVER : Duration.ZERO)) {
        dispatch(ready);
      }
    }
    runTasks(); // what was handed over before the end
  }

  /**
   * Those that were there when it began: a task that adds another cannot keep descriptors waiting.
   */
  private void runTasks() {
    Queue<Runnable> batch = new ArrayDeque<>();
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      batch.add(task);
    }
    batch.forEach(PollLoop::guarded);
  }

  private void dispatch(Ready ready) {
    @Nullable Watch watch = watches.get(ready.token());
    if (watch != null) {
      guarded(() -> watch.handler.accept(ready.interests()));
    }
  }

  private static void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | OutOfMemoryError e) { // off the heap: want of heap ends the JVM
      LOG.log(Level.ERROR, "A task of the poll loop failed", e);
    }
  }

  @Override
  public void close() {
    closed = true;
    poller.wake();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    poller.close();
  }

  /** One watched descriptor. Each arming reports once. */
  public final class Watch {
    private final long token;
    private final Fd fd;
    private final Consumer<Set<Interest>> handler;
    private boolean added;
    private boolean cancelled;

    private Watch(long token, Fd fd, Consumer<Set<Interest>> handler) {
      this.token = token;
      this.fd = fd;
      this.handler = handler;
    }

    public void arm(Interest interest) {
      arm(EnumSet.of(interest));
    }

    public synchronized void arm(Set<Interest> interests) {
      if (cancelled) {
        return;
      }
      if (added) {
        poller.change(fd, token, interests, true);
      } else {
        poller.add(fd, token, interests, true);
        added = true;
      }
    }

    /** To be called before the descriptor is closed. */
    public synchronized void cancel() {
      cancelled = true;
      watches.remove(token);
      if (added) {
        poller.remove(fd);
        added = false;
      }
    }
  }
}
