package dev.caisson.executor.stdio;

import java.time.Duration;
import java.util.function.BiConsumer;

/**
 * How long readers of the same output wait for one of them who takes none.
 *
 * @param time at most twice that, since it is looked at once in that time
 * @param timer runs a task later, on any thread
 */
public record Patience(Duration time, BiConsumer<Runnable, Duration> timer) {
  void later(Runnable task) {
    timer.accept(task, time);
  }
}
