package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.SandboxLayout;
import dev.caisson.executor.init.InitClient;
import dev.caisson.executor.init.InitException;
import dev.caisson.executor.init.KnownProcess;
import dev.caisson.executor.init.OtherVersionException;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.init.RunningProgram;
import dev.caisson.executor.plan.ContainerFacts;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.Placement;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.store.Loaded;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.PortForwardClosed;
import dev.caisson.proto.events.v1.Recovered;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a new life of the executor does before it serves: takes up what runs, records what it finds,
 * and removes what was half made or half removed. What of that takes long ends while it serves.
 */
final class Recovery {
  private static final System.Logger LOG = System.getLogger(Recovery.class.getName());

  /** Of records that cannot be read, each; more are told of together. */
  private static final int MOST_TOLD = 64;

  /** For deletions that are to be finished, of all sandboxes together. */
  private static final Duration MOST_WAITED = Duration.ofSeconds(3);

  private final Host host;
  private final Sandboxes sandboxes;
  private final Containers containers;
  private final Holders holders;
  private final Exits exits;
  private final Leases leases;
  private final Recorder recorder;
  private final Facts facts;
  private final Uppers uppers;
  private final ContainerLogs logs;
  private final SharedFilters filters;
  private final Scores scores;
  private final Findings findings;
  private final SandboxNetworks networks;
  private final NamedCgroups named;
  private final Updates updates;

  /** What an earlier life meant to do and did not say the outcome of. */
  private final List<Event> open;

  /** Of these the deletions, by the uids of what was to be deleted. */
  private final Map<String, Ask> deletions;

  Recovery(
      Host host,
      Sandboxes sandboxes,
      Containers containers,
      Holders holders,
      Exits exits,
      Leases leases,
      Recorder recorder,
      Facts facts,
      Uppers uppers,
      ContainerLogs logs,
      SharedFilters filters,
      Scores scores,
      Findings findings,
      SandboxNetworks networks,
      NamedCgroups named,
      Updates updates) {
    this.networks = networks;
    this.named = named;
    this.updates = updates;
    this.findings = findings;
    this.host = host;
    this.sandboxes = sandboxes;
    this.containers = containers;
    this.holders = holders;
    this.exits = exits;
    this.leases = leases;
    this.recorder = recorder;
    this.facts = facts;
    this.uppers = uppers;
    this.filters = filters;
    this.scores = scores;
    this.open = new ArrayList<>(host.journal().openIntents());
    this.deletions = deletions(open);
    this.logs = logs;
  }

  /** One sandbox that cannot be recovered never stops another. */
  void run() {
    closeForwards(); // before what is in the record of their sandboxes' ends
    Loaded loaded = host.store().load();
    Set<String> others = others(loaded);
    for (SandboxRecord record : loaded.sandboxes()) {
      if (others.contains(record.getUid())) {
        continue;
      }
      List<ContainerRecord> mine =
          loaded.containers().stream()
              .filter(container -> container.getSandboxUid().equals(record.getUid()))
              .toList();
      guarded(record.getUid(), () -> recover(record, mine));
    }
    sweep(others);
    networks.sweep(uid -> others.contains(uid) || isThere(uid));
    tellOf(loaded.quarantined());
    Set<String> living = living(loaded, others);
    uppers.sweep(living::contains);
    logs.sweep(living::contains);
    closeIntents(subject -> !others.contains(subject.getSandboxUid()));
    host.journal()
        .retain(
            Stream.concat(sandboxes.all().stream().map(Sandbox::uid), others.stream())
                .collect(Collectors.toUnmodifiableSet()));
    finish();
  }

  /** A connection ends with the executor that carries it. */
  private void closeForwards() {
    for (Event opened : host.journal().openForwards()) {
      PortForwardClosed.Builder closed =
          PortForwardClosed.newBuilder()
              .setId(opened.getPortForwardOpened().getId())
              .setPort(opened.getPortForwardOpened().getPort())
              .setCause("executor-ended");
      guarded(
          closed.getId(),
          () ->
              recorder.observe(
                  Event.newBuilder()
                      .setSubject(opened.getSubject())
                      .setActor(opened.getActor())
                      .setPortForwardClosed(closed)));
    }
  }

  /**
   * Uids of the sandboxes of a newer executor, which will take them up when it comes back: those of
   * which a record, or that of a container, is newer.
   */
  private Set<String> others(Loaded loaded) {
    Loaded.Newer newer = loaded.newer();
    Set<String> others =
        Stream.concat(
                newer.sandboxes().stream().map(SandboxRecord::getUid),
                newer.containers().stream().map(ContainerRecord::getSandboxUid))
            .collect(Collectors.toUnmodifiableSet());
    Map<String, String> ids =
        Stream.concat(newer.sandboxes().stream(), loaded.sandboxes().stream())
            .collect(
                Collectors.toMap(SandboxRecord::getUid, SandboxRecord::getId, (one, other) -> one));
    Stream.concat(newer.sandboxes().stream(), loaded.sandboxes().stream())
        .filter(record -> others.contains(record.getUid()))
        .forEach(record -> guarded(record.getUid(), () -> leaveAlone(record)));
    Stream.concat(newer.containers().stream(), loaded.containers().stream())
        .filter(record -> others.contains(record.getSandboxUid()))
        .forEach(record ->
            guarded(
                record.getUid(),
                () ->
                    containers.leaveAlone(
                        record, ids.getOrDefault(record.getSandboxUid(), record.getSandboxUid()))));
    return others;
  }

  private void leaveAlone(SandboxRecord record) {
    tellOf(
        "Sandbox "
            + record.getId()
            + " of tenant "
            + record.getTenant()
            + " was made by a newer executor, and is left alone: what runs in it goes on. Start"
            + " that executor to reach or delete it, or end what is in its cgroup "
            + record.getCgroup()
            + ".");
    sandboxes.leaveAlone(record);
  }

  private void tellOf(List<Loaded.Quarantined> records) {
    for (Loaded.Quarantined one : records.subList(0, Math.min(records.size(), MOST_TOLD))) {
      tellOf(
          "A record of the store could not be read, since "
              + one.reason()
              + ": it is now "
              + one.file()
              + " in its quarantine. Where it was all that was known of a sandbox or container,"
              + " that was ended.");
    }
    if (records.size() > MOST_TOLD) {
      tellOf(
          (records.size() - MOST_TOLD)
              + " more records of the store could not be read: the executor's log says which.");
    }
  }

  private void tellOf(String found) {
    LOG.log(Level.WARNING, found);
    findings.add(found, () -> true);
    guarded(
        "the record",
        () ->
            recorder.observe(
                Event.newBuilder().setRecovered(Recovered.newBuilder().setFound(found))));
  }

  /** Uids of containers. A record is removed where that of its sandbox is not there. */
  private Set<String> living(Loaded loaded, Set<String> others) {
    Set<String> homes = new HashSet<>(others);
    loaded.sandboxes().forEach(record -> homes.add(record.getUid()));
    Set<String> living = new HashSet<>();
    loaded.newer().containers().forEach(record -> living.add(record.getUid()));
    for (ContainerRecord container : loaded.containers()) {
      if (homes.contains(container.getSandboxUid())) {
        living.add(container.getUid());
      } else {
        guarded(container.getUid(), () -> host.store().removeContainer(container.getUid()));
      }
    }
    return living;
  }

  /** Those of a sandbox before its deletion, which is the last that is recorded of it. */
  private void closeIntents(Predicate<Subject> which) {
    List<Event> chosen = open.stream().filter(intent -> which.test(intent.getSubject())).toList();
    open.removeAll(chosen);
    chosen.forEach(intent -> {
      var _ = host.journal().abort(intent, found(intent.getSubject()));
    });
  }

  private String found(Subject subject) {
    if (!subject.getContainerId().isEmpty()) {
      return containers
          .find(subject.getTenant(), subject.getContainerId())
          .filter(container -> container.uid().equals(subject.getContainerUid()))
          .map(container -> "the container is " + States.words(container.record()))
          .orElse("there is no such container");
    }
    return sandboxes
        .find(subject.getTenant(), subject.getSandboxId())
        .filter(sandbox -> sandbox.uid().equals(subject.getSandboxUid()))
        .map(sandbox -> "the sandbox is there")
        .orElse("there is no such sandbox");
  }

  private static void guarded(String what, Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "Failed to recover " + what, e);
    }
  }

  private void recover(SandboxRecord record, List<ContainerRecord> mine) {
    guarded(record.getUid(), () -> named.settle(record, mine));
    Queue<ProcessEnd> ends = new ConcurrentLinkedQueue<>();
    Sandbox sandbox =
        new Sandbox(record, host.cgroups().open(record.getCgroup()), ends, host::later);
    sandboxes.adopt(sandbox);
    Optional<Holder> holder = record.getLost() ? Optional.empty() : reconnect(sandbox, ends);
    holder.ifPresent(sandbox::holder);
    boolean runs = holder.isPresent() || sandbox.other().isPresent();
    if (runs) {
      sandbox.cgroup().standsFor(record.getInitPid());
    }
    sandbox
        .queue()
        .run(() -> {
          Map<Long, KnownProcess> known = known(holder);
          try {
            for (ContainerRecord container : mine) {
              guarded(container.getUid(), () -> recover(sandbox, container, known));
            }
            holder.ifPresent(present -> {
              abandonStrangers(sandbox, known.values());
              removeStrangers(sandbox);
            });
          } finally {
            known.values().forEach(process -> process.pidfd().ifPresent(Fd::close));
          }
          if (runs) {
            guarded(record.getUid(), () -> finishUpdate(new Limited.OfSandbox(sandbox)));
          }
          scores.settle(sandbox);
          holder.ifPresent(present -> sandbox.collectEnds());
          Exits.endWithRoot(sandbox);
        });
    if (!runs) {
      sandboxes.foundLost(sandbox, lossOf(record));
    } else {
      holder.ifPresent(present -> holders.watch(sandbox));
      holder
          .map(Holder::pidfd)
          .or(() -> sandbox.other().map(OtherInit::pidfd))
          .ifPresent(init -> guarded(sandbox.uid(), () -> networks.takeUp(sandbox, init)));
      sandbox.other().ifPresent(other -> holders.watch(sandbox, other));
    }
    closeIntents(subject -> subject.getSandboxUid().equals(sandbox.uid()));
  }

  private String lossOf(SandboxRecord record) {
    return record.getBootId().equals(host.settings().bootId()) ? "init-killed" : "host-restarted";
  }

  /** Only to the very process that was started: same number, same start. */
  private Optional<Holder> reconnect(Sandbox sandbox, Queue<ProcessEnd> ends) {
    SandboxRecord record = sandbox.record();
    if (!record.getBootId().equals(host.settings().bootId())) {
      return Optional.empty();
    }
    return identified(record.getInitPid(), record.getInitStartTicks())
        .flatMap(pidfd -> reconnect(sandbox, pidfd, ends));
  }

  private Optional<Holder> reconnect(Sandbox sandbox, Fd pidfd, Queue<ProcessEnd> ends) {
    SandboxRecord record = sandbox.record();
    try {
      InitClient client = host.launcher().connect(holders.socket(record.getUid()), ends::add);
      boolean mapped = record.getUidMappingsCount() > 0;
      return Optional.of(new Holder(client, pidfd, holders.userNamespace(pidfd, mapped)));
    } catch (OtherVersionException e) {
      leaveAlone(sandbox, new OtherInit(pidfd, String.valueOf(e.getMessage())));
      return Optional.empty();
    } catch (LinuxException | InitException e) {
      LOG.log(Level.WARNING, "Sandbox " + record.getId() + " does not answer: " + e.getMessage());
      holders.killAndAwait(pidfd);
      pidfd.close();
      return Optional.empty();
    }
  }

  /** The process with this number, if it was started then. */
  private Optional<Fd> identified(int pid, long startTicks) {
    try {
      Fd pidfd = host.kernel().processes().open(pid);
      if (hasStarted(pid, startTicks)) {
        return Optional.of(pidfd);
      }
      pidfd.close();
    } catch (LinuxException e) {
      LOG.log(Level.DEBUG, "Process {0} is not there: {1}", pid, e.getMessage());
    }
    return Optional.empty();
  }

  private boolean hasStarted(int pid, long startTicks) {
    try {
      return host.proc().startTicks(pid) == startTicks;
    } catch (LinuxException e) {
      return false; // it has ended between the two
    }
  }

  /** Another executor can speak to it; what runs in it is not ended for that. */
  private void leaveAlone(Sandbox sandbox, OtherInit other) {
    sandbox.other(other);
    String found = sandbox.unreachable().orElseThrow();
    LOG.log(Level.WARNING, found);
    recorder.observe(
        Recorder.event(sandbox.record())
            .setRecovered(Recovered.newBuilder().setState(ContainerState.RUNNING).setFound(found)));
  }

  private static Map<Long, KnownProcess> known(Optional<Holder> holder) {
    Map<Long, KnownProcess> known = new HashMap<>();
    holder.ifPresent(
        present -> present.client().list().forEach(process -> known.put(process.token(), process)));
    return known;
  }

  /** Processes of containers that were being made: nothing but caisson-init knows of them. */
  private void abandonStrangers(Sandbox sandbox, Collection<KnownProcess> known) {
    Set<Long> ours =
        sandbox.containers().stream()
            .flatMap(container ->
                Stream.concat(
                    Stream.of(container.record().getToken()),
                    container.record().getExecsList().stream().map(ProcessRecord::getToken)))
            .collect(Collectors.toSet());
    for (KnownProcess process : known) {
      if (!ours.contains(process.token())) {
        process.pidfd().ifPresent(holders::kill);
        sandbox.requireHolder().drop(process.token());
        sandbox.requireHolder().drop(Stdio.inputToken(process.token()));
      }
    }
  }

  /** Cgroups of containers that were being made: their records come later. */
  private void removeStrangers(Sandbox sandbox) {
    Set<String> known =
        sandbox.containers().stream()
            .map(container -> container.cgroup().path())
            .collect(Collectors.toUnmodifiableSet());
    sandbox.cgroup().children().stream()
        .filter(path -> !known.contains(path))
        .forEach(path -> guarded(path, () -> removeStranger(sandbox, host.cgroups().open(path))));
  }

  private void removeStranger(Sandbox sandbox, Cgroup cgroup) {
    end(cgroup);
    recorder.observe(
        Recorder.event(sandbox.record())
            .setRecovered(
                Recovered.newBuilder()
                    .setState(ContainerState.STOPPED)
                    .setFound("a cgroup that belongs to no container, removed: " + cgroup.path())));
  }

  private static void end(Cgroup cgroup) {
    cgroup.kill();
    if (!cgroup.awaitEmpty(Duration.ofSeconds(10))) {
      throw new LinuxException("end", "the processes of " + cgroup.path(), Errno.EBUSY);
    }
    cgroup.remove();
  }

  private void recover(Sandbox sandbox, ContainerRecord stored, Map<Long, KnownProcess> known) {
    ContainerRecord record = sharing(stored);
    Cgroup cgroup = host.cgroups().open(record.getCgroup());
    Container container = new Container(sandbox, cgroup, record);
    sandbox.containersByUid().put(record.getUid(), container);
    containers.adopt(container);
    Exits.spent(container);
    if (!record.hasExit()) {
      exits.expect(container); // whatever becomes of it here, it can be deleted
    }
    try {
      recover(container, known);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "Failed to take up container " + record.getUid(), e);
      findings.add(
          "Container "
              + record.getId()
              + " of tenant "
              + record.getTenant()
              + " could not be taken up: delete it by force. The executor's log says why.",
          () -> sandbox.containersByUid().containsValue(container));
      tellOf(container, "it cannot be taken up");
    }
  }

  private void recover(Container container, Map<Long, KnownProcess> known) {
    ContainerRecord record = container.record();
    Sandbox sandbox = container.sandbox();
    if (record.hasExit()) {
      container.exit().complete(record.getExit()); // first: whatever fails, it ends no other way
    }
    record.getExecsList().forEach(exec -> recover(container, exec, known.get(exec.getToken())));
    Optional<RunningProgram> program =
        sandbox.holder().flatMap(holder -> held(container, holder.client()));
    logs.resume(container);
    if (record.hasExit()) {
      program.ifPresent(RunningProgram::close);
      if (known.containsKey(record.getToken())) {
        exits.tellAgain(container);
      }
    } else if (sandbox.other().isPresent()) {
      watch(container, sandbox.other().get());
    } else {
      takeUp(container, known.get(record.getToken()), program);
    }
    if (container.running().isPresent()) {
      finishUpdate(new Limited.OfContainer(container));
    }
    if (record.getLeased()) {
      leases.begin(container, Actor.getDefaultInstance());
    }
    tellOf(container, States.words(container.record()));
  }

  private void finishUpdate(Limited limited) {
    updates.finish(limited).ifPresent(problem -> tellOf(problem));
  }

  private void tellOf(Container container, String found) {
    recorder.observe(
        Recorder.event(container)
            .setRecovered(
                Recovered.newBuilder().setState(container.record().getState()).setFound(found)));
  }

  /** One that was never finished is deleted: the hooks of its end undo what others have done. */
  private ContainerRecord sharing(ContainerRecord stored) {
    boolean half = stored.getState() == ContainerState.CREATING;
    return stored.toBuilder()
        .setSpec(filters.share(stored.getSpec()))
        .setDeleting(stored.getDeleting() || half)
        .build();
  }

  /** It can be signalled, and its end be noticed, though not how it ends. */
  private void watch(Container container, OtherInit other) {
    ContainerRecord record = container.record();
    Optional<Fd> pidfd = identified(record.getPid(), record.getStartTicks());
    if (pidfd.isEmpty()) {
      exits.lost(container);
      return;
    }
    container.cgroup().standsFor(record.getPid());
    container.running(new Container.Running(pidfd.get(), Optional.empty()));
    holders.watch(container.sandbox(), other, pidfd.get(), () -> exits.lost(container));
  }

  /** The same of an exec'd process. */
  private void watch(Container container, ProcessRecord record, OtherInit other) {
    Optional<Fd> pidfd = identified(record.getPid(), record.getStartTicks());
    ExecedProcess exec = new ExecedProcess(record, pidfd.orElse(null), Optional.empty());
    container.execs().put(record.getId(), exec);
    pidfd.ifPresentOrElse(
        process -> {
          container.cgroup().alsoHas(record.getPid());
          holders.watch(container.sandbox(), other, process, () -> exits.lost(container, exec));
        },
        () -> exits.lost(container, exec));
  }

  private void takeUp(
      Container container, @Nullable KnownProcess process, Optional<RunningProgram> program) {
    if (process == null) {
      program.ifPresent(RunningProgram::close);
      exits.lost(container);
      return;
    }
    if (process.pidfd().isPresent()) {
      container.cgroup().standsFor(container.record().getPid());
      container.running(new Container.Running(process.pidfd().get().duplicate(), Optional.empty()));
      standOrGo(container);
      program.ifPresent(running -> await(container, running));
    } else {
      program.ifPresent(RunningProgram::close);
    }
  }

  /** One that has not been started, or whose start an executor has not noticed, which died then. */
  private void await(Container container, RunningProgram program) {
    if (container.record().getState() != ContainerState.CREATED) {
      program.close();
    } else if (program.isThrough()) {
      program.close();
      container.record(
          container.record().toBuilder()
              .setState(ContainerState.RUNNING)
              .setStartTime(Exits.timestamp(host.clock().instant()))
              .build());
      host.store().put(container.record());
    } else {
      wait(container, program);
    }
  }

  private void wait(Container container, RunningProgram program) {
    Fd pidfd = container.running().orElseThrow().pidfd();
    try {
      container.running(new Container.Running(pidfd, Optional.of(waiting(container, program))));
    } catch (RuntimeException e) {
      program.close();
      throw e;
    }
  }

  /** As its record says: an executor may have died between the one and the other. */
  private void standOrGo(Container container) {
    if (container.record().getState() == ContainerState.PAUSED) {
      new Standstill(host).begin(container.cgroup());
    } else {
      container.cgroup().thaw();
    }
  }

  /** What an earlier executor has had held of the container: its streams, and its program. */
  private Optional<RunningProgram> held(Container container, InitClient init) {
    long token = container.record().getToken();
    List<Fd> held = init.fetch(token);
    if (held.isEmpty()) {
      return Optional.empty();
    }
    List<Fd> outputs = held.subList(2, held.size());
    container.streams(Stdio.fetched(host, container.sandbox(), token, outputs));
    return Optional.of(new RunningProgram(host.kernel(), held.get(0), held.get(1)));
  }

  private Waiting waiting(Container container, RunningProgram program) {
    Plan plan = plan(container);
    Optional<Fd> listener =
        plan.notifies()
            ? Notifications.held(container.sandbox().requireHolder(), container.record().getToken())
            : Optional.empty();
    return new Waiting(program, plan, listener);
  }

  private Plan plan(Container container) {
    ContainerRecord record = container.record();
    boolean terminal = record.getSpec().getProcess().getTerminal();
    Streams streams =
        Streams.of(record.getStdio(), record.hasLogs(), record.getDonated(), terminal);
    ContainerFacts known =
        container.isRoot()
            ? facts.rootContainer(
                record.getSpec(), streams, container.sandbox().record().hasNetwork())
            : facts.furtherContainer(record.getSpec(), container.sandbox().record(), streams);
    return Placement.rest(ContainerPlan.compile(record.getSpec(), known));
  }

  private void recover(Container container, ProcessRecord record, @Nullable KnownProcess process) {
    if (!record.hasExit() && container.sandbox().other().isPresent()) {
      watch(container, record, container.sandbox().other().get());
      return;
    }
    ExecedProcess exec = known(container, record, process);
    container.execs().put(record.getId(), exec);
    if (process == null) {
      exits.lost(container, exec); // nobody will tell of its end
    } else if (record.hasExit()) {
      exits.tellAgain(container, exec);
    } else {
      container.cgroup().alsoHas(record.getPid());
      exits.expect(container, exec);
    }
    if (record.getDetached()) {
      leases.beginAtEnd(container, exec);
    } else {
      leases.begin(container, exec);
    }
  }

  /** With its streams as long as it has a lease, also after its end. */
  private ExecedProcess known(
      Container container, ProcessRecord record, @Nullable KnownProcess process) {
    Sandbox sandbox = container.sandbox();
    long token = record.getToken();
    Optional<ProcessStreams> streams =
        sandbox
            .holder()
            .flatMap(holder -> Stdio.fetched(host, sandbox, token, holder.client().fetch(token)));
    if (record.hasExit()) {
      return ExecedProcess.ended(record, streams);
    }
    Optional<Fd> pidfd =
        Optional.ofNullable(process).flatMap(KnownProcess::pidfd).map(Fd::duplicate);
    return new ExecedProcess(record, pidfd.orElse(null), streams);
  }

  /**
   * What an earlier life had begun to delete. Callers wait for it, but not for long: a hook, or a
   * process that does not die, keeps nobody from the others.
   */
  private void finish() {
    Stream<CompletableFuture<Void>> deletions =
        sandboxes.all().stream()
            .filter(Recovery::isUnfinished)
            .map(sandbox ->
                CompletableFuture.runAsync(
                    () -> guarded(sandbox.uid(), () -> finish(sandbox)), host.deletions()));
    boolean all =
        CompletableFuture.allOf(deletions.toArray(CompletableFuture[]::new))
            .thenApply(_ -> true)
            .completeOnTimeout(false, MOST_WAITED.toMillis(), TimeUnit.MILLISECONDS)
            .join();
    if (!all) {
      LOG.log(Level.WARNING, "Deletions of an earlier life are not through yet; they go on");
    }
  }

  private static boolean isUnfinished(Sandbox sandbox) {
    return sandbox.record().getDeleting()
        || isHalf(sandbox)
        || sandbox.containers().stream().anyMatch(one -> one.record().getDeleting());
  }

  /** What cannot be deleted now is tried again later. */
  private void finish(Sandbox sandbox) {
    Ask whole = ask(sandbox.uid());
    List.copyOf(sandbox.containers()).stream()
        .filter(container -> container.record().getDeleting())
        .forEach(container ->
            guarded(
                container.uid(),
                () ->
                    containers.delete(
                        container, true, container.isRoot() ? whole : ask(container.uid()))));
    if (sandbox.record().getDeleting() || isHalf(sandbox)) {
      containers.deleteSandbox(sandbox, true, whole);
    }
  }

  /** Of whoever began its deletion, which is done then, for one who asks again. */
  private Ask ask(String uid) {
    return deletions.getOrDefault(uid, Ask.part(Actor.getDefaultInstance()));
  }

  private static Map<String, Ask> deletions(List<Event> open) {
    Map<String, Ask> deletions = new HashMap<>();
    for (Event intent : open) {
      Subject subject = intent.getSubject();
      Ask ask = new Ask(subject.getTenant(), intent.getActor(), intent.getRequestSha256());
      if (intent.hasContainerDeleted()) {
        deletions.put(subject.getContainerUid(), ask);
      } else if (intent.hasSandboxDeleted()) {
        deletions.put(subject.getSandboxUid(), ask);
      }
    }
    return deletions;
  }

  /** Made for a container that was never finished, or is gone already. */
  private static boolean isHalf(Sandbox sandbox) {
    String root = sandbox.record().getRootContainerUid();
    return !root.isEmpty() && !sandbox.containersByUid().containsKey(root);
  }

  /** Sandboxes that were being made: their directories are there, and no record. */
  private void sweep(Set<String> others) {
    Path directory = holders.root();
    try (Stream<Path> entries = Files.list(directory)) {
      entries
          .map(entry -> entry.getFileName().toString())
          .filter(uid -> !others.contains(uid))
          .filter(uid -> !isThere(uid))
          .toList()
          .forEach(uid -> guarded(uid, () -> remove(uid)));
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to look for leftovers in " + directory, e);
    }
  }

  private boolean isThere(String uid) {
    return sandboxes.all().stream().anyMatch(known -> known.uid().equals(uid));
  }

  private void remove(String uid) {
    NamedCgroups.Note note = named.read(uid);
    String parent = note.parent().isEmpty() ? host.settings().cgroupParent() : note.parent();
    SandboxLayout layout = new SandboxLayout(parent, uid);
    Cgroup cgroup = host.cgroups().open(layout.sandbox());
    networks.hold(uid, cgroup);
    if (!host.cgroups().tellProcessesApart()) {
      holders.end(uid);
    }
    end(cgroup);
    named.remove(note.made());
    holders.removeDirectory(uid);
    recorder.observe(
        Event.newBuilder()
            .setRecovered(
                Recovered.newBuilder()
                    .setState(ContainerState.STOPPED)
                    .setFound("a sandbox that belongs to nobody, removed: " + uid)));
  }
}
