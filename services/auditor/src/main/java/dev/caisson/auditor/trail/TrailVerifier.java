package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Recomputes a trail from the bytes that it keeps: once in the order of the node's journal, and
 * once sandbox by sandbox. Reads page by page; memory is bounded by the intents that are open and
 * the containers of one sandbox. Thread-safe.
 */
public final class TrailVerifier {

  private final TrailReader reader;
  private final Horizon horizon;

  public TrailVerifier(TrailDatabase database, Horizon horizon) {
    this.reader = new TrailReader(database.connections());
    this.horizon = horizon;
  }

  /** Verifies every node, in the order of names. */
  public List<Verification> verifyAll() throws SQLException {
    Map<String, Position> ends = new TreeMap<>(horizon.settled(reader.lastOfEachNode()));
    List<Verification> all = new ArrayList<>();
    for (Map.Entry<String, Position> end : ends.entrySet()) {
      all.add(verify(end.getKey(), end.getValue()));
    }
    return all;
  }

  /** Verifies one node; empty: nothing of it has been recorded. */
  public Optional<Verification> verify(String node) throws SQLException {
    Map<String, Position> last = reader.lastOfEachNode();
    last.keySet().retainAll(List.of(node));
    Position end = horizon.settled(last).get(node);
    return end == null ? Optional.empty() : Optional.of(verify(node, end));
  }

  private Verification verify(String node, Position end) throws SQLException {
    ChainCheck check = new ChainCheck();
    Optional<Problem> inChain = Optional.empty();
    Position first = Position.START;
    List<TrailEntry> page = reader.pageOfNode(node, Position.START);
    while (!page.isEmpty() && inChain.isEmpty()) {
      first = first.equals(Position.START) ? page.getFirst().position() : first;
      inChain = firstProblem(page, end, check::accept);
      page = nextOfNode(node, page, end);
    }
    Optional<Problem> problem = earlier(inChain, firstInSandboxes(node, end, check.omitsEvents()));
    return new Verification(
        node, check.records(), first, check.last(), problem, check.openIntents());
  }

  private Optional<Problem> firstInSandboxes(String node, Position end, boolean omissions)
      throws SQLException {
    Optional<Problem> first = Optional.empty();
    Optional<String> uid = reader.sandboxAfter(node, "");
    while (uid.isPresent()) {
      first = earlier(first, firstInSandbox(node, uid.get(), end, omissions));
      uid = reader.sandboxAfter(node, uid.get());
    }
    return first;
  }

  private Optional<Problem> firstInSandbox(String node, String uid, Position end, boolean omissions)
      throws SQLException {
    LifecycleCheck check = new LifecycleCheck(omissions);
    Optional<Problem> problem = Optional.empty();
    List<TrailEntry> page = reader.pageOfSandbox(node, uid, Position.START);
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
