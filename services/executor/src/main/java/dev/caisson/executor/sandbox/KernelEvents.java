package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Shortages;
import dev.caisson.executor.journal.Journal;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.MemoryPressure;
import dev.caisson.proto.events.v1.OomKilled;
import dev.caisson.proto.events.v1.PidsLimitReached;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.PidsStatistics;
import dev.caisson.proto.types.v1.Pressure;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Tells what the kernel does to containers by itself: kills for want of memory, forks that it
 * refuses, and, where that is wanted, that they wait for memory.
 *
 * <p>It is looked for with each usage sample, and at ends. In whose cgroup nothing has run since
 * nothing has happened: a process that is killed, or may not fork, uses CPU time. So one that is
 * idle costs nothing, and none needs a descriptor or a thread. What was told is what the journal
 * has: no total is told twice, and none is lost with the executor.
 *
 * <p>Thread-safe.
 */
final class KernelEvents {
  static final String CONTAINER = "container";
  static final String SANDBOX = "sandbox";
  static final String HOST = "host";

  /** Of what may happen thousands of times a second. */
  static final Duration REPEATED = Duration.ofMinutes(1);

  /** In which pressure is measured. */
  static final Duration WINDOW = Duration.ofSeconds(10);

  private static final System.Logger LOG = System.getLogger(KernelEvents.class.getName());
  private static final int PERCENT = 100;

  private final Journal journal;
  private final Recorder recorder;
  private final int pressure;
  private final LongSupplier nanoTime;

  /**
   * @param pressure percent of a window from which waiting for memory is told; 0: it never is
   * @param nanoTime that of System
   */
  KernelEvents(Journal journal, Recorder recorder, int pressure, LongSupplier nanoTime) {
    this.journal = journal;
    this.recorder = recorder;
    this.pressure = pressure;
    this.nanoTime = nanoTime;
  }

  /** Looks at what has used CPU time since the sample before. */
  void look(Sandbox sandbox, UsageSample sample) {
    for (ContainerUsage used : sample.getContainersList()) {
      Optional.ofNullable(sandbox.containersByUid().get(used.getContainerUid()))
          .ifPresent(one -> alone(one.observed(), seen -> look(one, seen, used.getCpuNanos())));
    }
    alone(
        sandbox.observed(),
        seen -> {
          if (seen.ran(sample.getCgroupNanos())) {
            refusals(sandbox, seen, false);
          }
        });
  }

  private void look(Container container, Observed seen, long cpuNanos) {
    if (seen.ran(cpuNanos)) {
      Shortages now = container.cgroup().shortages();
      kills(container, seen, now, now.kills());
      refusals(container, seen, now, false);
    }
    long time = nanoTime.getAsLong();
    if (pressure > 0 && seen.windowIsOver(time, WINDOW)) {
      container.cgroup().memoryPressure().ifPresent(now -> window(container, seen, now, time));
    }
  }

  /** Before the end of one of its processes is told, which may have this reason. */
  void ended(Container container, ExitStatus status) {
    alone(
        container.observed(),
        seen -> {
          Shortages now = container.cgroup().shortages();
          // Its cgroup may have gone since, with the host.
          kills(container, seen, now, Math.max(now.kills(), status.getOutOfMemory() ? 1 : 0));
          refusals(container, seen, now, false);
        });
  }

  /** What there is left to tell of one without processes; after that there is nothing. */
  void last(Container container) {
    alone(
        container.observed(),
        seen -> {
          Shortages now = container.cgroup().shortages();
          kills(container, seen, now, now.kills());
          refusals(container, seen, now, true);
          seen.end();
        });
  }

  /** The same. */
  void last(Sandbox sandbox) {
    alone(
        sandbox.observed(),
        seen -> {
          refusals(sandbox, seen, true);
          seen.end();
        });
  }

  private static void alone(Observed observed, Consumer<Observed> work) {
    synchronized (observed) {
      if (observed.hasEnded()) {
        return;
      }
      try {
        work.accept(observed);
        observed.succeeded();
      } catch (RuntimeException e) { // neither samples nor ends may depend on it
        if (observed.failed()) {
          LOG.log(Level.WARNING, "What the kernel did could not be told", e);
        }
      }
    }
  }

  private void kills(Container container, Observed seen, Shortages now, long total) {
    if (seen.isMoreThanKills(total)) {
      Shortages above = container.sandbox().cgroup().ownShortages();
      OomKilled killed =
          OomKilled.newBuilder().setKills(total).setLimitOf(seen.limitOf(now, above)).build();
      tell(Recorder.event(container).setOomKilled(killed));
      seen.kills(total, now, above);
    }
  }

  private void refusals(Container container, Observed seen, Shortages now, boolean last) {
    if (isToBeTold(seen, now, last)) {
      PidsStatistics own = pids(container.cgroup());
      boolean reached = own.hasLimit() && (!own.hasMax() || own.getMax() >= own.getLimit());
      PidsLimitReached.Builder limit =
          reached ? limit(CONTAINER, own) : limit(SANDBOX, pids(container.sandbox().cgroup()));
      refusals(Recorder.event(container), seen, now, limit);
    }
  }

  private void refusals(Sandbox sandbox, Observed seen, boolean last) {
    Shortages now = sandbox.cgroup().ownShortages();
    if (isToBeTold(seen, now, last)) {
      refusals(Recorder.event(sandbox.record()), seen, now, limit(SANDBOX, pids(sandbox.cgroup())));
    }
  }

  private boolean isToBeTold(Observed seen, Shortages now, boolean last) {
    return seen.isMoreThanRefusals(now.refusedForks())
        && (last || seen.isRefusalDue(nanoTime.getAsLong()));
  }

  private static PidsStatistics pids(Cgroup cgroup) {
    return cgroup.statistics(false).getPids();
  }

  private static PidsLimitReached.Builder limit(String whose, PidsStatistics pids) {
    return pids.hasLimit()
        ? PidsLimitReached.newBuilder().setLimitOf(whose).setLimit(pids.getLimit())
        : PidsLimitReached.newBuilder().setLimitOf(HOST);
  }

  private void refusals(
      Event.Builder event, Observed seen, Shortages now, PidsLimitReached.Builder limit) {
    tell(event.setPidsLimitReached(limit.setRefusals(now.refusedForks())));
    seen.refusals(now.refusedForks(), nanoTime.getAsLong() + REPEATED.toNanos());
  }

  /** Unless an earlier life of the executor has. */
  private void tell(Event.Builder event) {
    if (journal.tellsMore(event)) {
      recorder.observe(event);
    }
  }

  private void window(Container container, Observed seen, Pressure now, long time) {
    Pressure before = seen.stalls(now);
    seen.window(time)
        .ifPresent(nanos -> {
          MemoryPressure stalls = between(before, now, TimeUnit.NANOSECONDS.toMicros(nanos));
          long least = stalls.getWindowMicroseconds() * pressure;
          if (stalls.getSomeMicroseconds() * PERCENT >= least && seen.isPressureDue(time)) {
            recorder.observe(Recorder.event(container).setMemoryPressure(stalls));
            seen.pressure(time + REPEATED.toNanos());
          }
        });
  }

  private static MemoryPressure between(Pressure before, Pressure now, long micros) {
    return MemoryPressure.newBuilder()
        .setSomeMicroseconds(
            now.getSome().getTotalMicroseconds() - before.getSome().getTotalMicroseconds())
        .setFullMicroseconds(
            now.getFull().getTotalMicroseconds() - before.getFull().getTotalMicroseconds())
        .setWindowMicroseconds(micros)
        .build();
  }
}
