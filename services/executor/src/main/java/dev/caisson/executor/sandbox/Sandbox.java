package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.init.InitException;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.executor.v1.Reason;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A sandbox that lives: its record, its containers, and its caisson-init.
 *
 * <p>Anyone may read; everything is changed in {@link #queue} only.
 */
final class Sandbox {
  private static final System.Logger LOG = System.getLogger(Sandbox.class.getName());

  /** Between two tries. */
  private static final long AGAIN_NANOS = 50_000_000;

  private final SerialQueue queue = new SerialQueue(this::handleEnds);
  private final Cgroup cgroup;
  private final Observed observed = new Observed();
  private final ConcurrentMap<String, Container> containers = new ConcurrentHashMap<>();
  private final ConcurrentMap<Long, EndListener> processes = new ConcurrentHashMap<>();
  private final Queue<ProcessEnd> ends;
  private final Executor later;
  private volatile SandboxRecord record;

  /** In the queue only. */
  private boolean retrying;

  /** Of processes whose programs are still on their way, by token. In the queue only. */
  private final Map<Long, Starting> starting = new HashMap<>();

  private volatile @Nullable Holder holder;
  private volatile @Nullable Placed placed;
  private volatile @Nullable OtherInit other;
  private volatile Optional<String> scoreProblem = Optional.empty();
  private volatile Optional<String> networkProblem = Optional.empty();

  /**
   * A process whose program is still on its way.
   *
   * @param ends its own, if it came already
   */
  private record Starting(Container container, List<ProcessEnd> ends) {}

  /** Who is told, in the queue, that a process has ended. */
  interface EndListener {
    void ended(ProcessEnd end);
  }

  /**
   * @param ends takes what caisson-init reports, on any thread
   * @param later runs what could not be done now, after a while
   */
  Sandbox(SandboxRecord record, Cgroup cgroup, Queue<ProcessEnd> ends, Executor later) {
    this.later = later;
    this.ends = ends;
    this.record = record;
    this.cgroup = cgroup;
  }

  SerialQueue queue() {
    return queue;
  }

  String uid() {
    return record.getUid();
  }

  SandboxRecord record() {
    return record;
  }

  void record(SandboxRecord next) {
    queue.requireTurn();
    record = next;
  }

  Cgroup cgroup() {
    return cgroup;
  }

  /** What was seen of its cgroup. */
  Observed observed() {
    return observed;
  }

  /** The one that it was made for, if there is one, and it is made. */
  Optional<Container> root() {
    return containers().stream().filter(Container::isRoot).findFirst();
  }

  /** Its containers, by uid. */
  Collection<Container> containers() {
    return containers.values();
  }

  Map<String, Container> containersByUid() {
    return containers;
  }

  /** Empty once it is lost. */
  Optional<Holder> holder() {
    return Optional.ofNullable(holder);
  }

  /**
   * @throws RuntimeException (SANDBOX_LOST) when there is none any more, or one of another version
   */
  Holder requireHolder() {
    return holder().orElseThrow(this::isLost);
  }

  /** What a caller is told then. */
  RefusedException isLost() {
    return new Refusal(
            Reason.SANDBOX_LOST,
            unreachable().orElse("Sandbox " + record.getId() + " was lost: delete it."),
            Map.of("sandbox", record.getId()))
        .exception();
  }

  /** Why nothing new can be done in it though it runs, as a sentence. */
  Optional<String> unreachable() {
    return other()
        .map(present ->
            "Sandbox "
                + record.getId()
                + " of tenant "
                + record.getTenant()
                + " cannot be reached: "
                + present.why()
                + ". What runs in it goes on: delete it by force, or start the executor that has"
                + " made it.");
  }

  /** Why its caisson-init does not have the OOM score that it should have, as a sentence. */
  Optional<String> scoreProblem() {
    return scoreProblem;
  }

  void scoreProblem(Optional<String> next) {
    scoreProblem = next;
  }

  /** What of it is not as it should be, each as a sentence. */
  List<String> degraded() {
    return Stream.concat(scoreProblem.stream(), networkProblem.stream()).toList();
  }

  void networkProblem(Optional<String> next) {
    networkProblem = next;
  }

  /** Present where it runs under a caisson-init of another version. */
  Optional<OtherInit> other() {
    return Optional.ofNullable(other);
  }

  void other(@Nullable OtherInit next) {
    other = next;
  }

  void holder(@Nullable Holder next) {
    holder = next;
  }

  /** A process that waits for this container's program. */
  Optional<Placed> placedFor(String containerUid) {
    return Optional.ofNullable(placed).filter(present -> present.uid().equals(containerUid));
  }

  /** The taker closes it. */
  Optional<Placed> takePlaced(String containerUid) {
    Optional<Placed> taken = placedFor(containerUid);
    taken.ifPresent(ignored -> placed = null);
    return taken;
  }

  void placed(@Nullable Placed next) {
    placed = next;
  }

  /** Called for the end of the process that has this token; in the queue. */
  void onEnd(long token, EndListener listener) {
    processes.put(token, listener);
  }

  /**
   * Keeps the end of a process that is to be started, which may come before anybody could be told
   * of it: until {@link #started}.
   */
  void starting(Container container, long token) {
    queue.requireTurn();
    starting.put(token, new Starting(container, new ArrayList<>()));
  }

  /** Whoever is to be told of its end is told in this turn; nobody is of one that has failed. */
  void started(long token) {
    queue.requireTurn();
    @Nullable Starting early = starting.remove(token);
    if (early != null) {
      ends.addAll(early.ends());
    }
  }

  /** Whether a program is on its way in one of these. */
  boolean isStartingIn(Collection<Container> some) {
    queue.requireTurn();
    return starting.values().stream().anyMatch(one -> some.contains(one.container()));
  }

  /** How many programs are on their way. */
  int startingCount() {
    queue.requireTurn();
    return starting.size();
  }

  /**
   * Waits until the ends of all of the container's processes, which are dead, have been reported
   * and dealt with.
   */
  void awaitEnds(Duration timeout, Container container) {
    if (holder != null && !awaitEnd(timeout, container::hasEnded)) {
      throw new InitException("caisson-init did not report the end of its processes");
    }
  }

  /**
   * Waits until some process has ended, and that has been dealt with.
   *
   * @param ended whether it has
   * @return false when the time was up first, or caisson-init has ended
   */
  boolean awaitEnd(Duration timeout, BooleanSupplier ended) {
    @Nullable Holder present = holder;
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean heard = present != null && collectEnds();
    while (present != null && heard && !ended.getAsBoolean()) {
      long left = deadline - System.nanoTime();
      heard = left > 0 && awaitedReport(present, left) && collectEnds();
    }
    return ended.getAsBoolean();
  }

  /** What is to be tried again is not reported again. */
  private boolean awaitedReport(Holder present, long nanos) {
    if (ends.isEmpty()) {
      return present.client().awaitReport(Duration.ofNanos(nanos));
    }
    var _ = present.client().awaitReport(Duration.ofNanos(Math.min(nanos, AGAIN_NANOS)));
    return true;
  }

  /** An end that caisson-init reports; on any thread. */
  void reported(ProcessEnd end) {
    ends.add(end);
  }

  /**
   * Reads what caisson-init has reported, and tells those whom it concerns.
   *
   * @return false when it has ended
   */
  boolean collectEnds() {
    queue.requireTurn();
    boolean connected = holder().map(present -> present.client().drain()).orElse(false);
    handleEnds();
    return connected;
  }

  /**
   * Tells those whom it concerns what has been reported. At the end of each turn: a request that
   * waits for its answer may have met a report, and then nothing else says that there is one.
   */
  void handleEnds() {
    queue.requireTurn();
    List<ProcessEnd> again = new ArrayList<>();
    for (ProcessEnd end = ends.poll(); end != null; end = ends.poll()) {
      @Nullable EndListener listener = processes.remove(end.token());
      if (listener != null) {
        tell(listener, end, again);
      } else if (starting.containsKey(end.token())) {
        starting.get(end.token()).ends().add(end);
      } else {
        acknowledge(end.token()); // of one that was abandoned
      }
    }
    if (!again.isEmpty()) {
      ends.addAll(again);
      tryAgainLater();
    }
  }

  /** Once, however many turns there are meanwhile: the end of a turn deals with them. */
  private void tryAgainLater() {
    if (!retrying) {
      retrying = true;
      later.execute(() -> queue.leave(() -> retrying = false));
    }
  }

  private void acknowledge(long token) {
    try {
      holder().ifPresent(present -> present.client().acknowledge(token));
    } catch (RuntimeException e) {
      LOG.log(Level.DEBUG, "Failed to acknowledge an end", e); // its caisson-init has ended
    }
  }

  /** An end that could not be dealt with, as when a disk is full, is dealt with later. */
  private void tell(EndListener listener, ProcessEnd end, List<ProcessEnd> again) {
    try {
      listener.ended(end);
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "Failed to deal with the end of a process; it is tried again", e);
      processes.put(end.token(), listener);
      again.add(end);
    }
  }
}
