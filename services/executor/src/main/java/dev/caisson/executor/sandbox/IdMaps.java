package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.SandboxPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Fd;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * User namespaces that stand for the maps of mounts: the kernel takes a map in no other form. Made
 * by a process that is born in one and ends as soon as it is open; kept, since the same volume is
 * mostly mounted more than once.
 *
 * <p>Thread-safe.
 */
final class IdMaps implements AutoCloseable {
  /** Namespaces that are kept. */
  static final int CAPACITY = 64;

  private record Maps(List<IdMapping> uids, List<IdMapping> gids) {}

  private final Host host;
  private final Bystanders bystanders;
  private final Map<Maps, Fd> known = new LinkedHashMap<>(CAPACITY, 0.75f, true);

  IdMaps(Host host, Bystanders bystanders) {
    this.host = host;
    this.bystanders = bystanders;
  }

  /**
   * A namespace with these maps, of ids on disk to ids of the host. The receiver closes it.
   *
   * @throws dev.caisson.linux.LinuxException if the kernel does not take them
   */
  synchronized Fd namespace(List<IdMapping> uids, List<IdMapping> gids) {
    Maps wanted = new Maps(uids, gids);
    Fd namespace = known.get(wanted);
    if (namespace == null) {
      namespace = made(wanted);
      known.put(wanted, namespace);
      forgetEldest();
    }
    return namespace.duplicate();
  }

  private void forgetEldest() {
    if (known.size() > CAPACITY) {
      var eldest = known.entrySet().iterator();
      eldest.next().getValue().close();
      eldest.remove();
    }
  }

  private Fd made(Maps maps) {
    return bystanders.at(
        SandboxPlan.ofMaps(),
        List.of(),
        pidfd -> {
          host.proc().write(pidfd, "uid_map", SandboxBirth.lines(maps.uids()));
          host.proc().write(pidfd, "gid_map", SandboxBirth.lines(maps.gids()));
          return host.proc().namespace(pidfd, "user");
        });
  }

  /**
   * Maps to ids of a sandbox, as maps to ids of the host.
   *
   * @param field for words
   * @param sandbox its own map; empty: the ids are the host's
   * @throws dev.caisson.executor.refusal.RefusedException if the sandbox lacks some of the ids
   */
  static List<IdMapping> onHost(String field, List<IdMapping> wanted, List<IdMapping> sandbox) {
    if (sandbox.isEmpty()) {
      return wanted;
    }
    List<IdMapping> mapped = new ArrayList<>();
    for (IdMapping mapping : wanted) {
      for (int done = 0; done != mapping.getSize(); ) {
        IdMapping part = part(field, mapping, done, sandbox);
        mapped.add(part);
        done += part.getSize();
      }
    }
    return mapped;
  }

  /** What of the mapping's ids, from an offset on, one line of the sandbox's map has. */
  private static IdMapping part(
      String field, IdMapping wanted, int offset, List<IdMapping> sandbox) {
    int id = wanted.getHostId() + offset;
    IdMapping line =
        sandbox.stream()
            .filter(one -> Integer.compareUnsigned(id - one.getContainerId(), one.getSize()) < 0)
            .findFirst()
            .orElseThrow(() ->
                Refusal.invalid(
                        field, "lead to ids that the sandbox has", Integer.toUnsignedString(id))
                    .exception());
    int into = id - line.getContainerId();
    long left =
        Math.min(
            Integer.toUnsignedLong(wanted.getSize() - offset),
            Integer.toUnsignedLong(line.getSize() - into));
    return IdMapping.newBuilder()
        .setContainerId(wanted.getContainerId() + offset)
        .setHostId(line.getHostId() + into)
        .setSize((int) left)
        .build();
  }

  /**
   * Refuses maps that a request says a user namespace has, and which are not its own.
   *
   * @param said none: nothing was said
   */
  static void requireSame(UserNamespace said, List<IdMapping> uids, List<IdMapping> gids) {
    requireSame("user_namespace.uid_mappings", said.getUidMappingsList(), uids);
    requireSame("user_namespace.gid_mappings", said.getGidMappingsList(), gids);
  }

  private static void requireSame(String field, List<IdMapping> said, List<IdMapping> own) {
    if (!said.isEmpty() && !sorted(said).equals(sorted(own))) {
      throw Refusal.invalid(
              field,
              "be the map of the namespace that is joined, or be left out",
              SandboxBirth.lines(said).strip())
          .exception();
    }
  }

  /** The kernel may keep lines in another order than they were written in. */
  private static List<IdMapping> sorted(List<IdMapping> map) {
    return map.stream()
        .sorted(Comparator.comparingLong(line -> Integer.toUnsignedLong(line.getContainerId())))
        .toList();
  }

  @Override
  public synchronized void close() {
    known.values().forEach(Fd::close);
    known.clear();
  }
}
