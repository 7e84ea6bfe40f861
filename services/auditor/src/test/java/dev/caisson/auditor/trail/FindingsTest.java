package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FindingsTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Findings findings = new Findings(registry);

  @Test
  void countsAProblemOnceAndThatOfAnotherRecordAgain() {
    found(new Problem(Problem.Kind.GAP, new Position(1, 7), "one"));
    found(new Problem(Problem.Kind.GAP, new Position(1, 7), "one, in other words"));
    assertThat(gaps()).isEqualTo(1);
    found(new Problem(Problem.Kind.GAP, new Position(1, 6), "another"));
    assertThat(gaps()).isEqualTo(2);
    findings.found("n1", Optional.empty());
    found(new Problem(Problem.Kind.GAP, new Position(1, 6), "again"));
    assertThat(gaps()).isEqualTo(3);
  }

  /** Of a series that begins with 1, Prometheus sees no increase. */
  @Test
  void countsEachKindFromZeroOn() {
    assertThat(registry.get("caisson.trail.problems").counters())
        .hasSize(Problem.Kind.values().length)
        .allSatisfy(counter -> assertThat(counter.count()).isZero());
  }

  private void found(Problem problem) {
    findings.found("n1", Optional.of(problem));
  }

  private double gaps() {
    return registry.get("caisson.trail.problems").tag("kind", "gap").counter().count();
  }
}
