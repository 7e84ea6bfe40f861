package dev.caisson.executor.guard;

import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;

/** Which ids of the host a sandbox may be made of. */
final class UserNamespaces {
  /** Ids are below 2^32 - 1, which means "none": user_namespaces(7). */
  private static final long ID_END = 0xffff_ffffL;

  private final GuardPolicy policy;

  UserNamespaces(GuardPolicy policy) {
    this.policy = policy;
  }

  void check(String field, UserNamespace namespace) {
    switch (namespace.getMode()) {
      case MODE_UNSPECIFIED, UNRECOGNIZED ->
          Bounds.check(
              false, field + ".mode", "be AUTO, MAPPED, HOST, IDENTITY or JOINED", "unspecified");
      case AUTO -> {}
      case HOST, IDENTITY -> checkHost();
      case MAPPED -> {
        checkMap(field + ".uid_mappings", namespace.getUidMappingsList());
        checkMap(field + ".gid_mappings", namespace.getGidMappingsList());
      }
      // Whose it is, and which ids it has, only what is opened can tell: see the sandbox package.
      case JOINED -> {
        checkLength(field + ".uid_mappings", namespace.getUidMappingsList());
        checkLength(field + ".gid_mappings", namespace.getGidMappingsList());
      }
    }
  }

  /** Of a sandbox that is made without a container: it lists no namespaces. */
  void checkListless(String field, UserNamespace namespace) {
    Bounds.check(
        namespace.getMode() != UserNamespace.Mode.JOINED,
        field + ".mode",
        "be AUTO, MAPPED, HOST or IDENTITY: only a container lists a namespace to join",
        namespace.getMode());
    check(field, namespace);
  }

  private static void checkLength(String field, List<IdMapping> map) {
    Bounds.atMost(field, map.size(), Bounds.MAX_MAPPINGS, "entries");
  }

  private void checkHost() {
    if (!policy.hostUserNamespace()) {
      throw HostRules.refused(
          "user-namespace.host",
          "On this host every sandbox must have a user namespace with ids of its own.");
    }
  }

  private void checkMap(String field, List<IdMapping> map) {
    Bounds.check(!map.isEmpty(), field, "be given with MAPPED", "empty");
    checkLength(field, map);
    for (int i = 0; i < map.size(); i++) {
      checkMapping(field + "[" + i + "]", map.get(i));
      checkDistinct(field + "[" + i + "]", map.get(i), map.subList(0, i));
    }
  }

  private void checkMapping(String field, IdMapping mapping) {
    long size = Integer.toUnsignedLong(mapping.getSize());
    long host = Integer.toUnsignedLong(mapping.getHostId());
    long inside = Integer.toUnsignedLong(mapping.getContainerId());
    Bounds.check(size >= 1, field + ".size", "be at least 1", size);
    Bounds.check(
        host + size <= ID_END && inside + size <= ID_END,
        field,
        "end below 4294967295",
        host + "+" + size);
    if (!policy.lends(host, size)) {
      throw HostRules.refused(
          "user-namespace.mapped-ids",
          field + " names ids of the host that it does not lend. Use AUTO.");
    }
  }

  private static void checkDistinct(String field, IdMapping mapping, List<IdMapping> others) {
    boolean overlaps =
        others.stream()
            .anyMatch(other ->
                overlap(mapping.getHostId(), mapping, other.getHostId(), other)
                    || overlap(mapping.getContainerId(), mapping, other.getContainerId(), other));
    Bounds.check(!overlaps, field, "not overlap another", "overlapping");
  }

  private static boolean overlap(
      int firstStart, IdMapping first, int secondStart, IdMapping second) {
    long a = Integer.toUnsignedLong(firstStart);
    long b = Integer.toUnsignedLong(secondStart);
    return a < b + Integer.toUnsignedLong(second.getSize())
        && b < a + Integer.toUnsignedLong(first.getSize());
  }
}
