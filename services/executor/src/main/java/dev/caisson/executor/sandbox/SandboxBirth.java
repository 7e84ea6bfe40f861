package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Owner;
import dev.caisson.executor.cgroup.SandboxLayout;
import dev.caisson.executor.init.LaunchedInit;
import dev.caisson.executor.init.Progress;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.SandboxPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Makes a sandbox: its directory, its cgroups, its namespaces, and the caisson-init that holds them. */
final class SandboxBirth {
  private final Host host;
  private final IdRanges ranges;
  private final Donor donor;
  private final Holders holders;
  private final Facts facts;

  SandboxBirth(Host host, IdRanges ranges, Donor donor, Holders holders, Facts facts) {
    this.host = host;
    this.ranges = ranges;
    this.donor = donor;
    this.holders = holders;
    this.facts = facts;
  }

  /** Before anyone knows of it. Nothing is left of one that fails. */
  Sandbox make(SandboxRecord draft, UserNamespace userNamespace, String cgroupParent) {
    try (Rollback rollback = new Rollback()) {
      // First: what a crash leaves is found by it.
      rollback.onFailure("directory", () -> holders.removeDirectory(draft.getUid()));
      holders.makeDirectory(draft.getUid());
      SandboxLayout layout = new SandboxLayout(parent(cgroupParent), draft.getUid());
      SandboxRecord record =
          mapped(draft, userNamespace, rollback).toBuilder().setCgroup(layout.sandbox()).build();
      Owner owner = ownerOf(record);
      Cgroup cgroup = created(layout.sandbox(), record.getResources(), owner, rollback);
      Cgroup leaf = created(layout.init(), Resources.getDefaultInstance(), owner, rollback);
      Sandbox sandbox = new Sandbox(record, cgroup);
      Holder holder = launch(sandbox, leaf, rollback);
      sandbox.holder(holder);
      sandbox.queue().run(() -> sandbox.record(identified(record, holder)));
      host.store().put(sandbox.record());
      holders.watch(sandbox);
      rollback.keep();
      return sandbox;
    }
  }

  private Cgroup created(String path, Resources limits, Owner owner, Rollback rollback) {
    Cgroup cgroup = host.cgroups().create(path, limits, owner);
    rollback.onFailure("cgroup " + path, cgroup::remove);
    return cgroup;
  }

  private String parent(String asked) {
    return asked.isEmpty() ? host.settings().cgroupParent() : asked;
  }

  private SandboxRecord mapped(SandboxRecord draft, UserNamespace wanted, Rollback rollback) {
    return switch (wanted.getMode()) {
      case AUTO -> {
        int first = ranges.take();
        if (first < 0) {
          throw Refusal.limit("id-ranges", "All ranges of user ids are in use: delete a sandbox.")
              .exception();
        }
        rollback.onFailure("id range", () -> ranges.giveBack(first));
        IdMapping whole =
            IdMapping.newBuilder().setHostId(first).setSize(IdRanges.SIZE).build();
        yield draft.toBuilder().addUidMappings(whole).addGidMappings(whole).build();
      }
      case MAPPED ->
          draft.toBuilder()
              .addAllUidMappings(wanted.getUidMappingsList())
              .addAllGidMappings(wanted.getGidMappingsList())
              .build();
      case HOST -> draft;
      case MODE_UNSPECIFIED, UNRECOGNIZED ->
          throw Refusal.invalid("user_namespace.mode", "be AUTO, MAPPED or HOST", wanted.getMode())
              .exception();
    };
  }

  /** Who the root of its user namespace is on the host. */
  static Owner ownerOf(SandboxRecord record) {
    return record.getUidMappingsCount() == 0
        ? Owner.ROOT
        : new Owner(rootOf(record.getUidMappingsList()), rootOf(record.getGidMappingsList()));
  }

  private static int rootOf(List<IdMapping> mappings) {
    return mappings.stream()
        .filter(mapping -> mapping.getContainerId() == 0)
        .findFirst()
        .map(IdMapping::getHostId)
        .orElseThrow(
            () ->
                Refusal.invalid("user_namespace.uid_mappings", "map id 0", mappings.size())
                    .exception());
  }

  private Holder launch(Sandbox sandbox, Cgroup leaf, Rollback rollback) {
    SandboxRecord record = sandbox.record();
    boolean mapped = record.getUidMappingsCount() > 0;
    Plan plan = SandboxPlan.compile(facts.sandbox(record, leaf));
    List<Fd> donated =
        donor.open(
            plan.donations(),
            Donor.Sources.ofSandbox(leaf));
    try (Closing directory = host.birthDirectory(leaf)) {
      RunRequest request =
          new RunRequest(
              0,
              host.encode(plan),
              plan.cloneFlags(),
              directory.descriptor(),
              Optional.empty(),
              donated);
      LaunchedInit launched =
          host.launcher()
              .launch(holders.socket(record.getUid()), request, false, sandbox::reported);
      rollback.onFailure("caisson-init", () -> holders.kill(launched));
      if (mapped) {
        writeMaps(launched, record);
      }
      launched.awaitReady(host.settings().stepTimeout());
      return holders.hold(launched, mapped);
    } catch (LaunchedInit.ProgramFailed e) {
      throw failed(plan, e.progress());
    } finally {
      donated.forEach(Fd::close);
    }
  }

  /** user_namespaces(7): one line for each range, in one write, while the process waits at its first barrier. */
  private void writeMaps(LaunchedInit launched, SandboxRecord record) {
    Progress progress = launched.process().program().await(host.settings().stepTimeout());
    if (!(progress instanceof Progress.AtBarrier)) {
      throw new LaunchedInit.ProgramFailed(progress);
    }
    Fd pidfd = launched.process().pidfd();
    host.proc().write(pidfd, "uid_map", lines(record.getUidMappingsList()));
    host.proc().write(pidfd, "gid_map", lines(record.getGidMappingsList()));
    launched.process().program().proceed();
  }

  private static String lines(List<IdMapping> mappings) {
    return mappings.stream()
        .map(
            mapping ->
                Integer.toUnsignedString(mapping.getContainerId())
                    + " "
                    + Integer.toUnsignedString(mapping.getHostId())
                    + " "
                    + Integer.toUnsignedString(mapping.getSize())
                    + "\n")
        .collect(Collectors.joining());
  }

  private static RuntimeException failed(Plan plan, Progress progress) {
    String words =
        progress instanceof Progress.Failed(int step, var errno)
            ? Waiting.failure(plan, step, errno)
            : "The sandbox's program ended early.";
    return new Refusal(Reason.SYSTEM_CALL_FAILED, words, Map.of()).exception();
  }

  private SandboxRecord identified(SandboxRecord record, Holder holder) {
    int pid = host.kernel().processes().pid(holder.pidfd());
    return record.toBuilder().setInitPid(pid).setInitStartTicks(host.proc().startTicks(pid)).build();
  }
}
