package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Recomputes a trail from the bytes that it keeps: once in the order of the node's journal, and
 * once sandbox by sandbox. Reads page by page; memory is bounded by the intents that are open, the
 * records that are not signed yet, and the containers of one sandbox. Thread-safe.
 */
public final class TrailVerifier {

  /** How far a node's clock may be ahead of the auditor's. */
  static final Duration CLOCKS = Duration.ofHours(1);

  private final Turns turns;
  private final TrailReader reader;
  private final TrailNodes nodes;
  private final Horizon horizon;
  private final Enrolment enrolment;
  private final Duration retention;
  private final Clock clock;

  /**
   * A verifier of one trail.
   *
   * @param retention the shortest that was ever in force; zero: nothing can have been dropped
   */
  public TrailVerifier(
      TrailDatabase database,
      Horizon horizon,
      Enrolment enrolment,
      Duration retention,
      Clock clock) {
    this.turns = database.turns();
    this.reader = new TrailReader(database);
    this.nodes = new TrailNodes(database);
    this.horizon = horizon;
    this.enrolment = enrolment;
    this.retention = retention;
    this.clock = clock;
  }

  /** Up to where a node can be verified, and from where on: the last record that was dropped. */
  record Reach(Position end, Optional<Anchor> anchor) {}

  /**
   * That of every node, in the order of names: what is missing before it is missing. Empty: it is
   * not known now what has arrived for good.
   */
  Optional<SortedMap<String, Reach>> proven() throws SQLException {
    Map<String, Anchor> anchors = anchors();
    return horizon.proven(last(anchors)).map(ends -> reach(ends, anchors));
  }

  private static SortedMap<String, Reach> reach(
      Map<String, Position> ends, Map<String, Anchor> anchors) {
    SortedMap<String, Reach> reach = new TreeMap<>();
    ends.forEach((node, end) -> reach.put(node, new Reach(end, anchor(anchors, node))));
    return reach;
  }

  /** Verifies every node, and names those that are enrolled and silent, in the order of names. */
  List<Verification> verifyAll() throws SQLException {
    return verifyAll(() -> false);
  }

  /**
   * The same for a caller, who may have to leave.
   *
   * @throws CancellationException if it was left between two pages
   * @throws TrailBusyException when there is no turn for it
   */
  public List<Verification> verifyAll(BooleanSupplier stopping) throws SQLException {
    try (Turns.Turn _ = turns.take()) {
      return all(stopping);
    }
  }

  private List<Verification> all(BooleanSupplier stopping) throws SQLException {
    Map<String, Anchor> anchors = anchors();
    SortedMap<String, Reach> reached = reach(horizon.settled(last(anchors)), anchors);
    SortedMap<String, Verification> all = new TreeMap<>();
    for (Map.Entry<String, Reach> node : reached.entrySet()) {
      all.put(
          node.getKey(),
          verify(node.getKey(), node.getValue().end(), node.getValue().anchor(), stopping));
    }
    for (String node : enrolment.nodes().keySet()) {
      if (!all.containsKey(node)) {
        silent(node).ifPresent(verification -> all.put(node, verification));
      }
    }
    return List.copyOf(all.values());
  }

  /** Verifies one node; empty: nothing of it has been recorded, nor had to be. */
  Optional<Verification> verify(String node) throws SQLException {
    return verify(node, () -> false);
  }

  /**
   * The same for a caller, who may have to leave.
   *
   * @throws CancellationException if it was left between two pages
   * @throws TrailBusyException when there is no turn for it
   */
  public Optional<Verification> verify(String node, BooleanSupplier stopping) throws SQLException {
    try (Turns.Turn _ = turns.take()) {
      return verifyOwn(node, stopping);
    }
  }

  /** The same for the auditor itself, which needs no turn. */
  Optional<Verification> verifyOwn(String node, BooleanSupplier stopping) throws SQLException {
    Map<String, Anchor> anchors = anchors();
    Map<String, Position> last = last(anchors);
    last.keySet().retainAll(List.of(node));
    Position end = horizon.settled(last).get(node);
    return end == null
        ? silent(node)
        : Optional.of(verify(node, end, anchor(anchors, node), stopping));
  }

  // Whoever drops all of a node's records leaves nothing else that could not hold. They may have
  // come since the last record of each node was looked for.
  Optional<Verification> silent(String node) throws SQLException {
    Instant since = enrolment.nodes().get(node);
    return since == null || isYoung(since) || !reader.last(node).equals(Position.START)
        ? Optional.empty()
        : Optional.of(Verification.ofNone(node));
  }

  // One that has just been enrolled can still be on its way to its first record.
  private boolean isYoung(Instant since) {
    Instant now = clock.instant();
    return !since.isAfter(now) && since.isAfter(now.minus(SignatureCheck.PATIENCE));
  }

  private Map<String, Anchor> anchors() throws SQLException {
    Map<String, Anchor> anchors = new TreeMap<>();
    nodes.all().values().forEach(row -> row.anchor().ifPresent(it -> anchors.put(row.node(), it)));
    return anchors;
  }

  private static Optional<Anchor> anchor(Map<String, Anchor> anchors, String node) {
    return Optional.ofNullable(anchors.get(node));
  }

  // Of a node all of whose records were dropped there is the anchor.
  private Map<String, Position> last(Map<String, Anchor> anchors) throws SQLException {
    Map<String, Position> last = reader.lastOfEachNode();
    anchors.forEach((node, anchor) -> last.putIfAbsent(node, anchor.position()));
    return last;
  }

  private Verification verify(
      String node, Position end, Optional<Anchor> anchor, BooleanSupplier stopping)
      throws SQLException {
    SignatureCheck signatures = new SignatureCheck(node, enrolment.keys(node));
    ChainCheck check = new ChainCheck(signatures, anchor);
    Position dropped = check.last();
    Optional<Problem> inChain = Optional.empty();
    Position first = dropped;
    List<TrailEntry> page = reader.pageOfNode(node, dropped);
    while (!page.isEmpty() && inChain.isEmpty()) {
      leaveIf(stopping);
      first = first.equals(dropped) ? page.getFirst().position() : first;
      inChain = firstProblem(page, end, check::accept);
      page = nextOfNode(node, page, end);
    }
    Optional<Problem> problem =
        inChain.isPresent()
            ? earlier(anchor.flatMap(this::droppedEarly), inChain)
            : ends(node, new Reach(end, anchor), signatures);
    problem = earlier(problem, firstInSandboxes(node, end, dropped, check.omitted() > 0, stopping));
    return new Verification(
        node,
        check.records(),
        first,
        check.last(),
        dropped,
        problem,
        check.openIntents(),
        check.omitted(),
        signatures.result());
  }

  private static void leaveIf(BooleanSupplier stopping) {
    if (stopping.getAsBoolean()) {
      throw new CancellationException("nobody waits for it any more");
    }
  }

  /** What does not hold at the ends of a node's records, all of which hold. */
  Optional<Problem> ends(String node, Reach reach, SignatureCheck signatures) throws SQLException {
    return earlier(reach.anchor().flatMap(this::droppedEarly), end(node, reach.end(), signatures));
  }

  // Somebody has deleted more than retention would have; the record that the node has made so long
  // ago he cannot make.
  private Optional<Problem> droppedEarly(Anchor anchor) {
    Instant youngest = clock.instant().minus(retention).plus(CLOCKS);
    boolean early =
        retention.isZero()
            || TimeUnit.NANOSECONDS.toSeconds(anchor.timeNanos()) > youngest.getEpochSecond();
    return early
        ? Optional.of(
            new Problem(
                Problem.Kind.DROPPED_EARLY,
                anchor.position(),
                "What was dropped ends with this record, which is younger than the retention of "
                    + (retention.isZero() ? "all records" : retention.toDays() + " days")))
        : Optional.empty();
  }

  // Where a checkpoint has come beyond the horizon, it is only not looked at yet.
  private Optional<Problem> end(String node, Position end, SignatureCheck signatures)
      throws SQLException {
    return reader.lastCheckpoint(node).compareTo(end) > 0
        ? Optional.empty()
        : signatures.end(clock.instant());
  }

  private Optional<Problem> firstInSandboxes(
      String node, Position end, Position dropped, boolean omissions, BooleanSupplier stopping)
      throws SQLException {
    Optional<Problem> first = Optional.empty();
    Optional<String> uid = reader.sandboxAfter(node, "");
    while (uid.isPresent()) {
      leaveIf(stopping);
      first = earlier(first, firstInSandbox(node, uid.get(), end, dropped, omissions));
      uid = reader.sandboxAfter(node, uid.get());
    }
    return first;
  }

  private Optional<Problem> firstInSandbox(
      String node, String uid, Position end, Position dropped, boolean omissions)
      throws SQLException {
    LifecycleCheck check = new LifecycleCheck(() -> omissions, !dropped.equals(Position.START));
    Optional<Problem> problem = Optional.empty();
    List<TrailEntry> page = reader.pageOfSandbox(node, uid, dropped);
    while (!page.isEmpty() && problem.isEmpty()) {
      problem = firstProblem(page, end, check::accept);
      Position last = page.getLast().position();
      page = last.compareTo(end) >= 0 ? List.of() : reader.pageOfSandbox(node, uid, last);
    }
    return problem;
  }

  private List<TrailEntry> nextOfNode(String node, List<TrailEntry> page, Position end)
      throws SQLException {
    Position last = page.getLast().position();
    return last.compareTo(end) >= 0 ? List.of() : reader.pageOfNode(node, last);
  }

  private static Optional<Problem> firstProblem(List<TrailEntry> page, Position end, Check check) {
    for (TrailEntry entry : page) {
      if (entry.position().compareTo(end) > 0) {
        return Optional.empty();
      }
      Optional<Problem> problem = check.accept(entry);
      if (problem.isPresent()) {
        return problem;
      }
    }
    return Optional.empty();
  }

  private static Optional<Problem> earlier(Optional<Problem> one, Optional<Problem> other) {
    return Stream.concat(one.stream(), other.stream()).min(Comparator.comparing(Problem::position));
  }

  private interface Check {
    Optional<Problem> accept(TrailEntry entry);
  }
}
