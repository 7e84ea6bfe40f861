package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import dev.caisson.executor.cgroup.Allotted;
import dev.caisson.executor.cgroup.InvalidResources;
import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.journal.JournalFullException;
import dev.caisson.executor.plan.Placement;
import dev.caisson.executor.plan.SharedNamespaces;
import dev.caisson.executor.plan.Volumes;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.events.v1.SandboxCreated;
import dev.caisson.proto.events.v1.SandboxDeleted;
import dev.caisson.proto.events.v1.SandboxLost;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Network;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The sandboxes of this node: made, found, ended.
 *
 * <p>Thread-safe.
 */
final class Sandboxes {
  private static final System.Logger LOG = System.getLogger(Sandboxes.class.getName());

  private final Host host;
  private final SandboxBirth birth;
  private final SandboxPool pool;
  private final Holders holders;
  private final IdRanges ranges;
  private final Recorder recorder;
  private final Exits exits;
  private final Usage usage;
  private final KernelEvents events;
  private final SandboxNetworks networks;
  private final NamedCgroups named;
  private final Updates updates;
  private final Allotments allotments;
  private final GuardPolicy policy;
  private final Registry<Sandbox> registry;

  Sandboxes(
      Host host,
      SandboxBirth birth,
      SandboxPool pool,
      Holders holders,
      IdRanges ranges,
      Recorder recorder,
      Exits exits,
      Usage usage,
      KernelEvents events,
      SandboxNetworks networks,
      NamedCgroups named,
      Updates updates,
      Allotments allotments,
      GuardPolicy policy) {
    this.allotments = allotments;
    this.policy = policy;
    this.host = host;
    this.birth = birth;
    this.pool = pool;
    this.holders = holders;
    this.ranges = ranges;
    this.recorder = recorder;
    this.exits = exits;
    this.usage = usage;
    this.events = events;
    this.networks = networks;
    this.named = named;
    this.updates = updates;
    this.registry = new Registry<>("sandboxes", policy.limits().sandboxes());
  }

  /**
   * What a sandbox is made from, by either way in.
   *
   * @param ask part of a container's creation, where it is made for that
   * @param namespaces as its root container lists them; empty: all that it has are new
   * @param users the user namespace that it joins; stays the caller's
   * @param cgroupsPath as a container's: of the sandbox's parent, where no other is named
   * @param volumes with complete options
   * @param network that it is joined to
   * @param rootContainer how the first process of the container that it is made for is placed
   * @param rootLimits that container's
   * @param quota the tenant's
   */
  record Wanted(
      Ask ask,
      String tenant,
      String id,
      UserNamespace userNamespace,
      Optional<Fd> users,
      List<Namespace> namespaces,
      Resources resources,
      String hostname,
      String domainname,
      String cgroupParent,
      String cgroupsPath,
      Map<String, String> annotations,
      List<Volume> volumes,
      Optional<Network> network,
      ByteString digest,
      Optional<Placement> rootContainer,
      Optional<Resources> rootLimits,
      TenantQuota quota) {

    private static Wanted of(CreateSandboxRequest request) {
      return new Wanted(
          Ask.of(request),
          request.getTenant(),
          request.getSandboxId(),
          request.getUserNamespace(),
          Optional.empty(),
          List.of(),
          request.getResources(),
          request.getHostname(),
          "",
          request.getCgroupParent(),
          "",
          request.getAnnotationsMap(),
          Volumes.completed(request.getVolumesList(), request.getResources(), ""),
          request.hasNetwork() ? Optional.of(request.getNetwork()) : Optional.empty(),
          Digests.of(request.toBuilder().clearActor().clearQuota().build()),
          Optional.empty(),
          Optional.empty(),
          request.getQuota());
    }
  }

  Sandbox create(CreateSandboxRequest request) {
    String parent = policy.cgroup(request.getCgroupParent());
    return create(Wanted.of(request.toBuilder().setCgroupParent(parent).build()));
  }

  Sandbox create(Wanted wanted) {
    Optional<Registry.Entry<Sandbox>> taken = registry.reserve(wanted.tenant(), wanted.id());
    if (taken.isPresent()) {
      return repeated(wanted, taken.get());
    }
    try {
      requireNew(wanted);
      requirePossible(wanted);
      allotments.takeSandbox(
          wanted.tenant(),
          wanted.id(),
          Allotted.of(wanted.resources()),
          wanted.rootLimits().map(Allotted::of),
          wanted.quota());
      Sandbox made = made(wanted);
      registry.put(wanted.tenant(), wanted.id(), made);
      return made;
    } catch (RuntimeException e) {
      release(wanted.tenant(), wanted.id());
      throw e;
    }
  }

  /** What an earlier call of the same request has made is gone by now. */
  private void requireNew(Wanted wanted) {
    if (recorder.isDone(wanted.ask())) {
      throw new Refusal(
              Reason.SANDBOX_NOT_FOUND,
              "Sandbox "
                  + wanted.id()
                  + " was made by this very request, and has been deleted since: to make another,"
                  + " take a new request id.",
              Map.of("sandbox", wanted.id()))
          .exception();
    }
  }

  private void release(String tenant, String id) {
    allotments.leaveSandbox(tenant, id);
    registry.release(tenant, id);
  }

  private void requirePossible(Wanted wanted) {
    try {
      host.cgroups().require(parent(wanted), wanted.resources());
    } catch (InvalidResources e) {
      boolean implied = wanted.rootContainer().isPresent();
      throw e.refusal(implied ? "sandbox_resources" : "resources").exception();
    }
  }

  /** The cgroup that its own will lie in, or below; it may be yet to be made. */
  String parent(Wanted wanted) {
    return birth.parent(wanted);
  }

  private Sandbox repeated(Wanted wanted, Registry.Entry<Sandbox> taken) {
    String requestId = wanted.ask().actor().getRequestId();
    if (taken instanceof Registry.Entry.Present<Sandbox>(Sandbox sandbox)
        && !requestId.isEmpty()
        && sandbox.record().getRequestId().equals(requestId)) {
      Digests.requireSame(sandbox.record().getRequestSha256(), wanted.digest());
      recorder.found(wanted.ask(), Recorder.event(sandbox.record(), wanted.ask()));
      return sandbox;
    }
    var _ = recorder.earlier(wanted.ask()); // refuses one that was used for something else
    throw new Refusal(
            Reason.SANDBOX_EXISTS,
            "Sandbox " + wanted.id() + " exists already: choose another id, or delete it.",
            Map.of("sandbox", wanted.id()))
        .exception();
  }

  private Sandbox made(Wanted wanted) {
    Optional<Parked> parked = isUsual(wanted) ? pool.take() : Optional.empty();
    SandboxRecord draft = draft(wanted, parked);
    try {
      return made(wanted, draft, parked);
    } catch (JournalFullException e) {
      parked.ifPresent(birth::discard); // its intent was not recorded, so that it was not claimed
      throw e;
    }
  }

  /** What is made in advance: for a container that names no sandbox, with the defaults. */
  private boolean isUsual(Wanted wanted) {
    return wanted.rootContainer().filter(birth.usual()::equals).isPresent()
        && wanted.userNamespace().getMode() == UserNamespace.Mode.AUTO
        && SharedNamespaces.of(wanted.namespaces()).equals(SharedNamespaces.own())
        && wanted.volumes().isEmpty()
        && wanted.network().isEmpty()
        && wanted.cgroupsPath().isEmpty()
        && (wanted.cgroupParent().isEmpty()
            || wanted.cgroupParent().equals(host.settings().cgroupParent()));
  }

  private Sandbox made(Wanted wanted, SandboxRecord draft, Optional<Parked> parked) {
    return recorder.record(
        Recorder.event(draft, wanted.ask()).setSandboxCreated(SandboxCreated.getDefaultInstance()),
        () ->
            parked
                .map(ready -> birth.claim(ready, draft))
                .orElseGet(() -> birth.make(draft, wanted)),
        made -> Recorder.event(made.record(), wanted.ask()).setSandboxCreated(created(made)));
  }

  private SandboxRecord draft(Wanted wanted, Optional<Parked> parked) {
    SandboxRecord.Builder draft =
        SandboxRecord.newBuilder()
            .setTenant(wanted.tenant())
            .setId(wanted.id())
            .setUid(parked.map(ready -> ready.record().getUid()).orElseGet(host.uids()))
            .setCreateTime(Exits.timestamp(host.clock().instant()))
            .setBootId(host.settings().bootId())
            .setHostname(wanted.hostname().isEmpty() ? wanted.id() : wanted.hostname())
            .setDomainname(wanted.domainname())
            .setResources(wanted.resources())
            .putAllAnnotations(wanted.annotations())
            .addAllVolumes(wanted.volumes())
            .setRequestId(wanted.ask().actor().getRequestId())
            .setRequestSha256(wanted.digest());
    wanted.network().map(networks::named).ifPresent(draft::setNetwork);
    if (wanted.rootContainer().isPresent()) {
      draft.setRootContainerUid(
          parked.flatMap(Parked::placed).map(Placed::uid).orElseGet(host.uids()));
    }
    return draft.build();
  }

  private static SandboxCreated created(Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    return SandboxCreated.newBuilder()
        .setInitPid(record.getInitPid())
        .setCgroup(record.getCgroup())
        .addAllUidMappings(record.getUidMappingsList())
        .addAllGidMappings(record.getGidMappingsList())
        .build();
  }

  /** One that an earlier executor has made. */
  void adopt(Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    count(record);
    registry.put(record.getTenant(), record.getId(), sandbox);
    ranges.retake(record.getUidMappingsList());
  }

  /** One of a newer executor: nobody else is to have its id, or its ids of users. */
  void leaveAlone(SandboxRecord record) {
    ranges.retake(record.getUidMappingsList());
    count(record);
    registry.bar(record.getTenant(), record.getId());
  }

  private void count(SandboxRecord record) {
    Allotted limits = Allotted.of(record.getResources());
    // Its container tells its own limits.
    Optional<Allotted> root =
        record.getRootContainerUid().isEmpty() ? Optional.empty() : Optional.of(Allotted.UNLIMITED);
    allotments.takeSandbox(
        record.getTenant(), record.getId(), limits, root, TenantQuota.getDefaultInstance());
  }

  Optional<Sandbox> find(String tenant, String id) {
    return registry.find(tenant, id);
  }

  Sandbox require(String tenant, String id) {
    return find(tenant, id).orElseThrow(() -> notFound(id));
  }

  private static RefusedException notFound(String id) {
    return new Refusal(
            Reason.SANDBOX_NOT_FOUND, "There is no sandbox " + id + ".", Map.of("sandbox", id))
        .exception();
  }

  /** As {@link Registry#after}. */
  Stream<Sandbox> after(String tenant, String after) {
    return registry.after(tenant, after);
  }

  Collection<Sandbox> all() {
    return registry.all();
  }

  /** Changes limits around all that is in it. */
  void update(Sandbox sandbox, Resources asked, TenantQuota quota, Ask ask) {
    sandbox
        .queue()
        .run(() -> {
          if (!recorder.isOver(ask, sandbox)) {
            requireSame(sandbox);
            updates.update(sandbox, asked, quota, ask);
          }
        });
  }

  /**
   * Ends a sandbox without containers: when it returns nothing of it is left. In the sandbox's
   * queue.
   */
  void delete(Sandbox sandbox, Ask ask) {
    if (!sandbox.containers().isEmpty()) {
      throw notEmpty(sandbox);
    }
    delete(sandbox, ask, () -> {});
  }

  /**
   * Ends a sandbox with all that is in it.
   *
   * @param containers deletes its containers
   */
  void delete(Sandbox sandbox, Ask ask, Runnable containers) {
    sandbox.queue().requireTurn();
    requireSame(sandbox);
    recorder.recordEnd(
        Recorder.event(sandbox.record(), ask)
            .setSandboxDeleted(SandboxDeleted.getDefaultInstance()),
        () -> {
          endEarly(sandbox);
          containers.run();
          end(sandbox, ask);
          return sandbox;
        },
        ended ->
            Recorder.event(ended.record(), ask)
                .setSandboxDeleted(SandboxDeleted.getDefaultInstance()));
  }

  /** Another may have the id by now: one that was made while this call waited for its turn. */
  @SuppressWarnings("ReferenceEquality") // this very one
  private void requireSame(Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    if (find(record.getTenant(), record.getId()).filter(found -> found == sandbox).isEmpty()) {
      throw notFound(record.getId());
    }
  }

  private static RefusedException notEmpty(Sandbox sandbox) {
    return new Refusal(
            Reason.SANDBOX_NOT_EMPTY,
            "Sandbox "
                + sandbox.record().getId()
                + " still has containers: delete them first, or force it.",
            Map.of("sandbox", sandbox.record().getId()))
        .exception();
  }

  /**
   * A caisson-init that has nothing to report any more ends while its containers are removed: the
   * kernel takes milliseconds to undo its namespaces. In a network it stays until that is left.
   */
  private void endEarly(Sandbox sandbox) {
    // From now on a later life would finish this.
    SandboxRecord deleting = sandbox.record().toBuilder().setDeleting(true).build();
    sandbox.record(deleting);
    host.store().put(deleting);
    boolean silent = sandbox.containers().stream().allMatch(Container::hasEnded);
    if (silent && !deleting.hasNetwork()) {
      sandbox
          .holder()
          .ifPresent(holder -> {
            holder.ending();
            holders.kill(holder.pidfd());
          });
    }
  }

  private void end(Sandbox sandbox, Ask ask) {
    SandboxRecord deleting = sandbox.record();
    if (sandbox.holder().isEmpty()) {
      sandbox.cgroup().kill();
      sandbox.cgroup().awaitEmpty(host.settings().stepTimeout());
    }
    networks.detach(deleting);
    release(sandbox); // whose PID namespace all processes of the sandbox were in
    usage.last(sandbox);
    events.last(sandbox);
    Emptied.remove(sandbox.cgroup(), host.settings().stepTimeout());
    named.remove(deleting.getNamedCgroup());
    holders.removeDirectory(sandbox.uid());
    ranges.giveBack(deleting.getUidMappingsList());
    host.store().removeSandbox(sandbox.uid());
    // Before it is recorded: whoever asks for the same again does not find the sandbox any more.
    recorder.remember(
        Recorder.event(deleting, ask).setSandboxDeleted(SandboxDeleted.getDefaultInstance()));
    release(deleting.getTenant(), deleting.getId());
  }

  private void release(Sandbox sandbox) {
    sandbox.takePlaced(sandbox.record().getRootContainerUid()).ifPresent(Placed::close);
    sandbox
        .other()
        .ifPresent(other -> {
          holders.killAndAwait(other.pidfd());
          other.close();
          sandbox.other(null);
        });
    sandbox
        .holder()
        .ifPresent(holder -> {
          holder.ending();
          holders.killAndAwait(holder.pidfd());
          holder.close();
          sandbox.holder(null);
        });
  }

  /** The executor ends, the sandboxes do not. */
  void letGo() {
    for (Sandbox sandbox : all()) {
      sandbox
          .queue()
          .run(() -> {
            sandbox.containers().forEach(Container::release);
            sandbox.takePlaced(sandbox.record().getRootContainerUid()).ifPresent(Placed::close);
            sandbox.other().ifPresent(OtherInit::close);
            sandbox.other(null);
            sandbox
                .holder()
                .ifPresent(holder -> {
                  holder.ending();
                  holder.close();
                  sandbox.holder(null);
                });
          });
    }
  }

  /**
   * Its caisson-init has ended without having been asked to, and every process with it. What cannot
   * be recorded of that, as when a disk is full, is recorded later.
   */
  void lost(Sandbox sandbox, String cause) {
    sandbox.queue().run(() -> lose(sandbox, cause, false));
  }

  /** The same of one that an earlier life may have begun to tell of, and has not come to keep. */
  void foundLost(Sandbox sandbox, String cause) {
    sandbox.queue().run(() -> lose(sandbox, cause, !sandbox.record().getLost()));
  }

  /**
   * @param begun whether the last that an earlier life kept of its ends may not have been told
   */
  private void lose(Sandbox sandbox, String cause, boolean begun) {
    if (sandbox.record().getDeleting()) { // which tells what there is to be told
      return;
    }
    boolean told = told(sandbox, () -> release(sandbox));
    networks.detachLater(sandbox);
    told &= told(sandbox, () -> tellOfLoss(sandbox, cause));
    boolean untold = begun && !told(sandbox, () -> exits.tellLast(sandbox));
    for (Container container : sandbox.containers()) {
      told &= told(sandbox, () -> exits.lost(container));
    }
    // Last, so that an executor that finds it again knows whether all of it was told.
    told = told && !untold && told(sandbox, () -> host.store().put(sandbox.record()));
    if (!told) {
      host.later(() -> sandbox.queue().leave(() -> lose(sandbox, cause, untold)));
    }
  }

  private void tellOfLoss(Sandbox sandbox, String cause) {
    if (sandbox.record().getLost()) {
      return;
    }
    SandboxRecord lost = sandbox.record().toBuilder().setLost(true).setInitPid(0).build();
    recorder.observe(Recorder.event(lost).setSandboxLost(SandboxLost.newBuilder().setCause(cause)));
    sandbox.record(lost);
  }

  private static boolean told(Sandbox sandbox, Runnable telling) {
    try {
      telling.run();
      return true;
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "Failed to record the loss of " + sandbox.uid() + "; once more", e);
      return false;
    }
  }
}
