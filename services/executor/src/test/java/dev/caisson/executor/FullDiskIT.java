package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A data directory whose disk is full, at each moment of what is done. */
class FullDiskIT {
  private static final int SIGKILL = 9;
  private static final int SIGWINCH = 28;
  private static final int PAGE = 4096;

  /** More than any request writes. */
  private static final int MOST_PAGES = 8;

  private TestNode node;
  private Path ballast;
  private Traces before;

  @BeforeEach
  void launch() throws Exception {
    node = TestNode.launch();
    node.shut();
    OnNode.onHost("mount", "-t", "tmpfs", "-o", "size=16m", "caisson", node.data().toString());
    ballast = node.data().resolve("ballast");
    node.open();
    node.started("c", node.spec("sleep", "60")); // and is connected from now on
    assertThat(node.exec("c", "true").ended().code()).isZero();
    node.delete("c", true);
    before = Traces.settled(node);
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      Files.deleteIfExists(ballast);
      node.deleteEverything();
      node.shut();
      OnNode.onHost("umount", node.data().toString());
      node.open();
      node.close();
    }
  }

  /** But for so many pages. */
  private void fill(int free) {
    try (RandomAccessFile file = new RandomAccessFile(ballast.toFile(), "rw")) {
      try {
        while (true) {
          file.write(new byte[PAGE]);
        }
      } catch (IOException full) {
        assertThat(full).hasMessageContaining("No space left on device");
      }
      file.setLength(file.length() - (long) free * PAGE);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void makeRoom() throws IOException {
    Files.delete(ballast);
  }

  /** What is new may be refused, in a sentence. */
  private static boolean succeeds(Runnable request) {
    try {
      request.run();
      return true;
    } catch (StatusRuntimeException | CompletionException e) {
      Problem problem = Problem.of(e instanceof CompletionException ? e.getCause() : e);
      assertThat(problem.reason())
          .isIn(Reason.JOURNAL_FULL.name(), Reason.SYSTEM_CALL_FAILED.name());
      assertThat(problem.sentence()).contains("data directory").doesNotContain("/");
      return false;
    }
  }

  private void nothingIsLeft() {
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node).beyond(before)).isEmpty());
  }

  /** Its record takes more than the pages that are begun. */
  private ContainerSpec.Builder bulky() {
    return node.spec("sleep", "60").putAnnotations("k", "x".repeat(2 * PAGE));
  }

  /** Gap-free, and ended well. */
  private void theRecordIsWhole() throws Exception {
    node.restart(); // which reads it, and its chain
    List<Event> events = Recorded.of(node);
    assertThat(events).hasSizeGreaterThan(10);
    for (int i = 1; i < events.size(); i++) {
      Event one = events.get(i);
      Event previous = events.get(i - 1);
      assertThat(one.getSeq())
          .isEqualTo(one.getEpoch() == previous.getEpoch() ? previous.getSeq() + 1 : 1);
    }
    Event last = events.stream().filter(Event::hasExecutorStarted).toList().getLast();
    assertThat(last.getExecutorStarted().getPreviousEnd()).isEqualTo("clean");
  }

  @Test
  void neverRefusesAnEndOrADeletion() throws Exception {
    for (int free = 0; free < MOST_PAGES; free++) {
      node.started("c", node.spec("sleep", "60"));
      fill(free);
      boolean more = succeeds(() -> node.create("more", node.spec("sleep", "60")));
      var _ = succeeds(() -> assertThat(node.exec("c", "true").ended().code()).isZero());
      var _ = more && succeeds(() -> node.start("more"));
      node.signal("c", SIGKILL);
      assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
      node.delete("c");
      if (more) {
        node.delete("more", true);
      }
      makeRoom();
      nothingIsLeft();
    }
    theRecordIsWhole();
  }

  @Test
  void refusesNewWorkOnceTheRoomThatIsKeptIsUsed() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    fill(0);
    int made = 0;
    while (succeeds(() -> node.create("more", node.spec("sleep", "60")))) {
      node.delete("more", true);
      made++;
    }
    assertThat(made).isLessThan(10);
    Problem.of(() -> node.create("more", node.spec("sleep", "60")))
        .is(Status.Code.RESOURCE_EXHAUSTED, Reason.JOURNAL_FULL)
        .says("data directory is full");
    node.signal("c", SIGKILL);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    node.delete("c");
    makeRoom();
    node.started("c", node.spec("sleep", "60"));
    node.delete("c", true);
    nothingIsLeft();
    theRecordIsWhole();
  }

  @Test
  void nothingIsLeftOfWhatFailsAtAnyMoment() throws Exception {
    Path reserve = node.data().resolve("reserve");
    int failed = 0;
    for (int free = 0; free < MOST_PAGES; free++) {
      node.create("c", node.spec("sleep", "60")); // takes what is kept
      node.delete("c", true);
      fill(0);
      Files.write(reserve, new byte[0]); // somebody else was faster
      fill(free);
      failed += succeeds(() -> node.create("c", bulky())) ? 0 : 1;
      makeRoom();
      node.deleteEverything();
      nothingIsLeft();
    }
    assertThat(failed).isPositive();
    node.started("c", node.spec("sleep", "60"));
    node.delete("c", true);
    nothingIsLeft();
    theRecordIsWhole();
  }

  /** Its container's record takes more pages than what is recorded before it. */
  @Test
  void nothingIsLeftOfAnExecThatCannotBeStored() throws Exception {
    node.started("c", bulky());
    assertThat(node.exec("c", "true").ended().code()).isZero();
    Traces running = Traces.settled(node);
    int failed = 0;
    for (int free = 0; free < MOST_PAGES; free++) {
      fill(0);
      Files.write(node.data().resolve("reserve"), new byte[0]); // somebody else was faster
      fill(free);
      failed +=
          succeeds(() -> assertThat(node.exec("c", "cat").closeInput().ended()).isNotNull())
              ? 0
              : 1;
      makeRoom();
      TestNode.eventually(
          "nothing is left",
          () -> Traces.of(node).equals(running),
          () -> assertThat(Traces.of(node).beyond(running)).isEmpty());
    }
    assertThat(failed).isPositive();
    assertThat(node.exec("c", "true").ended().code()).isZero();
    theRecordIsWhole();
    long began = System.nanoTime();
    node.delete("c", true);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void aRunWithoutACallerEndsWhenThereIsRoomAgain() throws Exception {
    Duration lease = Duration.ofMillis(300);
    node.shut();
    node.lease(lease).open();
    node.started("c", node.spec("sleep", "60"));
    node.delete("c", true);
    before = Traces.settled(node);
    var run = node.runAttached(node.request("c", node.spec("sleep", "60")).build());
    assertThat(run.started().getState()).isEqualTo(ContainerState.RUNNING);
    fill(0);
    Files.write(node.data().resolve("reserve"), new byte[0]); // somebody else was faster
    fill(0);
    while (succeeds(() -> node.signal("c", SIGWINCH))) {
      // until nothing can be recorded any more
    }
    run.cancel();
    long began = System.nanoTime();
    TestNode.eventually("its lease is over", () -> System.nanoTime() - began > 3 * lease.toNanos());
    assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
    makeRoom();
    nothingIsLeft();
    theRecordIsWhole();
  }

  @Test
  void startsOnAFullDisk() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    node.shut();
    fill(0);
    node.open();
    assertThat(node.exec("c", "true")).isNotNull();
    node.signal("c", SIGKILL);
    assertThat(node.await("c").getSignal()).isEqualTo(SIGKILL);
    node.delete("c");
    makeRoom();
    node.started("c", node.spec("sleep", "60"));
    node.delete("c", true);
    theRecordIsWhole();
  }
}
