package dev.caisson.executor.cgroup;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waiting for a change of {@code cgroup.events}, of which the kernel tells through inotify(7). */
final class CgroupEvents {
  static final String FILE = "cgroup.events";

  private CgroupEvents() {}

  /** Says whether the condition came true in time. */
  static boolean await(Path directory, Duration timeout, BooleanSupplier condition) {
    if (condition.getAsBoolean()) {
      return true;
    }
    try (WatchService watch = directory.getFileSystem().newWatchService()) {
      directory.register(watch, StandardWatchEventKinds.ENTRY_MODIFY);
      return await(watch, System.nanoTime() + timeout.toNanos(), condition);
    } catch (IOException e) {
      throw new CgroupException("watch", directory.toString(), e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return condition.getAsBoolean();
    }
  }

  private static boolean await(WatchService watch, long deadline, BooleanSupplier condition)
      throws InterruptedException {
    while (!condition.getAsBoolean()) {
      WatchKey key = watch.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (key == null) {
        return condition.getAsBoolean();
      }
      key.pollEvents();
      key.reset();
    }
    return true;
  }
}
