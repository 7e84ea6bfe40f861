package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * How a child of caisson-init, born in a container's PID namespace, becomes a process of the
 * container.
 */
public final class ExecPlan {
  /** Barrier: the executor sets the OOM score. Only there when the process is to have one. */
  public static final String SCORE = "score";

  private ExecPlan() {}

  /**
   * The program of an executed process.
   *
   * @param process complete: see {@link #complete}
   * @throws dev.caisson.executor.refusal.RefusedException if it cannot be carried out
   */
  public static Plan compile(Process process, ContainerSpec spec, ExecFacts facts) {
    UnknownFields.refuse(process);
    ProcessRules.check(process);
    Terminal.check(process, facts.pipes());
    FilterRules.check(process, spec, facts.filter());
    Assembly assembly = new Assembly();
    facts.cgroup().join(assembly);
    if (process.hasOomScoreAdj()) {
      assembly.add(new Step.Barrier(SCORE));
    }
    if (!facts.limits().raisedBy(process).isEmpty()) {
      assembly.add(new Step.Barrier(ContainerPlan.LIMITS));
    }
    Labels labels = Labels.open(assembly, process);
    enterContainer(assembly, spec);
    prepare(assembly, process);
    var attributes = new ProcessAttributes(process, spec, true, labels);
    new ProcessTail(
            attributes, facts.pipes(), facts.lastCapability(), facts.filter(), facts.groups())
        .addTo(assembly);
    return assembly.plan(List.of());
  }

  /** What is absent is the container's. */
  public static Process complete(
      Process given, ContainerSpec spec, Collection<String> additionalEnv) {
    Process container = spec.getProcess();
    Process.Builder complete = given.toBuilder();
    if (given.getEnvCount() == 0) {
      complete.addAllEnv(container.getEnvList());
    }
    if (given.getCwd().isEmpty()) {
      complete.setCwd(container.getCwd());
    }
    if (!given.hasUser()) {
      complete.setUser(container.getUser());
    }
    if (!given.hasCapabilities()) {
      complete.setCapabilities(container.getCapabilities());
    }
    if (given.getRlimitsCount() == 0) {
      complete.addAllRlimits(container.getRlimitsList());
    }
    if (!given.hasUmask() && container.hasUmask()) {
      complete.setUmask(container.getUmask());
    }
    if (given.getApparmorProfile().isEmpty()) {
      complete.setApparmorProfile(container.getApparmorProfile());
    }
    if (given.getSelinuxLabel().isEmpty()) {
      complete.setSelinuxLabel(container.getSelinuxLabel());
    }
    completeScheduling(complete, container);
    // Privileges are never more than the container's.
    complete.setNoNewPrivileges(given.getNoNewPrivileges() || container.getNoNewPrivileges());
    ProcessRules.checkEnv("add_env", List.copyOf(additionalEnv));
    return complete.addAllEnv(additionalEnv).build();
  }

  private static void completeScheduling(Process.Builder complete, Process container) {
    if (!complete.hasOomScoreAdj() && container.hasOomScoreAdj()) {
      complete.setOomScoreAdj(container.getOomScoreAdj());
    }
    if (!complete.hasIoPriority() && container.hasIoPriority()) {
      complete.setIoPriority(container.getIoPriority());
    }
    if (!complete.hasScheduler() && container.hasScheduler()) {
      complete.setScheduler(container.getScheduler());
    }
    if (complete.getCpuAffinity().isEmpty()) {
      complete.setCpuAffinity(container.getCpuAffinity());
    }
  }

  private static void enterContainer(Assembly assembly, ContainerSpec spec) {
    Slot outside = assembly.openTrusted("/", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    List<Flag> types = new ArrayList<>(List.of(Flag.CLONE_NEWNS));
    if (Namespaces.ownCgroup(spec)) {
      types.add(Flag.CLONE_NEWCGROUP);
    }
    if (Namespaces.ownTime(spec)) {
      types.add(Flag.CLONE_NEWTIME);
    }
    var container = assembly.donate(new Donation.ContainerProcess());
    assembly.add(new NamespaceStep.Join(container, types));
    // Back to where the container cannot be: see ProcessTail.
    assembly.add(new ProcessStep.EnterDirectory(outside, "the sandbox's root"));
    assembly.release(outside);
  }

  /** What the process needs of the container's root. */
  static void prepare(Assembly assembly, Process process) {
    String directory = ProcessTail.directory(process);
    if (directory.equals("/") && !process.getTerminal()) {
      return;
    }
    Slot root = assembly.openTrusted("/", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    Targets targets = new Targets(assembly, root);
    if (process.getTerminal()) {
      assembly.concerns("process.terminal");
      new Terminal(assembly, targets, process).open();
    }
    assembly.concerns(ProcessTail.DIRECTORY);
    targets.makeDirectories(directory);
    assembly.concerns("");
    assembly.release(root);
  }
}
