package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuSeriesTest {

  private static final Duration KEPT = Duration.ofMinutes(5);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final CpuSeries series = series(100, 100);
  private Instant now = Instant.ofEpochSecond(1_000_000);

  @Test
  void exportsASeriesForEachContainer() {
    series.update(running("a", "c1", 5));
    series.update(running("a", "c1", 20));
    series.update(running("a", "c2", 7));
    assertThat(exported()).containsExactlyInAnyOrder("a/c1", "a/c2");
    assertThat(
            registry
                .get("caisson.container.cpu")
                .tags("node", "n1", "tenant", "default", "sandbox", "a", "container", "c1")
                .functionCounter()
                .count())
        .isEqualTo(20e-9);
  }

  @Test
  void removesAContainerAWhileAfterItsFinalSample() {
    series.update(running("a", "c1", 5));
    series.update(exited("a", "c1", 6));
    passes(KEPT);
    assertThat(exported()).containsExactly("a/c1");
    passes(Duration.ofNanos(1));
    assertThat(exported()).isEmpty();
  }

  @Test
  void doesNotTakeAnExitedContainerBackThatIsStillListed() {
    series.update(exited("a", "c1", 6));
    passes(KEPT.plusNanos(1));
    series.update(figures("a", container("c1", 6).setExited(true)));
    assertThat(exported()).isEmpty();
  }

  @Test
  void removesContainersWhoseNodeFellSilent() {
    series.update(running("a", "c1", 5));
    passes(KEPT.dividedBy(2));
    series.update(running("b", "c1", 5));
    passes(KEPT.dividedBy(2).plusNanos(1));
    assertThat(exported()).containsExactly("b/c1");
    series.update(running("a", "c1", 9));
    assertThat(exported()).containsExactlyInAnyOrder("a/c1", "b/c1");
  }

  @Test
  void doesNotCountASampleWithoutTheContainerAsNewsOfIt() {
    series.update(running("a", "c1", 5));
    passes(KEPT.dividedBy(2));
    series.update(figures("a", container("c1", 5).setUnlisted(true)));
    passes(KEPT.dividedBy(2).plusNanos(1));
    assertThat(exported()).isEmpty();
  }

  @Test
  void takesNothingInThatIsTooOldToBeScraped() {
    CpuApportioned old = running("a", "c1", 5);
    passes(KEPT.plusNanos(1));
    series.update(old);
    assertThat(exported()).isEmpty();
  }

  @Test
  void keepsTheLastExitedContainersOnly() {
    CpuSeries bounded = series(1, 100);
    bounded.update(exited("a", "c1", 1));
    bounded.update(exited("b", "c1", 1));
    bounded.update(exited("b", "c1", 1));
    assertThat(exported()).containsExactly("b/c1");
  }

  @Test
  void exportsNoMoreThanItsBound() {
    CpuSeries bounded = series(1, 2);
    bounded.update(running("a", "c1", 1));
    bounded.update(running("b", "c1", 1));
    bounded.update(running("c", "c1", 1));
    assertThat(exported()).containsExactlyInAnyOrder("a/c1", "b/c1");
    assertThat(registry.counter("caisson.container.cpu.unexported").count()).isEqualTo(1);
  }

  @Test
  void startsASeriesAgainWhenAnIdIsUsedAgain() {
    series.update(exited("a", "c1", 5));
    series.update(figures("a", container("c1", 3).setContainerUid("another")));
    assertThat(registry.get("caisson.container.cpu").functionCounter().count()).isEqualTo(3e-9);
    series.update(exited("a", "c1", 5));
    assertThat(registry.get("caisson.container.cpu").functionCounter().count()).isEqualTo(3e-9);
  }

  private CpuSeries series(int maxExited, int maxSeries) {
    return new CpuSeries(registry, () -> now, KEPT, maxExited, maxSeries);
  }

  private void passes(Duration time) {
    now = now.plus(time);
    series.removeSilent();
  }

  private List<String> exported() {
    return registry.find("caisson.container.cpu").functionCounters().stream()
        .map(FunctionCounter::getId)
        .map(id -> id.getTag("sandbox") + "/" + id.getTag("container"))
        .toList();
  }

  private CpuApportioned running(String sandbox, String container, long nanos) {
    return figures(sandbox, container(container, nanos));
  }

  private CpuApportioned exited(String sandbox, String container, long nanos) {
    return figures(sandbox, container(container, nanos).setExited(true).setDeltaNanos(1));
  }

  private CpuApportioned figures(String sandbox, ContainerCpu.Builder container) {
    return CpuApportioned.newBuilder()
        .setNode("n1")
        .setTenant("default")
        .setSandboxId(sandbox)
        .setSandboxUid("uid-" + sandbox)
        .setTime(Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()))
        .addContainers(container)
        .build();
  }

  private static ContainerCpu.Builder container(String id, long total) {
    return ContainerCpu.newBuilder()
        .setContainerId(id)
        .setContainerUid("uid-" + id)
        .setTotalNanos(total);
  }
}
