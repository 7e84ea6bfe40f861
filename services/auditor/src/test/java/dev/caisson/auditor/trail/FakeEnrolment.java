package dev.caisson.auditor.trail;

import dev.caisson.model.NodeKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Nodes whose keys somebody has told. */
record FakeEnrolment(Map<String, List<NodeKey>> keys, Instant since) implements Enrolment {

  /** Nobody is enrolled. */
  static final Enrolment NONE = new FakeEnrolment(Map.of(), Instant.EPOCH);

  /** For as long as anybody can remember. */
  static Enrolment of(Map<String, List<NodeKey>> keys) {
    return new FakeEnrolment(keys, Instant.EPOCH);
  }

  @Override
  public Optional<List<NodeKey>> keys(String node) {
    return keys.isEmpty() ? Optional.empty() : Optional.of(keys.getOrDefault(node, List.of()));
  }

  @Override
  public SortedMap<String, Instant> nodes() {
    SortedMap<String, Instant> nodes = new TreeMap<>();
    keys.keySet().forEach(node -> nodes.put(node, since));
    return nodes;
  }
}
