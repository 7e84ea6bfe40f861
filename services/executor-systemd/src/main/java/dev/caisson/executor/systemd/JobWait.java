package dev.caisson.executor.systemd;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.freedesktop.dbus.DBusPath;
import org.jspecify.annotations.Nullable;

/** Waits for the end of a job of one unit. */
final class JobWait implements AutoCloseable {
  static final String TIMEOUT = "no answer in time";

  private final String unit;
  private final Consumer<JobWait> done;
  private final BlockingQueue<Manager.JobRemoved> ends = new LinkedBlockingQueue<>();

  /**
   * @param done when it is closed
   */
  JobWait(String unit, Consumer<JobWait> done) {
    this.unit = unit;
    this.done = done;
  }

  void ended(Manager.JobRemoved signal) {
    if (signal.unit.equals(unit)) {
      ends.add(signal);
    }
  }

  /** {@code done}, another word of systemd, or {@link #TIMEOUT}. */
  String result(DBusPath job, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    try {
      while (true) {
        Manager.@Nullable JobRemoved end =
            ends.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (end == null) {
          return TIMEOUT;
        }
        if (end.job.equals(job)) {
          return end.result;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  @Override
  public void close() {
    done.accept(this);
  }
}
