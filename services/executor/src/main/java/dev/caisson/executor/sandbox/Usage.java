package dev.caisson.executor.sandbox;

import dev.caisson.executor.usage.SampledContainer;
import dev.caisson.executor.usage.SampledSandbox;
import dev.caisson.executor.usage.UsageSampler;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.proto.types.v1.ContainerState;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * CPU samples of sandboxes, when something has just changed: the sampler takes the others by
 * itself.
 */
final class Usage {
  private static final Set<ContainerState> WITH_PROCESS =
      Set.of(
          ContainerState.CREATING,
          ContainerState.CREATED,
          ContainerState.RUNNING,
          ContainerState.PAUSED);

  private final UsageSampler sampler;

  private final KernelEvents events;

  /**
   * @param events are looked for with each sample
   */
  Usage(UsageSampler sampler, KernelEvents events) {
    this.sampler = sampler;
    this.events = events;
  }

  void sample(Sandbox sandbox) {
    sample(sandbox, false);
  }

  private void sample(Sandbox sandbox, boolean last) {
    var _ = sampler.sample(of(sandbox, events), last);
  }

  /** The last one, when no process is left and the cgroup still is. */
  void last(Sandbox sandbox) {
    sample(sandbox, true);
  }

  static SampledSandbox of(Sandbox sandbox, KernelEvents events) {
    return new Sampled(sandbox, events);
  }

  private record Sampled(Sandbox sandbox, KernelEvents events) implements SampledSandbox {
    @Override
    public String tenant() {
      return sandbox.record().getTenant();
    }

    @Override
    public String id() {
      return sandbox.record().getId();
    }

    @Override
    public String uid() {
      return sandbox.uid();
    }

    @Override
    public long counterEpoch() {
      return sandbox.record().getCounterEpoch();
    }

    @Override
    public OptionalLong cgroupNanos() {
      return sandbox.cgroup().cpuNanos();
    }

    @Override
    public List<SampledContainer> containers() {
      return sandbox.containers().stream().map(Counted::of).toList();
    }

    @Override
    public void sampled(UsageSample sample) {
      events.look(sandbox, sample);
    }
  }

  private record Counted(String id, String uid, OptionalLong cpuNanos, boolean running)
      implements SampledContainer {
    static SampledContainer of(Container container) {
      return new Counted(
          container.record().getId(),
          container.uid(),
          container.cgroup().cpuNanos(),
          WITH_PROCESS.contains(container.record().getState()));
    }
  }
}
