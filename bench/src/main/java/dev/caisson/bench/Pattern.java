package dev.caisson.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How requests arrive. Each pattern hides something of the other: pauses let caches go cold and
 * make the kernel wait for what it batches under load.
 */
enum Pattern {
  IDLE_GAP(50),
  BACK_TO_BACK(0);

  private final long gapMillis;

  Pattern(long gapMillis) {
    this.gapMillis = gapMillis;
  }

  /** Interleaved, so that what disturbs the machine disturbs all subjects alike. */
  Map<String, Statistics> measure(List<Subject> subjects, int warmUp, int count) throws Exception {
    Map<String, long[]> times = new LinkedHashMap<>();
    subjects.forEach(subject -> times.put(subject.name(), new long[count]));
    for (int round = -warmUp; round < count; round++) {
      for (Subject subject : subjects) {
        long nanos = timed(subject);
        if (round >= 0) {
          times.getOrDefault(subject.name(), new long[count])[round] = nanos;
        }
      }
    }
    Map<String, Statistics> statistics = new LinkedHashMap<>();
    times.forEach((name, nanos) -> statistics.put(name, Statistics.of(nanos)));
    return statistics;
  }

  String words() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** What there is between two requests. */
  void pause() {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(gapMillis));
  }

  private long timed(Subject subject) throws Exception {
    pause();
    long start = System.nanoTime();
    subject.run();
    return System.nanoTime() - start;
  }
}
