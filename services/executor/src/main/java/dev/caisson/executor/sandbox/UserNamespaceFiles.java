package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.init.LaunchedInit;
import dev.caisson.executor.plan.Donation.NamespaceFile;
import dev.caisson.executor.plan.SandboxPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Fd;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * User namespaces of others that sandboxes are to join: opened, checked, and looked at from inside
 * for the ids that they have.
 *
 * <p>Thread-safe.
 */
final class UserNamespaceFiles {
  /** What the kernel shows for an id that the reader's own namespace has not: -1. */
  private static final int NO_ID = -1;

  private final Host host;
  private final NamespaceFiles files;
  private final Bystanders bystanders;
  private final IdRanges ranges;
  private final GuardPolicy policy;

  UserNamespaceFiles(
      Host host, NamespaceFiles files, Bystanders bystanders, IdRanges ranges, GuardPolicy policy) {
    this.host = host;
    this.files = files;
    this.bystanders = bystanders;
    this.ranges = ranges;
    this.policy = policy;
  }

  /** What a process in it tells of it: user_namespaces(7). */
  private record Seen(List<IdMapping> uids, List<IdMapping> gids, String setgroups) {
    Stream<IdMapping> all() {
      return Stream.concat(uids.stream(), gids.stream());
    }
  }

  /**
   * The request with the maps of the user namespace that it joins; where that is the host's, as one
   * that asks for the host's.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if it cannot, or must not, be joined
   */
  Resolved resolve(CreateContainerRequest request, ByteString digest) {
    ContainerSpec spec = request.getSpec();
    int listed = listed(spec);
    boolean joins = spec.getUserNamespace().getMode() == UserNamespace.Mode.JOINED;
    if (!joins || listed < 0 || !request.getSandboxId().isEmpty()) {
      return Resolved.of(request, digest);
    }
    NamespaceFile wanted =
        new NamespaceFile(Namespace.Type.USER, spec.getNamespaces(listed).getPath());
    Fd opened = files.open(wanted, request.getTenant());
    try {
      if (files.isHosts(wanted, opened)) {
        Resolved hosts = Resolved.of(withHosts(request, listed), digest);
        opened.close();
        return hosts;
      }
      return joined(request, digest, listed, wanted, opened);
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private static int listed(ContainerSpec spec) {
    return IntStream.range(0, spec.getNamespacesCount())
        .filter(i -> spec.getNamespaces(i).getType() == Namespace.Type.USER)
        .filter(i -> !spec.getNamespaces(i).getPath().isEmpty())
        .findFirst()
        .orElse(-1);
  }

  private CreateContainerRequest withHosts(CreateContainerRequest request, int listed) {
    IdMaps.requireSame(
        request.getSpec().getUserNamespace(),
        host.proc().identity("uid_map"),
        host.proc().identity("gid_map"));
    CreateContainerRequest.Builder hosts = request.toBuilder();
    hosts
        .getSpecBuilder()
        .removeNamespaces(listed)
        .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST));
    return hosts.build();
  }

  private Resolved joined(
      CreateContainerRequest request,
      ByteString digest,
      int listed,
      NamespaceFile wanted,
      Fd opened) {
    Seen seen = look("namespaces[" + listed + "].path", wanted, opened);
    IdMaps.requireSame(request.getSpec().getUserNamespace(), seen.uids(), seen.gids());
    // Held before it is checked once more: its ids are still its sandbox's then, and stay so.
    ranges.share(seen.uids());
    try {
      files.requireAllowed(wanted, opened, request.getTenant());
      requireLent(wanted, opened, request.getTenant(), seen);
    } catch (RuntimeException e) {
      ranges.giveBack(seen.uids());
      throw e;
    }
    return new Resolved(
        withMaps(request, seen), digest, Optional.of(opened), () -> ranges.giveBack(seen.uids()));
  }

  private static CreateContainerRequest withMaps(CreateContainerRequest request, Seen seen) {
    CreateContainerRequest.Builder known = request.toBuilder();
    known
        .getSpecBuilder()
        .setUserNamespace(
            UserNamespace.newBuilder()
                .setMode(UserNamespace.Mode.JOINED)
                .addAllUidMappings(seen.uids())
                .addAllGidMappings(seen.gids()));
    return known.build();
  }

  private Seen look(String field, NamespaceFile wanted, Fd opened) {
    try {
      Seen seen =
          bystanders.at(
              SandboxPlan.inUsers(wanted.path()),
              List.of(opened),
              pidfd ->
                  new Seen(
                      host.proc().mappings(pidfd, "uid_map"),
                      host.proc().mappings(pidfd, "gid_map"),
                      host.proc().read(pidfd, "setgroups").strip()));
      requireUsable(field, wanted.path(), seen);
      return seen;
    } catch (LaunchedInit.ProgramFailed e) {
      throw Refusal.invalid(field, "be one that the executor can enter", wanted.path()).exception();
    }
  }

  private static void requireUsable(String field, String path, Seen seen) {
    require(
        !seen.uids().isEmpty() && !seen.gids().isEmpty(),
        field,
        "have its uid_map and its gid_map, which must be written before it is joined",
        path);
    require(
        seen.all().noneMatch(line -> line.getHostId() == NO_ID),
        field,
        "have ids that the executor has too",
        path);
    require(
        hasRoot(seen.uids()) && hasRoot(seen.gids()),
        field,
        "have the user 0 and the group 0, who set containers up",
        path);
    require(
        seen.setgroups().equals("allow"),
        field,
        "allow setgroups(2), which sets the groups of processes: let root write its maps",
        path);
  }

  private static boolean hasRoot(List<IdMapping> map) {
    return map.stream().anyMatch(line -> line.getContainerId() == 0);
  }

  private static void require(boolean holds, String field, String rule, String path) {
    if (!holds) {
      throw Refusal.invalid(field, rule, path).exception();
    }
  }

  /** Who may lay a namespace below an allowed directory does not thereby lend ids of the host. */
  private void requireLent(NamespaceFile wanted, Fd opened, String tenant, Seen seen) {
    boolean lent =
        policy.hostUserNamespace()
            || files.belongsTo(tenant, wanted, opened)
            || seen.all().allMatch(this::isLent);
    if (!lent) {
      throw Refusal.guard(
              "user-namespace.mapped-ids",
              "The user namespace to be joined has ids of the host that it does not lend.")
          .exception();
    }
  }

  private boolean isLent(IdMapping line) {
    return policy.lends(
        Integer.toUnsignedLong(line.getHostId()), Integer.toUnsignedLong(line.getSize()));
  }
}
