package dev.caisson.executor.guard;

import dev.caisson.executor.cgroup.ScopeName;
import dev.caisson.executor.plan.Paths;
import dev.caisson.executor.refusal.Refusal;
import java.util.regex.Pattern;

/** Where the cgroups of sandboxes and containers may be. */
final class CgroupRules {
  /** {@code system.slice:docker:7f3a}. */
  private static final Pattern SYSTEMD = Pattern.compile("[^/:]*:[^/:]*:[^/:]*");

  /** As the cgroup package names them. */
  private static final Pattern IN_SANDBOX = Pattern.compile("/sandbox-[0-9a-f-]{36}(/|$)");

  private CgroupRules() {}

  static void checkParent(GuardPolicy policy, String parent) {
    if (!parent.isEmpty()) {
      check(policy, "cgroup_parent", parent, "The parent cgroup");
    }
  }

  /** Where it has no effect it is nobody's affair. */
  static void checkPath(GuardPolicy policy, String path) {
    Bounds.atMost("cgroups_path", Bounds.bytes(path), Bounds.MAX_CGROUP_BYTES, "bytes");
    if (path.isEmpty() || !policy.cgroupPaths()) {
      return;
    }
    check(policy, "cgroups_path", path, "The container's cgroup");
    if (policy.cgroup(path).equals(policy.cgroupParent())) {
      throw Refusal.invalid("cgroups_path", "lie below the cgroup of all sandboxes", path)
          .exception();
    }
  }

  /** Not in a sandbox either: whoever is there would be charged, and ended, for another. */
  private static void check(GuardPolicy policy, String field, String asked, String subject) {
    Bounds.atMost(field, Bounds.bytes(asked), Bounds.MAX_CGROUP_BYTES, "bytes");
    String path = inTrees(policy, field, asked);
    String clean = Paths.clean(field, path);
    Bounds.check(clean.equals(path), field, "be lexically clean", path);
    Bounds.check(path.chars().noneMatch(Character::isISOControl), field, "be plain text", path);
    if (!Paths.within(clean, policy.cgroupParent())) {
      throw HostRules.refused(
          "cgroup.parent", subject + " is not below the one that this host allows.");
    }
    Bounds.check(!IN_SANDBOX.matcher(path).find(), field, "not lie in a sandbox's", path);
  }

  private static String inTrees(GuardPolicy policy, String field, String asked) {
    return switch (policy.cgroupDriver()) {
      case CGROUPFS -> {
        refuseScope(field, asked);
        yield policy.cgroup(asked);
      }
      case SYSTEMD -> scope(field, asked).path();
    };
  }

  private static void refuseScope(String field, String asked) {
    if (SYSTEMD.matcher(asked).matches()) {
      throw Refusal.unsupported(
              field,
              field
                  + " names a slice and a scope of systemd, which is not asked to make cgroups:"
                  + " give a path, as the cgroupfs driver of engines does, or start the executor"
                  + " with the systemd driver.")
          .exception();
    }
  }

  private static ScopeName scope(String field, String asked) {
    try {
      return ScopeName.parse(asked);
    } catch (IllegalArgumentException e) {
      throw Refusal.invalid(
              field, "name a scope, since systemd makes the cgroups here: " + e.getMessage(), asked)
          .exception();
    }
  }
}
