package dev.caisson.auditor.trail;

import dev.caisson.model.NodeKey;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies each node from where it was verified before, again and again: the first time after a
 * start all of it. What does not hold by that is verified as a whole, whose word is the last, and
 * from its beginning again an hour later. Only reads: several auditors do not meet. For one thread;
 * only {@link #stop} is for any.
 */
final class TrailWatch {

  private static final Logger LOG = LoggerFactory.getLogger(TrailWatch.class);

  /** For how long a verdict stands that took the reading of a whole trail. */
  static final Duration AGAIN = Duration.ofHours(1);

  private final TrailVerifier verifier;
  private final TrailReader reader;
  private final Enrolment enrolment;
  private final Findings findings;
  private final NodeRoom room = new NodeRoom();
  private final Clock clock;
  private final Map<String, Watched> nodes = new HashMap<>();
  private final Map<String, Verdict> verdicts = new HashMap<>();
  private volatile boolean stopping;

  TrailWatch(
      TrailVerifier verifier,
      TrailDatabase database,
      Enrolment enrolment,
      Findings findings,
      Clock clock) {
    this.verifier = verifier;
    this.reader = new TrailReader(database);
    this.enrolment = enrolment;
    this.findings = findings;
    this.clock = clock;
  }

  /** A node, and the keys by which it is watched. */
  private record Watched(NodeWatch watch, Optional<List<String>> keys) {}

  private record Verdict(Optional<Problem> problem, Optional<List<String>> keys, Instant until) {}

  /** Looks at what has come since the last time. */
  void run() throws SQLException {
    Optional<SortedMap<String, TrailVerifier.Reach>> proven = verifier.proven();
    if (proven.isEmpty()) { // what was found before stands
      return;
    }
    Map<String, TrailVerifier.Reach> reach = proven.get();
    Set<String> enrolled = enrolment.nodes().keySet();
    missing(reach.keySet(), enrolled);
    nodes.keySet().retainAll(reach.keySet());
    verdicts.keySet().retainAll(reach.keySet());
    // First those that somebody has enrolled: whoever writes to the topic can invent others.
    for (String node : reach.keySet().stream().filter(enrolled::contains).toList()) {
      lookAt(node, reach);
    }
    for (String node : reach.keySet().stream().filter(one -> !enrolled.contains(one)).toList()) {
      if (room.admits(node, enrolled)) {
        lookAt(node, reach);
      }
    }
  }

  private void lookAt(String node, Map<String, TrailVerifier.Reach> reach) throws SQLException {
    if (!stopping) {
      look(node, Objects.requireNonNull(reach.get(node)));
    }
  }

  /** Of whom there is nothing, though he is enrolled, or was there before. */
  private void missing(Set<String> there, Set<String> enrolled) throws SQLException {
    Set<String> gone = new TreeSet<>(nodes.keySet());
    gone.addAll(verdicts.keySet());
    for (String node : gone) {
      if (!there.contains(node) && !enrolled.contains(node)) {
        findings.found(node, Verification.ofNone(node).problem());
      }
    }
    for (String node : enrolled) {
      if (!there.contains(node)) {
        Optional<Problem> problem = verifier.silent(node).flatMap(Verification::problem);
        if (problem.isPresent()) {
          findings.found(node, problem);
        }
      }
    }
  }

  /** Ends a run after the page that it reads. */
  void stop() {
    stopping = true;
  }

  private void look(String node, TrailVerifier.Reach reach) throws SQLException {
    Optional<List<NodeKey>> keys = enrolment.keys(node);
    Optional<List<String>> names = keys.map(all -> all.stream().map(NodeKey::toString).toList());
    Optional<Verdict> standing = standing(node, names);
    if (standing.isPresent()) {
      findings.found(node, standing.get().problem());
      return;
    }
    NodeWatch watch = watch(node, reach, keys, names);
    if (!watch.advance(reader, reach.end(), () -> stopping)) {
      nodes.remove(node);
      try {
        Verdict verdict = verify(node, names);
        verdicts.put(node, verdict);
        findings.found(node, verdict.problem());
      } catch (CancellationException e) {
        LOG.debug("A verification was left", e);
      }
    } else if (!stopping) {
      findings.found(node, verifier.ends(node, reach, watch.signatures()));
    }
  }

  // With other keys everything may be another way.
  private Optional<Verdict> standing(String node, Optional<List<String>> keys) {
    return Optional.ofNullable(verdicts.get(node))
        .filter(one -> one.keys().equals(keys) && clock.instant().isBefore(one.until()));
  }

  private NodeWatch watch(
      String node,
      TrailVerifier.Reach reach,
      Optional<List<NodeKey>> keys,
      Optional<List<String>> names) {
    Watched known = nodes.get(node);
    if (known == null || !known.keys().equals(names) || isAhead(known.watch(), reach)) {
      known = new Watched(new NodeWatch(node, keys, reach.anchor()), names);
      nodes.put(node, known);
    }
    return known.watch();
  }

  // The database is one from before: somebody has restored it.
  private static boolean isAhead(NodeWatch watch, TrailVerifier.Reach reach) {
    return watch.last().compareTo(reach.end()) > 0;
  }

  private Verdict verify(String node, Optional<List<String>> keys) throws SQLException {
    Optional<Problem> problem =
        verifier.verifyOwn(node, () -> stopping).flatMap(Verification::problem);
    return new Verdict(problem, keys, clock.instant().plus(AGAIN));
  }
}
