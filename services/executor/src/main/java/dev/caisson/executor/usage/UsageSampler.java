package dev.caisson.executor.usage;

import com.google.protobuf.Timestamp;
import dev.caisson.executor.journal.UsageLog;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.UsageSample;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Takes a sample of every sandbox each period, on one thread, and of one sandbox on demand: at a
 * container's exit and at its own deletion. Never forks: counters are read from files.
 *
 * <p>In a sample the containers are read before their sandbox, so that their sum is not above it
 * but for what ran in between. A counter that has no sample before began at 0 with its cgroup: the
 * first sample's value is what was used up to then.
 *
 * <p>One sample is taken at a time, so that of two samples of a sandbox the later never has the
 * lower counters. Nothing is sampled after a sandbox's last sample, even if it is still among those
 * that are supplied.
 */
public final class UsageSampler implements AutoCloseable {
  /** How many ended sandboxes are remembered; they leave the supplied ones within moments. */
  static final int MAX_ENDED = 4_096;

  private static final System.Logger LOG = System.getLogger(UsageSampler.class.getName());

  private final Duration period;
  private final Clock clock;
  private final UsageLog sink;
  private final Supplier<Collection<SampledSandbox>> sandboxes;
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition stopped = lock.newCondition();
  private final Set<String> failing = new HashSet<>();
  private final Map<String, Boolean> ended = new LastEnded();
  private final Thread thread;
  private boolean closed;

  public UsageSampler(
      Duration period, Clock clock, UsageLog sink, Supplier<Collection<SampledSandbox>> sandboxes) {
    if (period.isNegative() || period.isZero()) {
      throw new IllegalArgumentException("period must be above 0: " + period);
    }
    this.period = period;
    this.clock = clock;
    this.sink = sink;
    this.sandboxes = sandboxes;
    this.thread = Thread.ofPlatform().name("usage-sampler").daemon().unstarted(this::run);
  }

  /** Begins to sample by itself. */
  public void start() {
    thread.start();
  }

  private void run() {
    try {
      do {
        sampleAll();
      } while (awaitPeriod());
    } catch (InterruptedException _) {
      LOG.log(System.Logger.Level.WARNING, "Sampling has ended, since its thread was interrupted");
    }
  }

  /** Says whether there is to be another. */
  private boolean awaitPeriod() throws InterruptedException {
    lock.lock();
    try {
      long left = period.toNanos();
      while (left > 0 && !closed) {
        left = stopped.awaitNanos(left);
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A sandbox that cannot be read does not stop the others; whoever samples one now waits for one
   * of them, not for all.
   */
  void sampleAll() {
    Set<String> uids = new HashSet<>();
    for (SampledSandbox sandbox : sandboxes.get()) {
      uids.add(sandbox.uid());
      Optional<UsageSample> _ = sampleUnlessClosed(sandbox);
    }
    forget(uids);
  }

  private Optional<UsageSample> sampleUnlessClosed(SampledSandbox sandbox) {
    lock.lock();
    try {
      return closed ? Optional.empty() : sample(sandbox, false);
    } finally {
      lock.unlock();
    }
  }

  /** Of all that are not there any more. */
  private void forget(Set<String> living) {
    lock.lock();
    try {
      failing.retainAll(living);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a sample now.
   *
   * @param last whether it is the sandbox's last one
   * @return as it was kept; empty when it could not be taken (which was logged), or the last one
   *     was taken before
   */
  public Optional<UsageSample> sample(SampledSandbox sandbox, boolean last) {
    lock.lock();
    try {
      if (ended.containsKey(sandbox.uid())) {
        return Optional.empty();
      }
      UsageSample sample = sink.append(read(sandbox).setLast(last));
      failing.remove(sandbox.uid());
      if (last) {
        ended.put(sandbox.uid(), true);
      }
      sandbox.sampled(sample);
      return Optional.of(sample);
    } catch (RuntimeException e) {
      warnOnce(sandbox, e);
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private UsageSample.Builder read(SampledSandbox sandbox) {
    UsageSample.Builder sample =
        UsageSample.newBuilder()
            .setTenant(sandbox.tenant())
            .setSandboxId(sandbox.id())
            .setSandboxUid(sandbox.uid())
            .setCounterEpoch(sandbox.counterEpoch())
            .setTime(timestamp(clock.instant()));
    for (SampledContainer container : sandbox.containers()) {
      read(container).ifPresent(sample::addContainers);
    }
    sandbox.cgroupNanos().ifPresent(sample::setCgroupNanos);
    return sample;
  }

  /**
   * Whether it runs is asked first: of one that ends meanwhile the next sample has the final count.
   */
  private static Optional<ContainerUsage> read(SampledContainer container) {
    boolean running = container.running();
    OptionalLong nanos = container.cpuNanos();
    if (nanos.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        ContainerUsage.newBuilder()
            .setContainerId(container.id())
            .setContainerUid(container.uid())
            .setCpuNanos(nanos.getAsLong())
            .setRunning(running)
            .build());
  }

  private static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  /** Not once a second for as long as it fails. */
  private void warnOnce(SampledSandbox sandbox, RuntimeException cause) {
    if (failing.add(sandbox.uid())) {
      LOG.log(System.Logger.Level.WARNING, "Failed to sample sandbox " + sandbox.uid(), cause);
    }
  }

  private static final class LastEnded extends LinkedHashMap<String, Boolean> {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
      return size() > MAX_ENDED;
    }
  }

  /** Returns when the sample that is being taken is kept; none comes after it but on demand. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      stopped.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
