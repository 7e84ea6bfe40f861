package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Scheduling;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Process;
import java.util.List;

/** What of a process its sandbox's user namespace must have, or allow. */
final class Identity {
  private Identity() {}

  /**
   * Checks them before anything is made: setresuid(2) would only say EINVAL.
   *
   * @throws dev.caisson.executor.refusal.RefusedException when an id is not mapped, or more is
   *     asked for than a user namespace gives
   */
  static void require(Process process, SandboxRecord sandbox) {
    Scheduling.requirePossible(process, sandbox.getUidMappingsCount() > 0);
    require(process.getUser().getUid(), sandbox.getUidMappingsList());
    require(process.getUser().getGid(), sandbox.getGidMappingsList());
    process
        .getUser()
        .getAdditionalGidsList()
        .forEach(gid -> require(gid, sandbox.getGidMappingsList()));
  }

  private static void require(int id, List<IdMapping> mappings) {
    boolean mapped =
        mappings.isEmpty() // the host's user namespace has them all
            || mappings.stream()
                .anyMatch(mapping ->
                    Integer.compareUnsigned(id - mapping.getContainerId(), mapping.getSize()) < 0);
    if (!mapped) {
      throw Refusal.invalid(
              "process.user",
              "have ids that are mapped in the user namespace",
              Integer.toUnsignedString(id))
          .exception();
    }
  }
}
