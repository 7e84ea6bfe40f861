package dev.caisson.executor.plan;

import dev.caisson.executor.plan.AttributeStep.SetPersonality;
import dev.caisson.executor.plan.AttributeStep.SetPersonality.Domain;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Personality;
import dev.caisson.proto.types.v1.Process;

/**
 * How a process is scheduled, what it appears as, and what it is held to.
 *
 * @param container its own
 * @param affine whether it is bound to its CPUs: an executed process alone
 */
record ProcessAttributes(Process process, ContainerSpec container, boolean affine, Labels labels) {

  /** While the process may still do everything; no filter of system calls is in force yet. */
  void addTo(Assembly assembly) {
    if (process.hasIoPriority()) {
      assembly.concerns("process.io_priority");
      assembly.add(Scheduling.step(process.getIoPriority()));
    }
    if (process.hasScheduler()) {
      assembly.concerns("process.scheduler");
      assembly.add(Scheduling.step(process.getScheduler()));
    }
    if (affine && !process.getCpuAffinity().isEmpty()) {
      assembly.concerns("process.cpu_affinity");
      assembly.add(Scheduling.affinity(process));
    }
    if (container.hasMemoryPolicy()) {
      assembly.concerns("memory_policy");
      assembly.add(MemoryPolicies.step(container.getMemoryPolicy()));
    }
    if (container.hasPersonality()) {
      assembly.concerns("personality");
      assembly.add(new SetPersonality(domain(container.getPersonality())));
    }
  }

  static void check(Personality given) {
    var _ = domain(given);
    if (given.getFlagsCount() > 0) {
      throw Refusal.invalid(
              "personality.flags", "be none: the specification defines none", given.getFlags(0))
          .exception();
    }
  }

  private static Domain domain(Personality given) {
    return switch (given.getDomain()) {
      case "LINUX" -> Domain.PER_LINUX;
      case "LINUX32" -> Domain.PER_LINUX32;
      default ->
          throw Refusal.invalid("personality.domain", "be LINUX or LINUX32", given.getDomain())
              .exception();
    };
  }
}
