package dev.caisson.auditor.trail;

import dev.caisson.model.NodeKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/** Which keys nodes sign their journals with, as somebody has told the auditor. */
public interface Enrolment {
  /**
   * The keys of a node, those that it had before among them.
   *
   * @return empty: no node is enrolled, and nothing is said of signatures; an empty list: this node
   *     is not, where others are
   */
  Optional<List<NodeKey>> keys(String node);

  /**
   * Every node that is enrolled, in the order of names, and since when its keys are as they are.
   */
  SortedMap<String, Instant> nodes();
}
