package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import dev.caisson.executor.cgroup.Allotted;
import dev.caisson.executor.cgroup.InvalidResources;
import dev.caisson.executor.donation.Donations;
import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.journal.Earlier;
import dev.caisson.executor.plan.CompiledPlan;
import dev.caisson.executor.plan.ContainerFacts;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.DeviceList;
import dev.caisson.executor.plan.Filter;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.SandboxPlan;
import dev.caisson.executor.plan.SharedNamespaces;
import dev.caisson.executor.plan.Volumes;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Fd;
import dev.caisson.model.Operation;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The containers of this node: made, found, and what is done to them.
 *
 * <p>Thread-safe. Each change waits for its turn in the sandbox's queue; reading never waits.
 */
final class Containers {
  /** The id of a container's first process. */
  static final String INIT = "init";

  private static final System.Logger LOG = System.getLogger(Containers.class.getName());

  /** Between the tries of a deletion, at first and at last. */
  private static final Duration RETRY = Duration.ofSeconds(1);

  private static final Duration MOST_SELDOM = Duration.ofMinutes(1);

  private static final Set<Reason> GONE =
      EnumSet.of(Reason.CONTAINER_NOT_FOUND, Reason.SANDBOX_NOT_FOUND);

  private static final String ANY_HOSTNAME = "container";

  /** Of names in an event. */
  private static final int MAX_SKIPPED = 64;

  /** Of a container with these, root owns files of the host, or of another sandbox. */
  private static final Set<UserNamespace.Mode> OTHERS_IDS =
      EnumSet.of(UserNamespace.Mode.HOST, UserNamespace.Mode.IDENTITY, UserNamespace.Mode.JOINED);

  private final Host host;
  private final Sandboxes sandboxes;
  private final ContainerBirth birth;
  private final Lives lives;
  private final Updates updates;
  private final Execs execs;
  private final Recorder recorder;
  private final Facts facts;
  private final UserNamespaceFiles userNamespaces;
  private final PlanCache plans;
  private final Donations donations;
  private final SharedFilters filters;
  private final Scores scores;
  private final Redaction redaction;
  private final Registry<Container> registry;
  private final Allotments allotments;
  private final GuardPolicy policy;

  /** By their uids, whose deletion is finished later. */
  private final Set<String> finishing = ConcurrentHashMap.newKeySet();

  private final Tokens tokens;

  Containers(
      Host host,
      Sandboxes sandboxes,
      ContainerBirth birth,
      Lives lives,
      Updates updates,
      Execs execs,
      Recorder recorder,
      Facts facts,
      UserNamespaceFiles userNamespaces,
      PlanCache plans,
      Tokens tokens,
      Donations donations,
      SharedFilters filters,
      Scores scores,
      Allotments allotments,
      GuardPolicy policy) {
    this.allotments = allotments;
    this.policy = policy;
    this.filters = filters;
    this.scores = scores;
    this.host = host;
    this.sandboxes = sandboxes;
    this.birth = birth;
    this.lives = lives;
    this.updates = updates;
    this.execs = execs;
    this.recorder = recorder;
    this.facts = facts;
    this.userNamespaces = userNamespaces;
    this.plans = plans;
    this.redaction = new Redaction(policy.redaction());
    this.registry = new Registry<>("containers", policy.limits().containers());
    this.donations = donations;
    this.tokens = tokens;
  }

  /**
   * What would be done.
   *
   * @param sandbox for the sandbox that is made for the container, if one is
   */
  record Planned(Optional<Plan> sandbox, Plan container) {}

  Planned plan(CreateContainerRequest asked) {
    try (Resolved resolved = resolved(asked)) {
      CreateContainerRequest request = resolved.request();
      Plan container = prepared(request).plan();
      return new Planned(sandboxPlan(request), container);
    }
  }

  private Optional<Plan> sandboxPlan(CreateContainerRequest request) {
    return request.getSandboxId().isEmpty()
        ? Optional.of(
            SandboxPlan.compile(
                facts.impliedSandbox(
                    request.getSpec(), request.getContainerId(), volumes(request))))
        : Optional.empty();
  }

  private static List<Volume> volumes(CreateContainerRequest request) {
    ContainerSpec spec = request.getSpec();
    return Volumes.completed(
        spec.getVolumesList(), request.getSandboxResources(), spec.getMountLabel());
  }

  private Resolved resolved(CreateContainerRequest asked) {
    CreateContainerRequest named = named(placed(asked));
    return userNamespaces.resolve(named, digest(named));
  }

  /** With the paths of its cgroups as they are in the trees. */
  private CreateContainerRequest placed(CreateContainerRequest asked) {
    boolean paths = policy.cgroupPaths() && host.cgroups().tellProcessesApart();
    CreateContainerRequest.Builder placed =
        (paths ? asked : Ignored.cgroupsPath(asked)).toBuilder();
    ContainerSpec.Builder spec = placed.getSpecBuilder();
    spec.setCgroupParent(policy.cgroup(spec.getCgroupParent()));
    spec.setCgroupsPath(policy.cgroup(spec.getCgroupsPath()));
    return placed.build();
  }

  private CompiledPlan prepared(CreateContainerRequest request) {
    boolean root = request.getSandboxId().isEmpty();
    Streams streams =
        Streams.of(
            request.getStdio(),
            request.hasLogs(),
            request.getDonated(),
            terminal(request.getSpec()));
    if (!root) {
      Sandbox sandbox = sandboxes.require(request.getTenant(), request.getSandboxId());
      ContainerSpec spec = Volumes.mounted(request.getSpec(), sandbox.record().getVolumesList());
      ContainerFacts known = facts.furtherContainer(spec, sandbox.record(), streams);
      return plans.get(key(spec, known), () -> ContainerPlan.compile(spec, known));
    }
    ContainerSpec spec = Volumes.mounted(request.getSpec(), request.getSpec().getVolumesList());
    ContainerFacts known = facts.rootContainer(spec, streams, request.hasNetwork());
    if (!namesItself(spec)) {
      return plans.get(key(spec, known), () -> ContainerPlan.compile(spec, known));
    }
    // Containers that differ in their names only share a compilation.
    ContainerSpec named = spec.toBuilder().setHostname(ANY_HOSTNAME).build();
    return plans
        .get(key(named, known), () -> ContainerPlan.compile(named, known))
        .named(spec.getHostname());
  }

  private static boolean terminal(ContainerSpec spec) {
    return spec.getProcess().getTerminal();
  }

  /**
   * The filter's words, which are the most of a specification, are compiled into the facts; no plan
   * says where a cgroup is.
   */
  private static Object key(ContainerSpec spec, ContainerFacts known) {
    return List.of(spec.toBuilder().clearSeccomp().clearCgroupsPath().build(), known);
  }

  /** Whether the sandbox has a UTS namespace of its own. */
  private static boolean namesItself(ContainerSpec spec) {
    return SharedNamespaces.of(spec.getNamespacesList()).has(Namespace.Type.UTS);
  }

  /** The root container of a sandbox names it. */
  private static CreateContainerRequest named(CreateContainerRequest request) {
    ContainerSpec spec = request.getSpec();
    if (!request.getSandboxId().isEmpty() || !spec.getHostname().isEmpty() || !namesItself(spec)) {
      return request;
    }
    CreateContainerRequest.Builder named = request.toBuilder();
    named.getSpecBuilder().setHostname(request.getContainerId());
    return named.build();
  }

  /**
   * A container of this id.
   *
   * @param fresh false when an earlier call of the same request has made it
   */
  record Made(Container container, boolean fresh) {}

  /**
   * Makes a container.
   *
   * @param leased whether it ends when its caller leaves and does not come back
   */
  Made create(CreateContainerRequest asked, boolean leased) {
    try (Resolved resolved = resolved(asked)) {
      return create(resolved, leased);
    }
  }

  private Made create(Resolved resolved, boolean leased) {
    CreateContainerRequest request = resolved.request();
    Ask ask = Ask.of(request);
    var _ = recorder.earlier(ask); // refuses one that was used for something else
    CompiledPlan plan = prepared(request); // every refusal comes before anything is made
    String tenant = request.getTenant();
    String id = request.getContainerId();
    Optional<Registry.Entry<Container>> taken = registry.reserve(tenant, id);
    if (taken.isPresent()) {
      return new Made(repeated(resolved, taken.get()), false);
    }
    try (Given given = given(ask, request)) {
      return new Made(made(resolved, leased, plan, given), true);
    } catch (RuntimeException e) {
      release(tenant, sandboxId(request), id);
      throw e;
    }
  }

  private Given given(Ask ask, CreateContainerRequest request) {
    if (recorder.isDone(ask)) {
      throw new Refusal(
              Reason.CONTAINER_NOT_FOUND,
              "Container "
                  + request.getContainerId()
                  + " was made by this very request, and has been deleted since: to make another,"
                  + " take a new request id.",
              Map.of("container", request.getContainerId()))
          .exception();
    }
    return Given.take(donations, request.getDonated());
  }

  private static String sandboxId(CreateContainerRequest request) {
    return request.getSandboxId().isEmpty() ? request.getContainerId() : request.getSandboxId();
  }

  private Container repeated(Resolved resolved, Registry.Entry<Container> taken) {
    CreateContainerRequest request = resolved.request();
    String requestId = request.getActor().getRequestId();
    Container container =
        taken
            .found()
            .filter(one -> !requestId.isEmpty() && requestId.equals(one.record().getRequestId()))
            .orElseThrow(() -> exists(request.getContainerId()));
    Digests.requireSame(container.record().getRequestSha256(), resolved.digest());
    if (container.record().getState() == ContainerState.CREATING) {
      container.sandbox().queue().run(() -> {}); // until it is made, or is not
    }
    if (container.isGivenUp()) {
      throw container.gone();
    }
    Ask ask = Ask.of(request);
    recorder.found(ask, Recorder.event(container, ask));
    return container;
  }

  private static RuntimeException exists(String id) {
    return new Refusal(
            Reason.CONTAINER_EXISTS,
            "Container " + id + " exists already: choose another id, or delete it.",
            Map.of("container", id))
        .exception();
  }

  private static ByteString digest(CreateContainerRequest request) {
    return Digests.of(request.toBuilder().clearActor().clearQuota().build());
  }

  private Container made(Resolved resolved, boolean leased, CompiledPlan plan, Given given) {
    CreateContainerRequest request = resolved.request();
    Resources limits = request.getSpec().getResources();
    if (!request.getSandboxId().isEmpty()) {
      Sandbox sandbox = sandboxes.require(request.getTenant(), request.getSandboxId());
      requirePossible(() -> host.cgroups().require(sandbox.cgroup().path(), limits));
      take(request, request.getSandboxId());
      return madeIn(sandbox, resolved, leased, plan, host.uids().get(), given);
    }
    Sandboxes.Wanted wanted = implied(resolved, plan);
    String parent = sandboxes.parent(wanted);
    requirePossible(() -> host.cgroups().require(parent, wanted.resources(), limits));
    Sandbox sandbox = sandboxes.create(wanted);
    try {
      take(request, request.getContainerId()); // where an earlier call of the same request made it
      String uid = sandbox.record().getRootContainerUid();
      return madeIn(sandbox, resolved, leased, plan, uid, given);
    } catch (RuntimeException e) {
      undo(sandbox, Ask.part(request.getActor()), e);
      throw e;
    }
  }

  private void take(CreateContainerRequest request, String sandboxId) {
    allotments.takeContainer(
        request.getTenant(),
        sandboxId,
        request.getContainerId(),
        Allotted.of(request.getSpec().getResources()),
        request.getQuota());
  }

  /** Before anything is made, by the field's name in the request. */
  private static void requirePossible(Runnable check) {
    try {
      check.run();
    } catch (InvalidResources e) {
      throw e.refusal("spec.resources").exception();
    }
  }

  private void undo(Sandbox sandbox, Ask ask, RuntimeException problem) {
    try {
      deleteSandbox(sandbox, true, ask);
    } catch (RuntimeException e) {
      problem.addSuppressed(e);
    }
  }

  /** The sandbox of a container that names none: of the same id, and with the same end. */
  private static Sandboxes.Wanted implied(Resolved resolved, CompiledPlan plan) {
    CreateContainerRequest request = resolved.request();
    ContainerSpec spec = request.getSpec();
    return new Sandboxes.Wanted(
        Ask.part(request.getActor()),
        request.getTenant(),
        request.getContainerId(),
        spec.getUserNamespace(),
        resolved.users(),
        spec.getNamespacesList(),
        request.getSandboxResources(),
        spec.getHostname(),
        spec.getDomainname(),
        spec.getCgroupParent(),
        spec.getCgroupParent().isEmpty() ? spec.getCgroupsPath() : "",
        spec.getAnnotationsMap(),
        volumes(request),
        request.hasNetwork() ? Optional.of(request.getNetwork()) : Optional.empty(),
        resolved.digest(),
        Optional.of(plan.placement()),
        Optional.of(spec.getResources()),
        request.getQuota());
  }

  private Container madeIn(
      Sandbox sandbox,
      Resolved resolved,
      boolean leased,
      CompiledPlan plan,
      String uid,
      Given given) {
    given.requireUnchangeable(host, sandbox.record());
    CreateContainerRequest request = resolved.request();
    return sandbox
        .queue()
        .call(() -> {
          requireRoom(sandbox);
          ContainerRecord draft =
              draft(sandbox, resolved, plan, uid).toBuilder().setLeased(leased).build();
          // A run is done with its start.
          Ask ask = leased ? Ask.part(request.getActor()) : Ask.of(request);
          return recorder.record(
              Recorder.asked(Recorder.event(sandbox.record(), draft), ask)
                  .setContainerCreated(created(request, plan, draft, given)),
              () -> {
                Container made = birth.make(sandbox, draft, plan, given, this::show);
                adopt(made);
                scores.changed(made);
                return made;
              },
              made ->
                  Recorder.event(made, ask)
                      .setContainerCreated(created(request, plan, made.record(), given)));
        });
  }

  private static void requireRoom(Sandbox sandbox) {
    if (sandbox.record().getDeleting() || sandbox.record().getLost()) {
      throw new Refusal(
              Reason.SANDBOX_LOST,
              "Sandbox " + sandbox.record().getId() + " is not there any more.",
              Map.of("sandbox", sandbox.record().getId()))
          .exception();
    }
    var _ = sandbox.requireHolder();
    if (Exits.isOver(sandbox)) {
      throw new Refusal(
              Reason.WRONG_STATE,
              "The container that sandbox "
                  + sandbox.record().getId()
                  + " was made for has ended: delete it, and make it anew.",
              Map.of("state", "stopped", "container", sandbox.record().getId()))
          .exception();
    }
    if (sandbox.containers().size() >= Settings.MAX_CONTAINERS) {
      throw Refusal.limit(
              "containers", "A sandbox may have " + Settings.MAX_CONTAINERS + " containers.")
          .exception();
    }
  }

  private ContainerRecord draft(Sandbox sandbox, Resolved resolved, CompiledPlan plan, String uid) {
    CreateContainerRequest request = resolved.request();
    ContainerRecord.Builder draft = ContainerRecord.newBuilder();
    if (request.hasLogs()) {
      draft.setLogs(request.getLogs());
    }
    return draft
        .setTenant(request.getTenant())
        .setId(request.getContainerId())
        .setUid(uid)
        .setSandboxUid(sandbox.uid())
        .setSpec(filters.share(request.getSpec()))
        .setState(ContainerState.CREATING)
        .setToken(sandbox.placedFor(uid).map(Placed::token).orElseGet(tokens::next))
        .setCreateTime(Exits.timestamp(host.clock().instant()))
        .setStdio(request.getStdio())
        .setDonated(request.getDonated())
        .setPlanSha256(plan.sha256())
        .setRequestId(request.getActor().getRequestId())
        .setRequestSha256(resolved.digest())
        .addAllIgnored(Ignored.of(request, plan.plan()))
        .build();
  }

  private ContainerCreated created(
      CreateContainerRequest request, CompiledPlan plan, ContainerRecord record, Given given) {
    ContainerCreated.Builder created =
        ContainerCreated.newBuilder()
            .setPlanSha256(plan.sha256())
            .setCgroup(record.getCgroup())
            .setPid(record.getPid())
            .addAllDonated(given.events())
            .addAllIgnored(Ignored.recorded(record.getIgnoredList()))
            .addAllArgs(redaction.args(request.getSpec().getProcess().getArgsList()));
    for (Namespace namespace : request.getSpec().getNamespacesList()) {
      created.addNamespaces(namespace.getType().name().toLowerCase(Locale.ROOT));
    }
    plan.plan().filter().ifPresent(filter -> show(filter, created));
    return created
        .addAllWeakened(weakened(request))
        .addAllWeakened(withoutRoot(request.getSpec()))
        .build();
  }

  private static void show(Filter filter, ContainerCreated.Builder created) {
    created
        .setSeccompSha256(filter.sha256())
        .setSeccompInstructions(filter.length())
        .addAllSeccompSkipped(filter.skipped().stream().limit(MAX_SKIPPED).toList());
  }

  private static List<String> weakened(CreateContainerRequest request) {
    ContainerSpec spec = request.getSpec();
    boolean othersIds =
        request.getSandboxId().isEmpty() && OTHERS_IDS.contains(spec.getUserNamespace().getMode());
    return Stream.of(
            othersIds ? "user-namespace: " + mode(spec) : "",
            spec.getProcess().getNoNewPrivileges() ? "" : "no-new-privileges: off",
            spec.hasSeccomp() ? "" : "seccomp: none")
        .filter(word -> !word.isEmpty())
        .toList();
  }

  /** What only the host's root could put in force. */
  private List<String> withoutRoot(ContainerSpec spec) {
    List<String> missing = new ArrayList<>(host.cgroups().unenforced(spec.getResources()));
    if (!host.settings().powers().hostsRoot()) {
      if (spec.getUserNamespace().getMode() == UserNamespace.Mode.AUTO) {
        missing.add("user-namespace: the executor's own ids, since it is not the host's root");
      }
      if (!DeviceList.of(spec).equals(DeviceList.standard())) {
        missing.add("resources.devices: not in force, since the executor is not the host's root");
      }
    }
    return missing;
  }

  private static String mode(ContainerSpec spec) {
    return spec.getUserNamespace().getMode().name().toLowerCase(Locale.ROOT);
  }

  /** It can be looked at while it is made, as by its hooks. */
  private void show(Container container) {
    registry.show(container.record().getTenant(), container.record().getId(), container);
  }

  private void count(ContainerRecord record, String sandboxId) {
    allotments.takeContainer(
        record.getTenant(),
        sandboxId,
        record.getId(),
        Allotted.of(record.getSpec().getResources()),
        TenantQuota.getDefaultInstance());
  }

  void adopt(Container container) {
    count(container.record(), container.sandbox().record().getId());
    registry.put(container.record().getTenant(), container.record().getId(), container);
  }

  /** One of a newer executor: nobody else is to have its id. */
  void leaveAlone(ContainerRecord record, String sandboxId) {
    count(record, sandboxId);
    registry.bar(record.getTenant(), record.getId());
  }

  Optional<Container> find(String tenant, String id) {
    return registry.find(tenant, id);
  }

  Container require(String tenant, String id) {
    return require(tenant, "", id);
  }

  private Optional<Container> find(String tenant, String sandboxId, String id) {
    return find(tenant, id)
        .filter(container ->
            sandboxId.isEmpty() || sandboxId.equals(container.sandbox().record().getId()));
  }

  /**
   * The same in a certain sandbox.
   *
   * @param sandboxId empty: in whichever
   */
  private Container require(String tenant, String sandboxId, String id) {
    return find(tenant, sandboxId, id)
        .orElseThrow(() ->
            new Refusal(
                    Reason.CONTAINER_NOT_FOUND,
                    "There is no container "
                        + id
                        + (sandboxId.isEmpty() ? "." : " in sandbox " + sandboxId + "."),
                    Map.of("container", id))
                .exception());
  }

  /** As {@link Registry#after}. */
  Stream<Container> after(String tenant, String after) {
    return registry.after(tenant, after);
  }

  void start(Container container, Ask ask) {
    once(
        container,
        Operation.START,
        ask,
        record -> record.getState() != ContainerState.CREATED && record.hasStartTime(),
        () -> lives.start(container, ask));
  }

  void pause(Container container, Ask ask) {
    once(
        container,
        Operation.PAUSE,
        ask,
        record -> record.getState() == ContainerState.PAUSED,
        () -> lives.pause(container, ask));
  }

  void resume(Container container, Ask ask) {
    once(
        container,
        Operation.RESUME,
        ask,
        record -> record.getState() != ContainerState.PAUSED,
        () -> lives.resume(container, ask));
  }

  void update(Container container, Resources asked, TenantQuota quota, Ask ask) {
    once(
        container,
        Operation.UPDATE,
        ask,
        Containers::again,
        () -> updates.update(container, asked, quota, ask));
  }

  /**
   * Also where the container is gone by now, if an earlier call of the same request was in time.
   */
  void signal(SignalRequest request) {
    Ask ask = Ask.of(request);
    if (recorder.isDone(ask)) {
      return;
    }
    Container container =
        require(request.getTenant(), request.getSandboxId(), request.getContainerId());
    if (request.getAll()) {
      once(
          container,
          Operation.SIGNAL,
          ask,
          Containers::again,
          () -> lives.signalAll(container, request.getSignal(), ask));
    } else if (request.getForeground()) {
      signalForeground(container, request.getProcessId(), request.getSignal(), ask);
    } else {
      signal(container, request.getProcessId(), request.getSignal(), ask);
    }
  }

  void signal(Container container, String processId, int signal, Ask ask) {
    once(
        container,
        Operation.SIGNAL,
        ask,
        Containers::again,
        () -> lives.signal(container, pidfd(container, processId), signal, ask));
  }

  /** To those in the foreground of the process's terminal. */
  private void signalForeground(Container container, String processId, int signal, Ask ask) {
    once(
        container,
        Operation.SIGNAL,
        ask,
        Containers::again,
        () -> {
          Fd process = pidfd(container, processId);
          boolean terminal = hadTerminal(container, processId);
          lives.signalForeground(container, process, terminal, signal, ask);
        });
  }

  /** It may have been hung up: nobody is in its foreground then. */
  private static boolean hadTerminal(Container container, String processId) {
    return isInit(processId)
        ? container.record().getSpec().getProcess().getTerminal()
        : requireExec(container, processId).streams().stream()
            .anyMatch(streams -> streams.terminal().isPresent());
  }

  /** A caller has left a run on purpose. */
  void detach(Container container) {
    inTurn(container, Operation.ATTACH, () -> lives.detach(container));
  }

  /** The same of an exec'd process. */
  void detach(Container container, ExecedProcess exec) {
    inTurn(container, Operation.ATTACH, () -> lives.detach(container, exec));
  }

  /**
   * What an earlier call of the same request has done is not done again; one that is doing it is
   * waited for.
   *
   * @param holds whether it is as an earlier call wanted it, in which an executor died: then it had
   *     come that far, or somebody else has, and it counts as done. What leaves no such trace is
   *     done again
   */
  private void once(
      Container container,
      Operation operation,
      Ask ask,
      Predicate<ContainerRecord> holds,
      Runnable task) {
    if (operation != Operation.START && recorder.isDone(ask)) {
      return; // also while another of this id is being made; a start may yet be taken back
    }
    requireMade(container, operation);
    container
        .sandbox()
        .queue()
        .run(() -> {
          if (!isDone(container, operation, ask, holds)) {
            requireSame(container);
            task.run();
          }
        });
  }

  /** Of what an executor died in: no state tells whether it was done. */
  private static boolean again(ContainerRecord ignored) {
    return false;
  }

  private boolean isDone(
      Container container, Operation operation, Ask ask, Predicate<ContainerRecord> holds) {
    Optional<Earlier> earlier = recorder.earlier(ask);
    if (earlier.isEmpty() || earlier.get().isDone()) {
      return earlier.isPresent();
    }
    boolean over = isOver(container, earlier.get());
    if (over && operation != Operation.SIGNAL) {
      throw container.gone();
    }
    if (over || holds.test(container.record())) {
      recorder.found(ask, Recorder.event(container, ask));
      return true;
    }
    return false;
  }

  /** A deletion of the root is its sandbox's. */
  private static boolean isOver(Container container, Earlier earlier) {
    return earlier.isOver(container.uid()) && earlier.isOver(container.sandbox().uid());
  }

  /** If it is still there by then. */
  private void inTurn(Container container, Operation operation, Runnable task) {
    requireMade(container, operation);
    container
        .sandbox()
        .queue()
        .run(() -> {
          requireSame(container);
          task.run();
        });
  }

  /** Whoever makes it has the turn, and may be waiting for the very caller: one of its hooks. */
  static void requireMade(Container container, Operation operation) {
    if (container.record().getState() == ContainerState.CREATING) {
      var _ = States.require(container, operation);
    }
  }

  private static Fd pidfd(Container container, String processId) {
    if (isInit(processId)) {
      return container
          .running()
          .filter(running -> running.pidfd().isOpen())
          .map(Container.Running::pidfd)
          .orElseThrow(() -> States.wrong(container, Operation.SIGNAL, "it has ended"));
    }
    ExecedProcess exec = requireExec(container, processId);
    return exec.pidfd()
        .filter(pidfd -> !exec.exit().isDone())
        .orElseThrow(() -> noProcess(container, processId));
  }

  static boolean isInit(String processId) {
    return processId.isEmpty() || processId.equals(INIT);
  }

  static ExecedProcess requireExec(Container container, String processId) {
    ExecedProcess exec = container.execs().get(processId);
    if (exec == null) {
      throw noProcess(container, processId);
    }
    return exec;
  }

  private static RuntimeException noProcess(Container container, String processId) {
    return new Refusal(
            Reason.PROCESS_NOT_FOUND,
            "Container " + container.record().getId() + " has no process " + processId + ".",
            Map.of("process", processId))
        .exception();
  }

  CompletableFuture<ExitStatus> exit(Container container, String processId) {
    return isInit(processId) ? container.exit() : requireExec(container, processId).exit();
  }

  /**
   * A process of this request.
   *
   * @param fresh false when an earlier call has started it
   */
  record Execed(ExecedProcess process, boolean fresh) {}

  Execed exec(Container container, ExecProcess request) {
    Ask ask = Ask.of(request);
    requireMade(container, Operation.EXEC);
    long token = tokens.next();
    String id = "exec-" + Long.toUnsignedString(token, 36);
    return container
        .sandbox()
        .queue()
        .call(() -> {
          Optional<ExecedProcess> earlier = execs.earlier(container, request, ask);
          if (earlier.isPresent()) {
            return new Execed(earlier.get(), false);
          }
          requireSame(container);
          return new Execed(execs.start(container, request, ask, id, token), true);
        });
  }

  /** Also where it is gone already, by an earlier call of the same request. */
  void delete(DeleteContainerRequest request) {
    Ask ask = Ask.of(request);
    String tenant = request.getTenant();
    deleteOnce(
        ask,
        () -> {
          try {
            Container container = require(tenant, request.getSandboxId(), request.getContainerId());
            delete(container, request.getForce(), ask);
          } catch (RefusedException e) {
            if (!request.getAllowMissing() || !isGone(e) || recorder.earlier(ask).isPresent()) {
              throw e;
            }
            recorder.remember(missing(request, ask)); // whoever has the id later is not meant
          }
        });
  }

  private static boolean isGone(RefusedException e) {
    return GONE.contains(e.refusal().reason());
  }

  private static Event.Builder missing(DeleteContainerRequest request, Ask ask) {
    Event.Builder event = Recorder.asked(Event.newBuilder(), ask);
    event
        .getSubjectBuilder()
        .setTenant(request.getTenant())
        .setContainerId(request.getContainerId());
    return event;
  }

  /** What is gone was deleted by an earlier call of this request, or by one that it finished. */
  private void deleteOnce(Ask ask, Runnable deletion) {
    if (recorder.isDone(ask)) {
      return; // another may have the id by now
    }
    try {
      deletion.run();
    } catch (RefusedException e) {
      if (!isGone(e) || recorder.earlier(ask).isEmpty()) {
        throw e;
      }
    }
  }

  /**
   * The sandbox that was made for this container ends with it. What fails half-way is tried again,
   * until nothing is left.
   */
  void delete(Container container, boolean force, Ask ask) {
    if (recorder.earlier(ask).filter(earlier -> isOver(container, earlier)).isPresent()) {
      return;
    }
    Sandbox sandbox = container.sandbox();
    try {
      deleteNow(container, force, ask);
    } catch (RuntimeException e) {
      if (sandbox.record().getDeleting()) {
        finishLater(sandbox, sandbox.uid(), () -> deleteSandboxNow(sandbox, true, ask));
      } else if (container.record().getDeleting()) {
        finishLater(sandbox, container.uid(), () -> deleteNow(container, true, ask));
      }
      throw e;
    }
  }

  /** What has begun is not given up. */
  private void finishLater(Sandbox sandbox, String uid, Runnable deletion) {
    if (finishing.add(uid)) {
      finishLater(sandbox, uid, RETRY, deletion);
    }
  }

  private void finishLater(Sandbox sandbox, String uid, Duration delay, Runnable deletion) {
    host.later(() -> host.deletions().execute(() -> finish(sandbox, uid, delay, deletion)), delay);
  }

  private void finish(Sandbox sandbox, String uid, Duration delay, Runnable deletion) {
    try {
      deletion.run();
      finishing.remove(uid);
    } catch (RefusedException e) {
      if (isGone(e)) {
        finishing.remove(uid);
      } else {
        again(sandbox, uid, delay, deletion, e);
      }
    } catch (RuntimeException e) {
      again(sandbox, uid, delay, deletion, e);
    }
  }

  private void again(
      Sandbox sandbox, String uid, Duration delay, Runnable deletion, RuntimeException problem) {
    LOG.log(Level.WARNING, "Failed to finish the deletion of " + uid + "; once more", problem);
    Duration doubled = delay.multipliedBy(2);
    Duration next = doubled.compareTo(MOST_SELDOM) < 0 ? doubled : MOST_SELDOM;
    finishLater(sandbox, uid, next, deletion);
  }

  /**
   * Who has the turn may be waiting for a process of these very containers, which must not keep
   * them.
   */
  private void killWhereTaken(Sandbox sandbox, Collection<Container> all, Actor actor) {
    if (sandbox.queue().isTaken()) {
      all.forEach(container -> lives.killAll(container, actor));
    }
  }

  /**
   * Programs that are on their way end before what they are in, and are told of before it. Others
   * have their turns meanwhile.
   *
   * @return whether there were any
   */
  private boolean settle(Sandbox sandbox, Collection<Container> all, Actor actor) {
    if (!sandbox.isStartingIn(all)) {
      return false;
    }
    all.forEach(container -> lives.killAll(container, actor));
    var _ = sandbox.queue().await(host.settings().stepTimeout(), () -> !sandbox.isStartingIn(all));
    return true;
  }

  private void requireDeletable(Container container, boolean force) {
    requireSame(container);
    if (container.isRoot()) {
      requireAlone(container, force);
    }
    lives.requireDeletable(container, force);
  }

  private void deleteNow(Container container, boolean force, Ask ask) {
    Sandbox sandbox = container.sandbox();
    Actor actor = ask.actor();
    if (force) {
      killWhereTaken(sandbox, List.of(container), actor);
    } else {
      requireMade(container, Operation.DELETE);
    }
    sandbox
        .queue()
        .run(() -> {
          requireDeletable(container, force);
          if (settle(
              sandbox, container.isRoot() ? sandbox.containers() : List.of(container), actor)) {
            requireDeletable(container, force); // still
          }
          if (container.isRoot()) {
            sandboxes.delete(sandbox, ask, () -> deleteAll(container, force, Ask.part(actor)));
            releaseRoot(sandbox);
          } else {
            remove(container, force, ask);
          }
        });
  }

  private void deleteAll(Sandbox sandbox, Ask ask) {
    List.copyOf(sandbox.containers()).forEach(container -> remove(container, true, ask));
  }

  /** The root container is the last. */
  private void deleteAll(Container root, boolean force, Ask ask) {
    List.copyOf(root.sandbox().containers()).stream()
        .filter(other -> other != root)
        .forEach(other -> remove(other, true, ask));
    remove(root, force, ask);
  }

  private static void requireAlone(Container root, boolean force) {
    if (!force && root.sandbox().containers().size() > 1) {
      throw new Refusal(
              Reason.SANDBOX_NOT_EMPTY,
              "Container "
                  + root.record().getId()
                  + " is the root of its sandbox, which has others: delete them first, or force it.",
              Map.of("container", root.record().getId()))
          .exception();
    }
  }

  private void remove(Container container, boolean force, Ask ask) {
    if (container.sandbox().containersByUid().containsKey(container.uid())) {
      lives.delete(container, force, ask);
      scores.changed(container);
    }
    if (!container.isRoot()) {
      release(container);
    }
  }

  /** Its id is free when that of its sandbox is: whoever makes another needs both. */
  @SuppressWarnings("ReferenceEquality") // this very one
  private void releaseRoot(Sandbox sandbox) {
    find(sandbox.record().getTenant(), sandbox.record().getId())
        .filter(container -> container.sandbox() == sandbox && !container.isGivenUp())
        .ifPresent(this::release);
  }

  private void release(Container container) {
    ContainerRecord record = container.record();
    release(record.getTenant(), container.sandbox().record().getId(), record.getId());
  }

  private void release(String tenant, String sandbox, String id) {
    allotments.leaveContainer(tenant, sandbox, id);
    registry.release(tenant, id);
  }

  /** Another may have the id by now: one that was made while this call waited for its turn. */
  @SuppressWarnings("ReferenceEquality") // this very one
  private void requireSame(Container container) {
    ContainerRecord record = container.record();
    if (container.isGivenUp()
        || find(record.getTenant(), record.getId()).filter(found -> found == container).isEmpty()) {
      throw container.gone();
    }
  }

  /** Also where it is gone already, by an earlier call of the same request. */
  void deleteSandbox(DeleteSandboxRequest request) {
    Ask ask = Ask.of(request);
    String tenant = request.getTenant();
    deleteOnce(
        ask,
        () -> {
          Sandbox sandbox = sandboxes.require(tenant, request.getSandboxId());
          if (!recorder.isOver(ask, sandbox)) {
            deleteSandbox(sandbox, request.getForce(), ask);
          }
        });
  }

  /** Deletes a sandbox; forced, with its containers. What fails half-way is tried again. */
  void deleteSandbox(Sandbox sandbox, boolean force, Ask ask) {
    try {
      deleteSandboxNow(sandbox, force, ask);
    } catch (RuntimeException e) {
      if (sandbox.record().getDeleting()) {
        finishLater(sandbox, sandbox.uid(), () -> deleteSandboxNow(sandbox, true, ask));
      }
      throw e;
    }
  }

  private void deleteSandboxNow(Sandbox sandbox, boolean force, Ask ask) {
    Ask part = Ask.part(ask.actor());
    if (force) {
      killWhereTaken(sandbox, sandbox.containers(), ask.actor());
    }
    sandbox
        .queue()
        .run(() -> {
          if (force) {
            var _ = settle(sandbox, sandbox.containers(), ask.actor());
            sandboxes.delete(sandbox, ask, () -> deleteAll(sandbox, part));
          } else {
            sandboxes.delete(sandbox, ask);
          }
          releaseRoot(sandbox);
        });
  }
}
