package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Texts;
import dev.caisson.proto.types.v1.Namespace;
import java.util.List;

/** How a child of the executor's helper becomes a network plugin: a program of the operator's. */
public final class PluginPlan {
  /** How a plugin, and whatever it starts, finds the sandbox's network namespace. */
  public static final String NAMESPACE = "/proc/self/fd/3";

  private static final int NAMESPACE_NUMBER = 3;
  private static final int UMASK = 022;

  /** The most that a plugin has, as root's user id: its files are root's, and no others. */
  private static final List<String> CAPABILITIES =
      List.of(
          "CAP_NET_ADMIN", // links, addresses, routes, packet filters
          "CAP_NET_RAW", // older packet filters, and announcing an address
          "CAP_SYS_ADMIN"); // setns(2) into the sandbox's network namespace, and out of it

  private PluginPlan() {}

  /**
   * A plugin that is to be executed. It is given, in this order: the namespace that it runs in,
   * where there is one; the sandbox's, where there is one; its standard streams.
   *
   * @param path absolute
   * @param environment all of it
   * @param hostNetwork path of the network namespace that it runs in, for words; empty: the
   *     executor's own
   * @param sandboxNetwork whether it is given the sandbox's network namespace
   */
  public record Call(
      String path, List<String> environment, String hostNetwork, boolean sandboxNetwork) {
    public Call {
      environment = List.copyOf(environment);
    }
  }

  /**
   * The program of a plugin.
   *
   * @param lastCapability as in {@link ContainerFacts}
   */
  public static Plan compile(Call call, int lastCapability) {
    Assembly assembly = new Assembly();
    if (!call.hostNetwork().isEmpty()) {
      Donated host =
          assembly.donate(new Donation.NamespaceFile(Namespace.Type.NETWORK, call.hostNetwork()));
      assembly.add(new NamespaceStep.Join(host, List.of(Flag.CLONE_NEWNET)));
    }
    Passed passed =
        new Passed(false, call.sandboxNetwork() ? List.of(NAMESPACE_NUMBER) : List.of(), false);
    passed.addTo(assembly);
    HookPlan.redirect(assembly);
    assembly.add(new ProcessStep.NewSession());
    assembly.add(new ProcessStep.SetUmask(UMASK));
    assembly.add(new ProcessStep.ChangeDirectory("/"));
    drop(assembly, lastCapability);
    // Another executor undoes what it has done: it must not do more then.
    assembly.add(new ProcessStep.EndWithParent());
    passed.closeOthers(assembly);
    Texts arguments = new Texts(List.of(call.path()));
    assembly.add(
        new ProcessStep.Execute(call.path(), arguments, new Texts(call.environment()), List.of()));
    return assembly.plan(List.of());
  }

  /** What is not in the bounding set no program that it starts has either. */
  private static void drop(Assembly assembly, int lastCapability) {
    long kept = Capability.set("capabilities", CAPABILITIES);
    for (int capability = 0; capability <= lastCapability; capability++) {
      if (!Capability.has(kept, capability)) {
        assembly.add(new IdentityStep.DropBounding(capability));
      }
    }
    assembly.add(new IdentityStep.SetCapabilities(kept, kept, 0));
    assembly.add(new IdentityStep.ClearAmbient());
    assembly.add(new IdentityStep.NoNewPrivileges());
  }
}
