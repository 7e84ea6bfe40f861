package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Owner;
import dev.caisson.executor.cgroup.SandboxLayout;
import dev.caisson.executor.init.LaunchedInit;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.init.Progress;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.plan.CompiledPlan;
import dev.caisson.executor.plan.Donation;
import dev.caisson.executor.plan.Placement;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.SandboxFacts;
import dev.caisson.executor.plan.SandboxPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.events.v1.CgroupConfigured;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Recovered;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Makes a sandbox: its directory, its cgroups, its namespaces, and the caisson-init that holds
 * them.
 */
final class SandboxBirth {
  private static final String PARKED = "parked";
  private static final UserNamespace AUTO =
      UserNamespace.newBuilder().setMode(UserNamespace.Mode.AUTO).build();

  private final Host host;
  private final IdRanges ranges;
  private final Donor donor;
  private final NamespaceFiles namespaces;
  private final Holders holders;
  private final Facts facts;
  private final Recorder recorder;
  private final PlanCache plans;
  private final Placing placing;
  private final SandboxNetworks networks;
  private final NamedCgroups named;

  SandboxBirth(
      Host host,
      IdRanges ranges,
      Donor donor,
      NamespaceFiles namespaces,
      Holders holders,
      Facts facts,
      Recorder recorder,
      PlanCache plans,
      Placing placing,
      SandboxNetworks networks,
      NamedCgroups named) {
    this.host = host;
    this.ranges = ranges;
    this.donor = donor;
    this.namespaces = namespaces;
    this.holders = holders;
    this.facts = facts;
    this.recorder = recorder;
    this.plans = plans;
    this.placing = placing;
    this.networks = networks;
    this.named = named;
  }

  /** One that is made from the beginning. Nothing is left of one that fails. */
  Sandbox make(SandboxRecord draft, Sandboxes.Wanted wanted) {
    SandboxRecord own =
        SandboxRecord.newBuilder()
            .setTenant(draft.getTenant())
            .setUid(draft.getUid())
            .setHostname(draft.getHostname())
            .addAllNamespaces(wanted.namespaces())
            .addAllVolumes(wanted.volumes())
            .build();
    Place place = place(draft.getUid(), wanted);
    Sandbox made = claim(park(own, wanted.userNamespace(), wanted.users(), place, false), draft);
    if (!place.isUsual()) {
      named.recorded(made.uid());
    }
    return made;
  }

  /**
   * Where its cgroup is to be.
   *
   * @param parent that must be there; empty: the usual one
   * @param named the parent instead, made unless it is there; empty: none
   */
  private record Place(String parent, String named) {
    static final Place USUAL = new Place("", "");

    boolean isUsual() {
      return equals(USUAL);
    }
  }

  private Place place(String uid, Sandboxes.Wanted wanted) {
    String parent = host.cgroups().named(wanted.cgroupParent());
    String named = host.cgroups().named(wanted.cgroupsPath());
    if (parent.isEmpty() && named.isEmpty()) {
      return usual(uid);
    }
    // Where each sandbox has a parent to itself, whoever names one has it made.
    boolean made = host.cgroups().ownParent(parent, uid).isPresent();
    return made && named.isEmpty() ? new Place("", parent) : new Place(parent, named);
  }

  /** What the cgroup of one will lie in, or below: what it names, otherwise the usual parent. */
  String parent(Sandboxes.Wanted wanted) {
    String named = host.cgroups().named(wanted.cgroupsPath());
    String parent = host.cgroups().named(wanted.cgroupParent());
    return parent(new Place(parent, named));
  }

  private Place usual(String uid) {
    return host.cgroups()
        .ownParent(host.settings().cgroupParent(), uid)
        .map(own -> new Place("", own))
        .orElse(Place.USUAL);
  }

  /** One that nobody has asked for yet. Its hostname will be its root container's. */
  Parked parkOne() {
    donor.devices().stock();
    String uid = host.uids().get();
    Place place = usual(uid);
    String path = new SandboxLayout(parent(place), uid).sandbox();
    return recorder.record(
        configured(path),
        () ->
            park(
                SandboxRecord.newBuilder().setUid(uid).setHostname(PARKED).build(),
                AUTO,
                Optional.empty(),
                place,
                true),
        parked -> configured(path));
  }

  private static Event.Builder configured(String cgroup) {
    return Event.newBuilder().setCgroupConfigured(CgroupConfigured.newBuilder().setCgroup(cgroup));
  }

  /** One that nobody has asked for. */
  void discardOne(Parked parked) {
    discard(parked);
    recorder.observe(
        Event.newBuilder()
            .setRecovered(
                Recovered.newBuilder()
                    .setState(ContainerState.STOPPED)
                    .setFound(
                        "a sandbox that nobody asked for, removed: " + parked.cgroup().path())));
  }

  private Parked park(
      SandboxRecord wanted,
      UserNamespace userNamespace,
      Optional<Fd> users,
      Place place,
      boolean forContainer) {
    try (Rollback rollback = new Rollback()) {
      String uid = wanted.getUid();
      // First: what a crash leaves is found by it.
      rollback.onFailure("directory", () -> holders.removeDirectory(uid));
      holders.makeDirectory(uid);
      SandboxLayout layout = new SandboxLayout(parent(place), uid);
      SandboxRecord draft =
          wanted.toBuilder()
              .setCgroup(layout.sandbox())
              .setNamedCgroup(above(uid, place, rollback))
              .setBootId(host.settings().bootId())
              .build();
      SandboxRecord record = mapped(draft, userNamespace, rollback);
      Owner owner = ownerOf(record);
      Cgroup cgroup = created(layout.sandbox(), owner, rollback);
      Cgroup leaf = host.cgroups().createLeaf(cgroup, SandboxLayout.LEAF, owner);
      rollback.onFailure("cgroup " + leaf.path(), leaf::remove);
      Queue<ProcessEnd> ends = new ConcurrentLinkedQueue<>();
      Holder holder = launch(record, users, leaf, ends, rollback);
      rollback.onFailure("users", () -> holder.userNamespace().ifPresent(Fd::close));
      Optional<Placed> placed =
          forContainer ? Optional.of(place(holder, record, rollback)) : Optional.empty();
      SandboxRecord known = identified(record, holder);
      cgroup.standsFor(known.getInitPid());
      rollback.keep();
      return new Parked(known, cgroup, holder, ends, placed);
    }
  }

  private Placed place(Holder holder, SandboxRecord record, Rollback rollback) {
    Placed placed = placing.placeOne(holder, record, usual());
    rollback.onFailure("first process", () -> placing.discard(holder, placed));
    placing.await(placed, usual());
    return placed;
  }

  /** How the first processes of most containers are placed. */
  Placement usual() {
    return facts.usualPlacement();
  }

  /**
   * Gives it a name and limits; nothing is left of one for which that fails.
   *
   * @param draft all but what is the parked one's own
   */
  Sandbox claim(Parked parked, SandboxRecord draft) {
    try (Rollback rollback = new Rollback()) {
      rollback.onFailure("sandbox", () -> discard(parked));
      limit(parked, draft);
      SandboxRecord made = draft.toBuilder().mergeFrom(own(parked.record())).build();
      SandboxRecord record = networks.attach(made, parked.holder());
      rollback.onFailure("network", () -> networks.undo(record));
      Sandbox sandbox = new Sandbox(record, parked.cgroup(), parked.ends(), host::later);
      sandbox.holder(parked.holder());
      parked.placed().ifPresent(sandbox::placed);
      host.store().put(record);
      if (!record.getNamedCgroup().isEmpty()) {
        named.recorded(record.getUid());
      }
      holders.watch(sandbox);
      rollback.keep();
      return sandbox;
    }
  }

  private void limit(Parked parked, SandboxRecord draft) {
    if (draft.getResources().equals(Resources.getDefaultInstance())) {
      return;
    }
    Event.Builder configured =
        Recorder.event(draft)
            .setCgroupConfigured(
                CgroupConfigured.newBuilder()
                    .setCgroup(parked.cgroup().path())
                    .setResources(draft.getResources()));
    var _ =
        recorder.record(
            configured,
            () -> {
              parked.cgroup().configure(draft.getResources());
              return parked;
            },
            limited -> configured);
  }

  /** What a claim does not change. */
  private static SandboxRecord own(SandboxRecord parked) {
    return parked.toBuilder().clearHostname().clearTenant().clearVolumes().build();
  }

  /** Ends one that nobody has, and removes all of it. */
  void discard(Parked parked) {
    parked.holder().ending();
    holders.killAndAwait(parked.holder().pidfd());
    parked.holder().close();
    parked.placed().ifPresent(Placed::close);
    parked.cgroup().kill();
    parked.cgroup().remove();
    named.remove(parked.record().getNamedCgroup());
    holders.removeDirectory(parked.record().getUid());
    ranges.giveBack(parked.record().getUidMappingsList());
  }

  private Cgroup created(String path, Owner owner, Rollback rollback) {
    Cgroup cgroup = host.cgroups().create(path, Resources.getDefaultInstance(), owner);
    rollback.onFailure("cgroup " + path, cgroup::remove);
    return cgroup;
  }

  private String parent(Place place) {
    String asked = place.named().isEmpty() ? place.parent() : place.named();
    return asked.isEmpty() ? host.settings().cgroupParent() : asked;
  }

  /** What of it is made here; empty: nothing. */
  private String above(String uid, Place place, Rollback rollback) {
    if (!place.named().isEmpty()) {
      return named.makeAbove(uid, place.named(), rollback).orElse("");
    }
    if (!place.parent().isEmpty()) {
      named.note(uid, new NamedCgroups.Note(place.parent(), ""));
    }
    return "";
  }

  private SandboxRecord mapped(SandboxRecord draft, UserNamespace wanted, Rollback rollback) {
    return switch (wanted.getMode()) {
      case AUTO ->
          host.settings().powers().hostsRoot() ? ofPool(draft, rollback) : identical(draft);
      case MAPPED -> withMaps(draft, wanted);
      case JOINED -> {
        ranges.share(wanted.getUidMappingsList());
        rollback.onFailure("id range", () -> ranges.giveBack(wanted.getUidMappingsList()));
        yield withMaps(draft, wanted);
      }
      case HOST -> draft;
      case IDENTITY -> identical(draft);
      case MODE_UNSPECIFIED, UNRECOGNIZED ->
          throw Refusal.invalid(
                  "user_namespace.mode",
                  "be AUTO, MAPPED, HOST, IDENTITY or JOINED",
                  wanted.getMode())
              .exception();
    };
  }

  private SandboxRecord ofPool(SandboxRecord draft, Rollback rollback) {
    int first =
        ranges
            .take()
            .orElseThrow(() ->
                Refusal.limit("id-ranges", "All ranges of user ids are in use: delete a sandbox.")
                    .exception());
    rollback.onFailure("id range", () -> ranges.giveBack(first));
    IdMapping whole = IdMapping.newBuilder().setHostId(first).setSize(IdRanges.SIZE).build();
    return draft.toBuilder().addUidMappings(whole).addGidMappings(whole).build();
  }

  /** The executor's own ids: without root there are no others, and files cannot be id-mapped. */
  private SandboxRecord identical(SandboxRecord draft) {
    return draft.toBuilder()
        .addAllUidMappings(host.proc().identity("uid_map"))
        .addAllGidMappings(host.proc().identity("gid_map"))
        .build();
  }

  private static SandboxRecord withMaps(SandboxRecord draft, UserNamespace wanted) {
    return draft.toBuilder()
        .addAllUidMappings(wanted.getUidMappingsList())
        .addAllGidMappings(wanted.getGidMappingsList())
        .build();
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
        .orElseThrow(() ->
            Refusal.invalid("user_namespace.uid_mappings", "map id 0", mappings.size())
                .exception());
  }

  private Holder launch(
      SandboxRecord record,
      Optional<Fd> users,
      Cgroup leaf,
      Queue<ProcessEnd> ends,
      Rollback rollback) {
    boolean mapped = record.getUidMappingsCount() > 0;
    SandboxFacts source = facts.sandbox(record, leaf);
    CompiledPlan compiled = plans.get(source, () -> SandboxPlan.compile(source));
    Plan plan = compiled.plan();
    List<Fd> entered = enter(plan, record.getTenant(), users);
    List<Fd> donated = donate(plan, leaf, entered);
    boolean born = source.cgroup().v2();
    try (Closing directory = born ? host.birthDirectory(leaf) : Closing.of(Optional.empty())) {
      RunRequest request =
          new RunRequest(
              0,
              compiled.program(),
              plan.cloneFlags(),
              directory.descriptor(),
              Optional.empty(),
              donated,
              entered);
      LaunchedInit launched =
          recorder.recordEntered(
              Recorder.event(record),
              plan.entered().stream().map(Donation.NamespaceFile::type).toList(),
              "sandbox",
              () ->
                  host.launcher()
                      .launch(holders.socket(record.getUid()), request, false, ends::add));
      rollback.onFailure("caisson-init", () -> holders.kill(launched));
      if (source.ownUsers()) {
        writeMaps(launched, record);
      }
      launched.awaitReady(host.settings().stepTimeout());
      return holders.hold(launched, mapped);
    } catch (LaunchedInit.ProgramFailed e) {
      throw failed(plan, e.progress());
    } finally {
      donated.forEach(Fd::close);
      entered.forEach(Fd::close);
    }
  }

  private List<Fd> enter(Plan plan, String tenant, Optional<Fd> users) {
    List<Fd> opened = new ArrayList<>();
    try {
      for (Donation.NamespaceFile namespace : plan.entered()) {
        opened.add(
            namespace.type() == Namespace.Type.USER
                ? users.orElseThrow().duplicate()
                : namespaces.open(namespace, tenant));
      }
      return opened;
    } catch (RuntimeException e) {
      opened.forEach(Fd::close);
      throw e;
    }
  }

  private List<Fd> donate(Plan plan, Cgroup leaf, List<Fd> entered) {
    Optional<Fd> network =
        IntStream.range(0, entered.size())
            .filter(i -> plan.entered().get(i).type() == Namespace.Type.NETWORK)
            .mapToObj(entered::get)
            .findFirst();
    try {
      return donor.open(plan.donations(), Donor.Sources.ofSandbox(leaf, network));
    } catch (RuntimeException e) {
      entered.forEach(Fd::close);
      throw e;
    }
  }

  /**
   * user_namespaces(7): one line for each range, in one write, while the process waits at its first
   * barrier.
   */
  private void writeMaps(LaunchedInit launched, SandboxRecord record) {
    Progress progress = launched.process().program().await(host.settings().stepTimeout());
    if (!(progress instanceof Progress.AtBarrier)) {
      throw new LaunchedInit.ProgramFailed(progress);
    }
    Fd pidfd = launched.process().pidfd();
    map(pidfd, "uid_map", record.getUidMappingsList());
    map(pidfd, "gid_map", record.getGidMappingsList());
    launched.process().program().proceed();
  }

  private void map(Fd pidfd, String file, List<IdMapping> mappings) {
    try {
      host.proc().write(pidfd, file, lines(mappings));
    } catch (LinuxException e) {
      String field = file.equals("uid_map") ? "uid_mappings" : "gid_mappings";
      throw StepFailure.of("write " + file, "user_namespace." + field, e);
    }
  }

  /** As user_namespaces(7) has them in {@code uid_map}. */
  static String lines(List<IdMapping> mappings) {
    return mappings.stream()
        .map(mapping ->
            Integer.toUnsignedString(mapping.getContainerId())
                + " "
                + Integer.toUnsignedString(mapping.getHostId())
                + " "
                + Integer.toUnsignedString(mapping.getSize())
                + "\n")
        .collect(Collectors.joining());
  }

  private static RuntimeException failed(Plan plan, Progress progress) {
    return progress instanceof Progress.Failed(int step, var errno)
        ? StepFailure.of(plan, step, errno).exception()
        : new Refusal(Reason.SYSTEM_CALL_FAILED, "The sandbox's program ended early.", Map.of())
            .exception();
  }

  private SandboxRecord identified(SandboxRecord record, Holder holder) {
    int pid = host.kernel().processes().pid(holder.pidfd());
    return record.toBuilder()
        .setInitPid(pid)
        .setInitStartTicks(host.proc().startTicks(pid))
        .setOomScoreAdj(Scores.of(host, holder.pidfd()))
        .build();
  }
}
