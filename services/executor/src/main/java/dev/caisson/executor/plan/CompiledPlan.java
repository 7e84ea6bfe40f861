package dev.caisson.executor.plan;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A plan with what is made from it for one machine.
 *
 * <p>A value, thread-safe. Compiling costs milliseconds, taking another hostname next to nothing:
 * containers that differ in nothing but their names share a compilation.
 */
public final class CompiledPlan {
  private final Plan plan;
  private final byte[] program;
  private final PlanDigest digest;

  private CompiledPlan(Plan plan, byte[] program, PlanDigest digest) {
    this.plan = plan;
    this.program = program;
    this.digest = digest;
  }

  public static CompiledPlan of(Plan plan, Machine machine) {
    return new CompiledPlan(plan, Program.encode(plan, machine), PlanDigest.of(plan));
  }

  public Plan plan() {
    return plan;
  }

  /** What caisson-init is sent. */
  public ByteBuffer program() {
    return ByteBuffer.wrap(program).asReadOnlyBuffer();
  }

  /** {@link Plan#sha256()} of the whole plan. */
  public ByteString sha256() {
    return digest.value();
  }

  /** The same plan for a container of another hostname; itself, where the plan sets none. */
  public CompiledPlan named(String hostname) {
    int step = plan.namingStep();
    if (step < 0) {
      return this;
    }
    Hostnames.check("hostname", hostname);
    List<Step> steps = new ArrayList<>(plan.steps());
    steps.set(step, new NamespaceStep.SetHostname(hostname));
    Plan named =
        new Plan(steps, plan.fields(), plan.donations(), plan.namespaces(), plan.entered());
    return new CompiledPlan(
        named, Program.renamed(program, step, hostname), digest.renamed(steps.get(step)));
  }

  /** How its process is put into its place. */
  public Placement placement() {
    return Placement.of(plan);
  }

  /** What there is to do after {@link #placement}: steps are counted from there. */
  public Plan rest() {
    return Placement.rest(plan);
  }

  /** The descriptors of {@link #rest}, without those that the process was given at its birth. */
  public List<Donation> further() {
    return Placement.further(plan);
  }

  /** The program of {@link #rest}. */
  public ByteBuffer restProgram() {
    return ByteBuffer.wrap(Program.without(program, Placement.joins(plan)));
  }
}
