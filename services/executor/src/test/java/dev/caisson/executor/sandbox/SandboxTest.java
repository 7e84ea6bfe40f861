package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Kernel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SandboxTest {
  private final Queue<ProcessEnd> ends = new ConcurrentLinkedQueue<>();
  private final List<Runnable> later = new ArrayList<>();
  private final Sandbox sandbox =
      new Sandbox(
          SandboxRecord.getDefaultInstance(),
          Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"))
              .open("/caisson-test-none"),
          ends,
          later::add);
  private final Container container =
      new Container(sandbox, sandbox.cgroup(), ContainerRecord.getDefaultInstance());

  private static ProcessEnd end(long token) {
    return new ProcessEnd(token, 0, 0, Duration.ZERO, Duration.ZERO, 0, Instant.EPOCH);
  }

  @Test
  void anEndThatIsReportedDuringATurnIsDealtWithInIt() {
    List<Long> told = new ArrayList<>();
    sandbox
        .queue()
        .run(() -> {
          ends.add(end(7)); // met while somebody waited for another answer
          sandbox.onEnd(7, ended -> told.add(ended.token()));
          sandbox.queue().run(() -> {}); // a turn within is not its end
          assertThat(told).isEmpty();
        });
    assertThat(told).containsExactly(7L);
  }

  @Test
  void anEndThatComesBeforeAnybodyCouldBeToldOfItIsKept() {
    List<Long> told = new ArrayList<>();
    sandbox
        .queue()
        .run(() -> {
          sandbox.starting(container, 7);
          assertThat(sandbox.startingCount()).isEqualTo(1);
          boolean reported = sandbox.queue().outside(() -> ends.add(end(7)));
          boolean met = sandbox.queue().outside(ends::isEmpty); // by the turn that ends with it
          assertThat(reported && met).isTrue();
          sandbox.onEnd(7, ended -> told.add(ended.token()));
          sandbox.started(7);
          assertThat(told).as("what was started is told first").isEmpty();
        });
    assertThat(told).containsExactly(7L);
    assertThat(sandbox.queue().call(sandbox::startingCount)).isZero();
  }

  @Test
  void theEndOfWhatWasNotStartedIsNobodys() {
    sandbox
        .queue()
        .run(() -> {
          sandbox.starting(container, 7);
          boolean reported = sandbox.queue().outside(() -> ends.add(end(7)));
          boolean met = sandbox.queue().outside(ends::isEmpty);
          assertThat(reported && met).isTrue();
          sandbox.started(7);
        });
    assertThat(ends).isEmpty();
    assertThat(later).isEmpty();
  }

  @Test
  void anEndThatCannotBeDealtWithIsDealtWithLater() {
    List<Long> told = new ArrayList<>();
    sandbox.onEnd(
        7,
        end -> {
          told.add(end.token());
          if (told.size() == 1) {
            throw new IllegalStateException("no space left");
          }
        });
    sandbox.queue().run(() -> ends.add(end(7)));
    assertThat(told).containsExactly(7L);
    later.removeFirst().run();
    assertThat(told).containsExactly(7L, 7L);
    assertThat(later).isEmpty();
    assertThat(ends).isEmpty();
  }

  @Test
  void whoWaitsForWhatIsOnItsWayLetsItHaveItsTurn() throws Exception {
    sandbox.queue().run(() -> sandbox.starting(container, 7));
    CompletableFuture<Boolean> awaited =
        CompletableFuture.supplyAsync(() ->
            sandbox
                .queue()
                .call(() ->
                    sandbox
                        .queue()
                        .await(
                            Duration.ofSeconds(20),
                            () -> !sandbox.isStartingIn(List.of(container)))));
    sandbox.queue().run(() -> {}); // another's turn is no news
    sandbox.queue().run(() -> sandbox.started(7));
    assertThat(awaited.get(60, TimeUnit.SECONDS)).isTrue();
    assertThat(sandbox.queue().call(() -> sandbox.queue().await(Duration.ZERO, () -> false)))
        .as("the time is up")
        .isFalse();
  }
}
