package dev.caisson.executor.plan;

import dev.caisson.oci.DefaultSpec;
import dev.caisson.proto.types.v1.ContainerSpec;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The container that somebody gets who says nothing but a root file system and a command; without
 * the filter of system calls, which is compiled once for each profile.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PlanBenchmark {
  private static final int LAST_CAPABILITY = 40;

  private ContainerSpec spec = ContainerSpec.getDefaultInstance();
  private ContainerFacts facts = facts();
  private Plan plan = ContainerPlan.compile(spec(), facts);

  private static ContainerSpec spec() {
    ContainerSpec usual = DefaultSpec.of("/srv/rootfs", List.of("/bin/true"));
    return usual.toBuilder().clearSeccomp().build();
  }

  private static ContainerFacts facts() {
    CgroupFacts cgroup = new CgroupFacts(List.of(), true);
    return new ContainerFacts(
        true, cgroup, true, Set.of(), LAST_CAPABILITY, Optional.empty(), Set.of());
  }

  @Setup
  public void prepare() {
    spec = spec();
  }

  @Benchmark
  public Object compile() {
    return ContainerPlan.compile(spec, facts);
  }

  @Benchmark
  public byte[] encode() {
    return Program.encode(plan, Machine.X86_64);
  }

  /** What is in the event of the container's creation. */
  @Benchmark
  public Object digest() {
    return PlanDigest.of(plan);
  }
}
