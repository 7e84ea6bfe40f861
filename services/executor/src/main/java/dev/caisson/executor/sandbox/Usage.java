package dev.caisson.executor.sandbox;

import dev.caisson.executor.usage.SampledContainer;
import dev.caisson.executor.usage.SampledSandbox;
import dev.caisson.executor.usage.UsageSampler;
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

  private final boolean counted;

  /**
   * @param counted whether this host counts for us what a sandbox uses
   */
  Usage(UsageSampler sampler, boolean counted) {
    this.sampler = sampler;
    this.counted = counted;
  }

  void sample(Sandbox sandbox) {
    sample(sandbox, false);
  }

  private void sample(Sandbox sandbox, boolean last) {
    if (counted) {
      var _ = sampler.sample(of(sandbox), last);
    }
  }

  /** The last one, when no process is left and the cgroup still is. */
  void last(Sandbox sandbox) {
    sample(sandbox, true);
  }

  static SampledSandbox of(Sandbox sandbox) {
    return new Sampled(sandbox);
  }

  private record Sampled(Sandbox sandbox) implements SampledSandbox {
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
