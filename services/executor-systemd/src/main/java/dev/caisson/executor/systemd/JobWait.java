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
  /** How often it is looked whether systemd has another name by now. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  static final String TIMEOUT = "no answer in time";

  private final String unit;
  private final Runnable look;
  private final Consumer<JobWait> done;
  private final BlockingQueue<Manager.JobRemoved> ends = new LinkedBlockingQueue<>();

  /**
   * @param look now and then, while nothing comes
   * @param done when it is closed
   */
  JobWait(String unit, Runnable look, Consumer<JobWait> done) {
    this.unit = unit;
    this.look = look;
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
        long left = deadline - System.nanoTime();
        Manager.@Nullable JobRemoved end =
            ends.poll(Math.min(left, LOOK.toNanos()), TimeUnit.NANOSECONDS);
        if (end != null && end.job.equals(job)) {
          return end.result;
        }
        if (end == null && left <= LOOK.toNanos()) {
          return TIMEOUT;
        }
        if (end == null) {
          look.run();
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
