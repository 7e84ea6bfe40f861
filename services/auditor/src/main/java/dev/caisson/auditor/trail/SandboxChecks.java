package dev.caisson.auditor.trail;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Follows all sandboxes of a node at once, in the order of its journal: those that are not over,
 * and of these the {@value #MAX_SANDBOXES} of which a record came last. Not thread-safe.
 */
final class SandboxChecks {

  static final int MAX_SANDBOXES = 10_000;

  private final Map<String, LifecycleCheck> checks = new LinkedHashMap<>(16, 0.75f, true);
  private final BooleanSupplier omissions;
  private boolean midway;

  /**
   * Checks of a node.
   *
   * @param omissions whether its journal says, so far, that it left events out
   * @param midway whether the beginning of its trail was dropped
   */
  SandboxChecks(BooleanSupplier omissions, boolean midway) {
    this.omissions = omissions;
    this.midway = midway;
  }

  /** What does not hold in the next record. After a problem, nothing more can be said. */
  Optional<Problem> accept(TrailEntry entry) {
    String uid = entry.columns().sandboxUid();
    if (uid.isEmpty()) {
      return Optional.empty();
    }
    LifecycleCheck check = checks.computeIfAbsent(uid, _ -> new LifecycleCheck(omissions, midway));
    Optional<Problem> problem = check.accept(entry);
    if (check.isOver()) {
      checks.remove(uid);
    } else if (checks.size() > MAX_SANDBOXES) {
      forgetOne();
    }
    return problem;
  }

  // One that comes back cannot be told from one that began before what was dropped.
  private void forgetOne() {
    checks.remove(checks.keySet().iterator().next());
    midway = true;
  }

  int size() {
    return checks.size();
  }
}
