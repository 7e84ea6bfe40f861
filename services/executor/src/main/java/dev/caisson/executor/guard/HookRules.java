package dev.caisson.executor.guard;

import dev.caisson.executor.plan.Paths;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import java.util.List;
import java.util.stream.Stream;

/** Programs of the host that a specification names. */
final class HookRules {
  private HookRules() {}

  static void checkBounds(Hooks hooks) {
    List<Hook> all = all(hooks);
    Bounds.atMost("hooks", all.size(), Bounds.MAX_HOOKS, "entries");
    all.forEach(HookRules::checkBounds);
  }

  private static void checkBounds(Hook hook) {
    Paths.clean("hooks.path", hook.getPath());
    Bounds.atMost("hooks.args", hook.getArgsCount(), Bounds.MAX_ARGS, "entries");
    long bytes = Bounds.bytes(hook.getArgsList()) + Bounds.bytes(hook.getEnvList());
    Bounds.atMost(
        "hooks.args and hooks.env", bytes, Bounds.MAX_ARGS_AND_ENV_BYTES, "bytes together");
    Bounds.check(
        !hook.hasTimeoutSeconds() || hook.getTimeoutSeconds() != 0,
        "hooks.timeout_seconds",
        "be at least 1",
        0);
  }

  static void check(GuardPolicy policy, Hooks hooks) {
    ofHost(hooks).forEach(hook -> checkListed(policy, hook));
    all(hooks).forEach(hook -> checkTimeout(policy, hook));
  }

  private static void checkListed(GuardPolicy policy, Hook hook) {
    if (policy.hook(hook.getPath()).isEmpty()) {
      throw HostRules.refused(
          "hook", "The hook " + hook.getPath() + " is not on this host's list of allowed hooks.");
    }
  }

  private static void checkTimeout(GuardPolicy policy, Hook hook) {
    long most = policy.limits().hookTimeout().toSeconds();
    if (Integer.toUnsignedLong(hook.getTimeoutSeconds()) > most) {
      throw Refusal.guard(
              "limits.hook-timeout-seconds", "A hook may take at most " + most + " seconds here.")
          .exception();
    }
  }

  private static List<Hook> all(Hooks hooks) {
    return Stream.concat(ofHost(hooks), hooks.getStartContainerList().stream()).toList();
  }

  /**
   * Those of startContainer are programs of the container's own, with rights of its own: they can
   * do nothing that its first process could not.
   */
  private static Stream<Hook> ofHost(Hooks hooks) {
    return Stream.of(
            hooks.getPrestartList(),
            hooks.getCreateRuntimeList(),
            hooks.getCreateContainerList(),
            hooks.getPoststartList(),
            hooks.getPoststopList())
        .flatMap(List::stream);
  }
}
