package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Scheduling;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Process;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What of a process its sandbox's user namespace must have, or allow. */
final class Identity {
  /** Of tmpfs(5) and devpts. */
  private static final Pattern OWNER = Pattern.compile("(uid|gid)=(\\d{1,10})");

  private static final long IDS = 0xffff_ffffL;

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

  /**
   * Checks whom new filesystems are to belong to, too: fsconfig(2) would only say EINVAL.
   *
   * @throws dev.caisson.executor.refusal.RefusedException when an id is not mapped
   */
  static void require(ContainerSpec spec, SandboxRecord sandbox) {
    require(spec.getProcess(), sandbox);
    for (int i = 0; i < spec.getMountsCount(); i++) {
      for (String option : spec.getMounts(i).getOptionsList()) {
        requireOwner("mounts[" + i + "].options", option, sandbox);
      }
    }
  }

  private static void requireOwner(String field, String option, SandboxRecord sandbox) {
    Matcher owner = OWNER.matcher(option);
    if (!owner.matches()) {
      return;
    }
    List<IdMapping> mappings =
        owner.group(1).equals("uid") ? sandbox.getUidMappingsList() : sandbox.getGidMappingsList();
    long id = Long.parseLong(owner.group(2));
    if (id >= IDS || !isMapped((int) id, mappings)) {
      throw Refusal.invalid(field, "name ids that are mapped in the user namespace", option)
          .exception();
    }
  }

  private static boolean isMapped(int id, List<IdMapping> mappings) {
    return mappings.isEmpty() // the host's user namespace has them all
        || mappings.stream()
            .anyMatch(mapping ->
                Integer.compareUnsigned(id - mapping.getContainerId(), mapping.getSize()) < 0);
  }

  private static void require(int id, List<IdMapping> mappings) {
    if (!isMapped(id, mappings)) {
      throw Refusal.invalid(
              "process.user",
              "have ids that are mapped in the user namespace",
              Integer.toUnsignedString(id))
          .exception();
    }
  }
}
