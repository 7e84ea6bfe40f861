package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.Argument.Texts;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import java.util.List;
import java.util.Optional;

/**
 * How a child of a caisson-init becomes a hook: of a helper, in the host's namespaces, or of a
 * sandbox's, in a container's. Whether it may is the guard's decision.
 */
public final class HookPlan {
  private static final int UMASK = 022;

  private HookPlan() {}

  /** Of BECOME, for the helper that runs hooks: it stays as it was started. */
  public static Plan helper() {
    Assembly assembly = new Assembly();
    assembly.add(new ProcessStep.SetUmask(UMASK));
    return assembly.plan(List.of());
  }

  /**
   * The program of a hook.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if the hook cannot be executed as it is
   */
  public static Plan compile(Hook hook, HookFacts facts) {
    Assembly assembly = new Assembly();
    facts.networkNamespace().ifPresent(namespace -> enterNetwork(assembly, namespace));
    execute(assembly, hook, Optional.empty());
    return assembly.plan(List.of());
  }

  /**
   * @param directory where it starts; absent: in the root
   */
  private static void execute(Assembly assembly, Hook hook, Optional<Donation> directory) {
    String path = Paths.clean("hooks.path", hook.getPath());
    checkStrings(hook);
    redirect(assembly);
    assembly.add(new ProcessStep.NewSession());
    assembly.add(new ProcessStep.SetUmask(UMASK));
    if (directory.isPresent()) {
      Donated start = assembly.donate(directory.get());
      assembly.add(new ProcessStep.EnterDirectory(start, "the container's root"));
    } else {
      assembly.add(new ProcessStep.ChangeDirectory("/"));
    }
    Passed.NONE.closeOthers(assembly);
    assembly.add(
        new ProcessStep.Execute(
            path, new Texts(args(hook)), new Texts(hook.getEnvList()), List.of()));
  }

  /**
   * The program of a hook that runs in a container's namespaces, before its root is entered: a
   * child of its sandbox's caisson-init, born in its PID namespace. Everything is where the host
   * has it; the working directory is the container's root, as in runc.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if the hook cannot be executed as it is
   */
  public static Plan inContainer(Hook hook, ContainerSpec spec, CgroupFacts cgroup) {
    Assembly assembly = new Assembly();
    cgroup.join(assembly);
    ExecPlan.enterCreated(assembly, spec);
    Slot host =
        assembly.openTrusted(SandboxPlan.HOST, Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    assembly.add(new ProcessStep.EnterDirectory(host, "the host's root"));
    assembly.release(host);
    assembly.add(new ProcessStep.MakeRoot());
    String root = Paths.clean("root.path", spec.getRoot().getPath());
    execute(assembly, hook, Optional.of(new Donation.HostDirectory(root)));
    return assembly.plan(List.of());
  }

  /**
   * The program of a hook that runs as its container does, when that has been made: what it
   * executes is the container's own.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if the hook cannot be executed as it is
   */
  public static Plan asContainer(Hook hook, ContainerSpec spec, ExecFacts facts) {
    String path = Paths.clean("hooks.path", hook.getPath());
    return ExecPlan.compile(process(hook, spec), Optional.of(path), spec, facts);
  }

  /** Its rights and limits are the container's; the program is the hook's own. */
  public static Process process(Hook hook, ContainerSpec spec) {
    Process container = spec.getProcess();
    Process.Builder process =
        Process.newBuilder()
            .addAllArgs(args(hook))
            .addAllEnv(hook.getEnvList())
            .setCwd("/")
            .setUser(container.getUser())
            .setCapabilities(container.getCapabilities())
            .setNoNewPrivileges(container.getNoNewPrivileges())
            .setApparmorProfile(container.getApparmorProfile())
            .setSelinuxLabel(container.getSelinuxLabel());
    process.addAllRlimits(container.getRlimitsList()).setCpuAffinity(container.getCpuAffinity());
    if (container.hasUmask()) {
      process.setUmask(container.getUmask());
    }
    if (container.hasOomScoreAdj()) {
      process.setOomScoreAdj(container.getOomScoreAdj());
    }
    if (container.hasScheduler()) {
      process.setScheduler(container.getScheduler());
    }
    if (container.hasIoPriority()) {
      process.setIoPriority(container.getIoPriority());
    }
    return process.build();
  }

  private static List<String> args(Hook hook) {
    return hook.getArgsCount() == 0 ? List.of(hook.getPath()) : hook.getArgsList();
  }

  private static void enterNetwork(Assembly assembly, String path) {
    Donated namespace = assembly.donate(new Donation.NamespaceFile(Namespace.Type.NETWORK, path));
    assembly.add(new NamespaceStep.Join(namespace, List.of(Flag.CLONE_NEWNET)));
  }

  static void redirect(Assembly assembly) {
    for (Donation.Stream stream : Donation.Stream.values()) {
      Donated pipe = assembly.donate(new Donation.Stdio(stream, 0, 0));
      assembly.add(new FileStep.Redirect(pipe, stream));
    }
  }

  private static void checkStrings(Hook hook) {
    boolean nul =
        hook.getArgsList().stream().anyMatch(arg -> arg.indexOf('\0') >= 0)
            || hook.getEnvList().stream().anyMatch(entry -> entry.indexOf('\0') >= 0);
    if (nul) {
      throw Refusal.invalid("hooks", "have no NUL in args and env", hook.getPath()).exception();
    }
  }
}
