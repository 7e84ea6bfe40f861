package dev.caisson.executor;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * As {@link Traces}, of whichever life of the executor, and however much it has recorded.
 *
 * @param processes how many
 * @param sockets how many
 * @param files how many
 */
record Left(
    Set<String> cgroups,
    Set<String> mounts,
    Map<String, Long> descriptors,
    int processes,
    int sockets,
    int files) {

  static Left now(TestNode node) {
    Traces traces = Traces.of(node);
    return new Left(
        traces.cgroups(),
        Set.copyOf(traces.mounts()),
        withoutSegments(traces.descriptors()),
        traces.processes().size(),
        traces.sockets().size(),
        traces.files().size());
  }

  /**
   * Those of the record are named by what is in them; those of classes come with their first use.
   */
  static Map<String, Long> withoutSegments(Map<String, Long> descriptors) {
    Map<String, Long> others = new TreeMap<>(descriptors);
    others.keySet().removeIf(name -> name.endsWith(".seg") || name.endsWith(".jar"));
    return others;
  }
}
