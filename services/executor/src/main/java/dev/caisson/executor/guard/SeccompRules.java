package dev.caisson.executor.guard;

import dev.caisson.executor.plan.FilterAction;
import dev.caisson.executor.plan.FilterRules;
import dev.caisson.executor.plan.Paths;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Seccomp;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** A container's system call filter. */
final class SeccompRules {
  private static final int MAX_RULES = 1024;

  /**
   * Names of calls, in all rules together. libseccomp takes time with their square: half a second
   * for as many. Engines' profiles have up to 450.
   */
  private static final int MAX_CALLS = 1024;

  /**
   * Conditions, each counted for every call of its rule. libseccomp takes time with their cube: 0.3
   * seconds for as many on three architectures, 20 for six times as many. Engines' profiles have up
   * to 10.
   */
  private static final int MAX_CONDITIONS = 192;

  private static final int MAX_NAME_BYTES = 64;
  private static final int MAX_ARCHITECTURES = 32;
  private static final int MAX_FLAGS = 16;
  private static final int MAX_METADATA_BYTES = 16 * 1024;

  private SeccompRules() {}

  static void checkBounds(Seccomp seccomp) {
    Bounds.atMost("seccomp.rules", seccomp.getRulesCount(), MAX_RULES, "entries");
    Bounds.atMost(
        "seccomp.architectures", seccomp.getArchitecturesCount(), MAX_ARCHITECTURES, "entries");
    Bounds.atMost("seccomp.flags", seccomp.getFlagsCount(), MAX_FLAGS, "entries");
    Bounds.atMost(
        "seccomp.listener_metadata",
        Bounds.bytes(seccomp.getListenerMetadata()),
        MAX_METADATA_BYTES,
        "bytes");
    checkWork(seccomp.getRulesList());
    seccomp.getRulesList().stream()
        .flatMap(rule -> rule.getNamesList().stream())
        .forEach(name ->
            Bounds.atMost("seccomp.rules.names", Bounds.bytes(name), MAX_NAME_BYTES, "bytes"));
  }

  /** What decides how long the compiler takes. */
  private static void checkWork(List<Seccomp.SyscallRule> rules) {
    long calls = rules.stream().mapToLong(Seccomp.SyscallRule::getNamesCount).sum();
    Bounds.atMost("seccomp.rules.names", calls, MAX_CALLS, "entries in all rules together");
    long conditions =
        rules.stream()
            .mapToLong(rule -> (long) rule.getNamesCount() * rule.getConditionsCount())
            .sum();
    Bounds.atMost(
        "seccomp.rules.conditions", conditions, MAX_CONDITIONS, "entries, for each call of a rule");
  }

  static void check(SeccompPolicy policy, ContainerSpec spec) {
    if (spec.hasSeccomp()) {
      FilterRules.check(spec.getSeccomp());
      checkDenied(policy, spec.getSeccomp());
      checkListener(policy, spec.getSeccomp());
    } else if (!policy.unconfined()) {
      throw HostRules.refused(
          "seccomp.unconfined", "On this host every container must have a system call filter.");
    }
  }

  /** All of them at once: a profile is a long list. */
  private static void checkDenied(SeccompPolicy policy, Seccomp seccomp) {
    List<String> passing =
        candidates(policy, seccomp).stream()
            .filter(
                call -> FilterRules.possible(seccomp, call).stream().anyMatch(FilterAction::passes))
            .sorted()
            .toList();
    if (!passing.isEmpty()) {
      throw HostRules.refused(
          "seccomp.denied",
          "This host allows no filter that lets these system calls pass: "
              + String.join(", ", passing)
              + ".");
    }
  }

  /** Where the default lets nothing pass, only what a rule names: mostly nothing of it. */
  private static Set<String> candidates(SeccompPolicy policy, Seccomp seccomp) {
    if (FilterAction.named("seccomp.default_action", seccomp.getDefaultAction()).passes()) {
      return policy.denied();
    }
    return seccomp.getRulesList().stream()
        .flatMap(rule -> rule.getNamesList().stream())
        .filter(policy.denied()::contains)
        .collect(Collectors.toSet());
  }

  private static void checkListener(SeccompPolicy policy, Seccomp seccomp) {
    if (FilterRules.notifies(seccomp)) {
      String path = Paths.clean("seccomp.listener_path", seccomp.getListenerPath());
      if (policy.listenerRoots().stream().noneMatch(root -> Paths.within(path, root))) {
        throw HostRules.refused(
            "seccomp.listeners",
            "seccomp.listener_path is not below a directory that this host allows.");
      }
    }
  }
}
