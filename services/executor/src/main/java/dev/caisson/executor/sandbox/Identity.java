package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Process;
import java.util.List;

/** The ids of a process, which its sandbox's user namespace must have. */
final class Identity {
  private Identity() {}

  /**
   * Checks them before anything is made: setresuid(2) would only say EINVAL.
   *
   * @throws dev.caisson.executor.refusal.RefusedException when one is not mapped
   */
  static void require(Process process, SandboxRecord sandbox) {
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
