package dev.caisson.client;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/** Time that passes when it is told to. For one thread. */
final class VirtualTimer implements Scheduler {
  private record Due(long at, Runnable task) {}

  private final PriorityQueue<Due> waiting = new PriorityQueue<>(Comparator.comparingLong(Due::at));
  private long nanos;

  void pass(Duration time) {
    long end = nanos + time.toNanos();
    for (Due next = waiting.peek(); next != null && next.at() <= end; next = waiting.peek()) {
      waiting.remove(next);
      nanos = next.at();
      next.task().run();
    }
    nanos = end;
  }

  boolean isIdle() {
    return waiting.isEmpty();
  }

  @Override
  public long now(TimeUnit unit) {
    return unit.convert(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public Disposable schedule(Runnable task) {
    task.run();
    return Disposables.disposed();
  }

  @Override
  public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
    Due due = new Due(nanos + unit.toNanos(delay), task);
    waiting.add(due);
    return () -> waiting.remove(due);
  }

  @Override
  public Worker createWorker() {
    throw new UnsupportedOperationException("pauses need none, and a test would wait for ever");
  }
}
