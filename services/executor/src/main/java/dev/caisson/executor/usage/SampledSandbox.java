package dev.caisson.executor.usage;

import dev.caisson.proto.events.v1.UsageSample;
import java.util.List;
import java.util.OptionalLong;

/**
 * A sandbox whose use is sampled. Called on the sampler's thread and on those that ask for a
 * sample.
 */
public interface SampledSandbox {
  String tenant();

  String id();

  String uid();

  /** Changes when the sandbox's cgroup is made anew: its counter begins again at 0. */
  long counterEpoch();

  /** CPU time of its cgroup since that was made, nanoseconds. Empty: there is no cgroup. */
  OptionalLong cgroupNanos();

  /** Every container that ran at any time since the sample before. */
  List<SampledContainer> containers();

  /** After each sample of it was kept. */
  void sampled(UsageSample sample);
}
