package dev.caisson.executor.systemd;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.freedesktop.dbus.DBusPath;
import org.jspecify.annotations.Nullable;

/** Waits for the end of a job of one unit. */
final class JobWait implements AutoCloseable {
  /** More for one unit in the time of one job are forged. */
  private static final int MOST = 64;

  static final String TIMEOUT = "no answer in time";

  private final String unit;
  private final Supplier<String> systemd;
  private final Consumer<JobWait> done;
  private final BlockingQueue<Manager.JobRemoved> ends = new ArrayBlockingQueue<>(MOST);

  /**
   * @param systemd says the one sender that is believed: anybody may send a signal
   * @param done when it is closed
   */
  JobWait(String unit, Supplier<String> systemd, Consumer<JobWait> done) {
    this.unit = unit;
    this.systemd = systemd;
    this.done = done;
  }

  void ended(Manager.JobRemoved signal) {
    if (signal.unit.equals(unit)) {
      var _ = ends.offer(signal);
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
        if (end.job.equals(job) && end.getSource().equals(systemd.get())) {
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
