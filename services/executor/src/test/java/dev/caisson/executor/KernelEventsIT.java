package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Resources;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the kernel does to containers by itself is told while they run. */
@Timeout(120)
class KernelEventsIT {
  private static final String WAITS = "while [ ! -e /shared/go ]; do sleep 0.1; done; ";
  private static final String GREEDY = "tail -c 64m /dev/zero; ";

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private ContainerSpec.Builder small(String script) {
    return node.shell(script)
        .setResources(
            Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(16 << 20)));
  }

  private ContainerSpec.Builder few(String script) {
    return node.shell(script)
        .setResources(Resources.newBuilder().setPids(Resources.Pids.newBuilder().setLimit(4)));
  }

  private List<Event> about(Container container) throws Exception {
    return Recorded.of(node).stream()
        .filter(event -> event.getSubject().getContainerUid().equals(container.getUid()))
        .toList();
  }

  private List<Long> killsOf(Container container) throws Exception {
    return about(container).stream()
        .filter(Event::hasOomKilled)
        .map(event -> event.getOomKilled().getKills())
        .toList();
  }

  private void awaitKills(Container container, long kills) {
    TestNode.eventually(
        "the kill is told", () -> unchecked(() -> killsOf(container)).contains(kills));
  }

  private void awaitTold(Container container, Predicate<Event> what) {
    awaitTold(container, TestNode.PATIENCE, what);
  }

  private void awaitTold(Container container, Duration patience, Predicate<Event> what) {
    TestNode.eventually(
        "it is told", patience, () -> unchecked(() -> about(container)).stream().anyMatch(what));
  }

  private static <T> T unchecked(Callable<T> call) {
    try {
      return call.call();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aKillOfAChildIsToldWhileTheFirstProcessLives() throws Exception {
    Container other = node.started("other", small("sleep 1000"));
    ContainerSpec.Builder spec = small(GREEDY + WAITS + GREEDY + "exit 5");
    Path volume = node.share(spec);
    Container container = node.started("c", spec);
    awaitKills(container, 1);
    assertThat(about(container)).noneMatch(Event::hasContainerExited);

    Files.createFile(volume.resolve("go"));
    assertThat(node.await("c").getCode()).isEqualTo(5);
    assertThat(killsOf(container)).containsExactly(1L, 2L);
    List<Event> events = about(container);
    assertThat(events.getLast().hasContainerExited()).as("its reason is told before").isTrue();
    assertThat(killsOf(other)).isEmpty();
  }

  @Test
  void aKillInAnExecIsToldOfTheContainer() throws Exception {
    Container container = node.started("c", small("sleep 1000"));
    Ended ended = node.exec("c", "sh", "-c", GREEDY + "exit 3").ended();
    assertThat(ended.code()).isEqualTo(3);
    assertThat(killsOf(container)).containsExactly(1L);
    assertThat(about(container)).noneMatch(Event::hasContainerExited);
  }

  @Test
  void killsWithoutAnExecutorAreToldByTheNextAndNoneTwice() throws Exception {
    ContainerSpec.Builder spec = small(GREEDY + WAITS + GREEDY + "touch /shared/done; sleep 1000");
    Path volume = node.share(spec);
    Container container = node.started("c", spec);
    awaitKills(container, 1);
    node.restart();
    node.shut();
    Files.createFile(volume.resolve("go"));
    TestNode.eventually("it goes on", () -> Files.exists(volume.resolve("done")));
    node.open();
    awaitKills(container, 2);
    node.delete("c", true);
    assertThat(killsOf(container)).containsExactly(1L, 2L);
  }

  /** That the sandbox has, and its container not. */
  @Test
  void aKillForTheSandboxesLimitIsToldOfTheContainerThatWasHit() throws Exception {
    CreateSandboxRequest.Builder box = TestNode.sandboxRequest("box");
    box.getResourcesBuilder().getMemoryBuilder().setLimit(32 << 20);
    var _ = node.stub().createSandbox(box.build());
    Container calm = node.createIn("box", "calm", node.shell("sleep 1000"));
    Container greedy = node.createIn("box", "greedy", node.shell(GREEDY + "sleep 1000"));
    node.start("calm");
    node.start("greedy");
    awaitKills(greedy, 1);
    assertThat(killsOf(calm)).isEmpty();
    node.deleteSandbox("box", true);
  }

  @Test
  void forksThatAreRefusedAreToldOnceAndInAllAtTheEnd() throws Exception {
    ContainerSpec.Builder spec =
        few("for i in 1 2 3 4 5 6; do (sleep 1000) & done; while :; do (:) & done");
    Container container = node.started("c", spec);
    awaitTold(container, Event::hasPidsLimitReached);
    node.delete("c", true);

    List<Event> told = about(container).stream().filter(Event::hasPidsLimitReached).toList();
    assertThat(told).hasSizeBetween(1, 2);
    assertThat(told)
        .extracting(Event::getPidsLimitReached)
        .allSatisfy(reached -> {
          assertThat(reached.getLimit()).isEqualTo(4);
          assertThat(reached.getLimitOf()).isEqualTo("container");
          assertThat(reached.getRefusals()).isPositive();
        });
    assertThat(about(container).getLast().hasContainerDeleted()).isTrue();
  }

  /** It writes faster than its memory can be written back. */
  @Test
  void waitingForMemoryIsToldWhereThatIsWanted() throws Exception {
    node.shut();
    node.memoryPressure(1).open();
    ContainerSpec.Builder spec =
        small("while :; do dd if=/dev/zero of=/shared/much bs=1M count=64; done");
    var _ = node.share(spec);
    Container container = node.started("c", spec);
    awaitTold(container, TestNode.PATIENCE.plusSeconds(25), Event::hasMemoryPressure);
    assertThat(about(container).stream().filter(Event::hasMemoryPressure).findFirst())
        .hasValueSatisfying(event -> {
          var pressure = event.getMemoryPressure();
          assertThat(pressure.getWindowMicroseconds()).isBetween(9_900_000L, 20_000_000L);
          assertThat(pressure.getSomeMicroseconds())
              .isBetween(pressure.getWindowMicroseconds() / 100, pressure.getWindowMicroseconds());
        });
    node.delete("c", true);
  }
}
