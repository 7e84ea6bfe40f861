package dev.caisson.auditor.trail;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was found of each node when it was verified last: as a gauge, a counter of problems, and a
 * line of the log for each that is new. Thread-safe.
 */
final class Findings {

  private static final Logger LOG = LoggerFactory.getLogger(Findings.class);

  private final MeterRegistry registry;
  private final Map<String, Found> nodes = new ConcurrentHashMap<>();

  Findings(MeterRegistry registry) {
    this.registry = registry;
    // From 0 on: of a series that begins with 1, Prometheus sees no increase.
    for (Problem.Kind kind : Problem.Kind.values()) {
      counter(kind);
    }
  }

  /**
   * Takes what was found now.
   *
   * @param problem empty: all of it holds
   */
  void found(String node, Optional<Problem> problem) {
    Found found = nodes.computeIfAbsent(node, this::register);
    Optional<Problem> before = found.problem;
    found.problem = problem;
    problem.filter(it -> before.filter(it::isSame).isEmpty()).ifPresent(it -> tell(node, it));
    if (problem.isEmpty() && before.isPresent()) {
      LOG.info("The trail of {} holds again", printable(node));
    }
  }

  private Found register(String node) {
    Found found = new Found();
    Gauge.builder("caisson.trail.holds", found, it -> it.problem.isEmpty() ? 1 : 0)
        .description("Whether the node's trail held when it was verified last")
        .tag("node", node)
        .register(registry);
    return found;
  }

  private void tell(String node, Problem problem) {
    counter(problem.kind()).increment();
    LOG.warn(
        "The trail of {} does not hold: record {}.{}: {}: {}",
        printable(node),
        problem.position().epoch(),
        problem.position().seq(),
        problem.kind(),
        printable(problem.message()));
  }

  private Counter counter(Problem.Kind kind) {
    return registry.counter("caisson.trail.problems", "kind", kind.name().toLowerCase(Locale.ROOT));
  }

  // Whoever writes to the topic chooses the name.
  private static String printable(String text) {
    return text.replaceAll("\\p{Cc}", "?");
  }

  private static final class Found {
    private volatile Optional<Problem> problem = Optional.empty();
  }
}
