package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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
    return compile(process, Optional.empty(), spec, facts);
  }

  /**
   * The program of a hook that runs as its container does.
   *
   * @param process as above; {@code args} may name another program
   * @param file what is executed; the environment is left as it is
   */
  static Plan compile(Process process, Optional<String> file, ContainerSpec spec, ExecFacts facts) {
    UnknownFields.refuse(process);
    ProcessRules.check(process);
    Terminal.check(process, facts.pipes());
    FilterRules.check(process, spec, facts.filter(), facts.passed());
    Assembly assembly = new Assembly();
    facts.cgroup().join(assembly);
    if (process.hasOomScoreAdj()) {
      assembly.add(new Step.Barrier(SCORE));
    }
    if (!facts.limits().raisedBy(process).isEmpty()) {
      assembly.add(new Step.Barrier(ContainerPlan.LIMITS));
    }
    facts.passed().addTo(assembly);
    Labels labels = Labels.open(assembly, process);
    if (file.isPresent()) {
      enterCreated(assembly, spec);
    } else {
      enterContainer(assembly, spec);
    }
    prepare(assembly, process);
    var attributes = new ProcessAttributes(process, spec, true, labels);
    new ProcessTail(
            attributes, facts.pipes(), facts.lastCapability(), facts.filter(), facts.groups())
        .executing(file)
        .given(facts.passed())
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
    var container = assembly.donate(new Donation.ContainerProcess());
    List<Flag> types = own(spec).stream().map(Donation.ContainerNamespace::flag).toList();
    assembly.add(new NamespaceStep.Join(container, types));
    // Back to where the container cannot be: see ProcessTail.
    assembly.add(new ProcessStep.EnterDirectory(outside, "the sandbox's root"));
    assembly.release(outside);
  }

  /** The same, while the container's first process has executed nothing yet. */
  static void enterCreated(Assembly assembly, ContainerSpec spec) {
    Slot outside = assembly.openTrusted("/", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    for (Donation.ContainerNamespace one : own(spec)) {
      var namespace = assembly.donate(one);
      assembly.add(new NamespaceStep.Join(namespace, List.of(one.flag())));
      assembly.add(new FileStep.Close(namespace));
    }
    assembly.add(new ProcessStep.EnterDirectory(outside, "the sandbox's root"));
    assembly.release(outside);
  }

  /** Which a process that is executed in a container is born in, or enters. */
  public static List<Namespace.Type> entered(ContainerSpec spec) {
    return Stream.concat(
            Stream.of(Namespace.Type.PID),
            own(spec).stream().map(Donation.ContainerNamespace::type))
        .toList();
  }

  /**
   * Namespaces that are the container's, and not its sandbox's. It is born in the PID namespace.
   */
  private static List<Donation.ContainerNamespace> own(ContainerSpec spec) {
    List<Namespace.Type> types = new ArrayList<>(List.of(Namespace.Type.MOUNT));
    if (Namespaces.ownCgroup(spec)) {
      types.add(Namespace.Type.CGROUP);
    }
    if (Namespaces.ownTime(spec)) {
      types.add(Namespace.Type.TIME);
    }
    return types.stream().map(Donation.ContainerNamespace::new).toList();
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
