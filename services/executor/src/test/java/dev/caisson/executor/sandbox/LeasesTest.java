package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.Actor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Without containers: each deletion fails before it has begun. */
class LeasesTest {
  private final List<Runnable> scheduled = new ArrayList<>();
  private final ScheduledThreadPoolExecutor workers =
      new ScheduledThreadPoolExecutor(1) {
        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
          scheduled.add(task);
          return super.schedule(() -> {}, 1, TimeUnit.DAYS);
        }
      };
  private final Leases leases = new Leases(host(), null);
  private final Container container = container();

  @AfterEach
  void close() {
    workers.shutdownNow();
  }

  private Host host() {
    Duration time = Duration.ofSeconds(1);
    Settings settings = new Settings(null, null, null, null, null, 1, time, time, time, 0, 0, null);
    return new Host(
        settings,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        workers,
        Runnable::run,
        null,
        null);
  }

  private static Container container() {
    Sandbox sandbox =
        new Sandbox(
            SandboxRecord.getDefaultInstance(), null, new ConcurrentLinkedQueue<>(), Runnable::run);
    ContainerRecord record = ContainerRecord.newBuilder().setUid("uid").setLeased(true).build();
    return new Container(sandbox, null, record);
  }

  private void begin() {
    leases.begin(container, Actor.getDefaultInstance());
  }

  @Test
  void oneThatCouldNotEndItsRunBeginsAnew() {
    begin();
    scheduled.getFirst().run();
    assertThat(scheduled).hasSize(2);
    scheduled.getLast().run();
    assertThat(scheduled).hasSize(3);
  }

  @Test
  void oneThatIsGivenUpEndsNothing() {
    begin();
    leases.renew(container);
    scheduled.getFirst().run();
    assertThat(scheduled).hasSize(1);
  }

  /** Its time is up while another is begun. */
  @Test
  void oneThatIsOverLeavesAnotherThatCanBeGivenUp() {
    begin();
    begin();
    scheduled.getFirst().run();
    leases.renew(container);
    scheduled.getLast().run();
    assertThat(scheduled).hasSize(2);
  }
}
