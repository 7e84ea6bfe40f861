package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Texts;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Namespace;
import java.util.List;

/**
 * How a child of a helper caisson-init, in the host's namespaces, becomes a hook. Whether it may is
 * the guard's decision.
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
    String path = Paths.clean("hooks.path", hook.getPath());
    checkStrings(hook);
    Assembly assembly = new Assembly();
    facts.networkNamespace().ifPresent(namespace -> enterNetwork(assembly, namespace));
    redirect(assembly);
    assembly.add(new ProcessStep.NewSession());
    assembly.add(new ProcessStep.SetUmask(UMASK));
    assembly.add(new ProcessStep.ChangeDirectory("/"));
    assembly.add(new FileStep.CloseOnExec());
    List<String> args = hook.getArgsCount() == 0 ? List.of(path) : hook.getArgsList();
    assembly.add(
        new ProcessStep.Execute(path, new Texts(args), new Texts(hook.getEnvList()), List.of()));
    return assembly.plan(List.of());
  }

  private static void enterNetwork(Assembly assembly, String path) {
    Donated namespace = assembly.donate(new Donation.NamespaceFile(Namespace.Type.NETWORK, path));
    assembly.add(new NamespaceStep.Join(namespace, List.of(Flag.CLONE_NEWNET)));
  }

  private static void redirect(Assembly assembly) {
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
