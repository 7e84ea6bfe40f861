package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Timestamp;
import dev.caisson.executor.disk.Disk;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.ContainerDeleted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Gap;
import dev.caisson.proto.events.v1.OomKilled;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.PidsLimitReached;
import dev.caisson.proto.events.v1.PortForwardClosed;
import dev.caisson.proto.events.v1.PortForwardOpened;
import dev.caisson.proto.events.v1.SandboxCreated;
import dev.caisson.proto.types.v1.Actor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  @TempDir Path directory;

  @Test
  void fillsInWhatIdentifiesAnEvent() {
    try (Journal journal = Journals.open(directory)) {
      long seq = journal.append(Journals.event("s"));
      Event event = Journals.events(journal, seq).getLast();

      assertThat(seq).isEqualTo(2);
      assertThat(event.getId().size()).isEqualTo(16);
      assertThat(event.getNode()).isEqualTo("node-1");
      assertThat(event.getEpoch()).isEqualTo(1);
      assertThat(event.getSandboxSeq()).isEqualTo(1);
      assertThat(event.getTime()).isEqualTo(Journal.timestamp(Journals.CLOCK.instant()));
      assertThat(event.getPhase()).isEqualTo(Phase.OBSERVATION);
      assertThat(event.getContainerStarted().getPid()).isEqualTo(42);
    }
  }

  @Test
  void beginsEachEpochWithHowTheOneBeforeEnded() throws IOException {
    Journals.open(directory).close();
    Path crashed = directory.resolve("crashed");
    Journals.copyAsCrashed(directory, crashed);
    try (Journal clean = Journals.open(directory);
        Journal crash = Journals.open(crashed)) {
      assertThat(Journals.events(clean, 1))
          .extracting(e -> e.getExecutorStarted().getPreviousEnd())
          .containsExactly("none", "clean");
      assertThat(Journals.events(crash, 1).getLast().getExecutorStarted().getPreviousEnd())
          .isEqualTo("crash");
      assertThat(clean.epoch()).isEqualTo(2);
    }
  }

  @Test
  void continuesTheChainAndTheSandboxesSequencesInANewEpoch() {
    try (Journal first = Journals.open(directory)) {
      first.append(Journals.event("a"));
      first.append(Journals.event("b"));
      first.append(Journals.event("a"));
    }
    try (Journal second = Journals.open(directory)) {
      long seq = second.append(Journals.event("a"));
      List<LogRecord> records = Journals.records(second, seq);

      assertThat(records)
          .extracting(LogRecord::position)
          .containsExactly(
              new Position(1, 1),
              new Position(1, 2),
              new Position(1, 3),
              new Position(1, 4),
              new Position(1, 5),
              new Position(2, 1),
              new Position(2, 2));
      assertThat(records)
          .extracting(r -> Journals.event(r).getSandboxSeq())
          .containsExactly(0L, 1L, 1L, 2L, 0L, 0L, 3L);
      assertThat(Journals.chainHolds(records)).isTrue();
    }
  }

  @Test
  void forgetsASandboxOnlyOnceItIsDeleted() {
    try (Journal journal = Journals.open(directory)) {
      journal.append(Journals.event("a"));
      Intent failing = journal.intent(Journals.deleted("a"));
      failing.failed(Failure.newBuilder().setCode(13).build());
      Intent deletion = journal.intent(Journals.deleted("a"));
      deletion.succeeded();
      long seq = journal.append(Journals.event("a"));

      assertThat(Journals.events(journal, seq))
          .extracting(Event::getSandboxSeq)
          .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 1L);
    }
  }

  @Test
  void pairsAnOutcomeWithItsIntent() {
    try (Journal journal = Journals.open(directory)) {
      Event.Builder draft =
          Journals.event("a")
              .setActor(Actor.newBuilder().setPrincipal("uid:1"))
              .setContainerCreated(ContainerCreated.newBuilder().addArgs("true"));
      Intent intent = journal.intent(draft);
      long seq =
          intent.succeeded(
              Event.newBuilder()
                  .setContainerCreated(ContainerCreated.newBuilder().addArgs("true").setPid(7)));
      List<Event> events = Journals.events(journal, seq);
      Event outcome = events.getLast();

      assertThat(events.get(1).getPhase()).isEqualTo(Phase.INTENT);
      assertThat(outcome.getPhase()).isEqualTo(Phase.OUTCOME);
      assertThat(outcome.getIntentSeq()).isEqualTo(intent.seq());
      assertThat(outcome.hasFailure()).isFalse();
      assertThat(outcome.getActor().getPrincipal()).isEqualTo("uid:1");
      assertThat(outcome.getSubject().getSandboxUid()).isEqualTo("a");
      assertThat(outcome.getContainerCreated().getArgsList()).containsExactly("true");
      assertThat(outcome.getContainerCreated().getPid()).isEqualTo(7);
      assertThat(outcome.getId()).isNotEqualTo(intent.event().getId());
      assertThatThrownBy(intent::succeeded).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void givesIntentsWithoutOutcomeToTheNextEpochAndClosesThem() {
    try (Journal first = Journals.open(directory)) {
      first.intent(Journals.event("a")).succeeded();
      first.intent(Journals.event("b"));
      for (int i = 0; i < 40; i++) {
        first.append(
            Journals.event("filler, so that the intent is in the header of a later segment"));
      }
      first.intent(Journals.event("c"));
    }
    try (Journal second = Journals.open(directory)) {
      assertThat(second.openIntents())
          .extracting(e -> e.getSubject().getSandboxUid())
          .containsExactly("b", "c");
      Event open = second.openIntents().getFirst();
      long seq = second.abort(open, "no process");
      Event outcome = Journals.events(second, seq).getLast();

      assertThat(outcome.getIntentEpoch()).isEqualTo(1);
      assertThat(outcome.getIntentSeq()).isEqualTo(open.getSeq());
      assertThat(outcome.getFailure())
          .isEqualTo(
              Failure.newBuilder()
                  .setCode(10)
                  .setReason("ABORTED_BY_CRASH")
                  .setMessage("no process")
                  .build());
    }
    try (Journal third = Journals.open(directory)) {
      assertThat(third.openIntents())
          .extracting(e -> e.getSubject().getSandboxUid())
          .containsExactly("c");
    }
  }

  private static Event.Builder killed(String sandbox, String container, long kills) {
    Event.Builder event =
        Journals.event(sandbox).setOomKilled(OomKilled.newBuilder().setKills(kills));
    event.getSubjectBuilder().setContainerUid(container);
    return event;
  }

  private static Event.Builder refused(String sandbox, long refusals) {
    return Journals.event(sandbox)
        .setPidsLimitReached(PidsLimitReached.newBuilder().setRefusals(refusals));
  }

  private static Event.Builder deleted(String sandbox, String container) {
    Event.Builder event =
        Journals.event(sandbox).setContainerDeleted(ContainerDeleted.getDefaultInstance());
    event.getSubjectBuilder().setContainerUid(container);
    return event;
  }

  /** In segments that are closed by then, too. */
  @Test
  void knowsInTheNextEpochWhatWasToldOfCounters() {
    try (Journal journal = Journals.open(directory)) {
      assertThat(journal.tellsMore(killed("s", "c", 2))).isTrue();
      journal.append(killed("s", "c", 2));
      journal.append(refused("s", 5));
      for (int i = 0; i < 50; i++) {
        journal.append(Journals.event("other"));
      }
      assertThat(journal.tellsMore(killed("s", "c", 2))).isFalse();
    }
    try (Journal journal = Journals.open(directory)) {
      assertThat(journal.tellsMore(killed("s", "c", 2))).isFalse();
      assertThat(journal.tellsMore(killed("s", "c", 3))).isTrue();
      assertThat(journal.tellsMore(killed("s", "d", 1))).isTrue();
      assertThat(journal.tellsMore(refused("s", 5))).isFalse();
      assertThat(journal.tellsMore(refused("s", 6))).isTrue();
    }
  }

  @Test
  void forgetsWhatWasToldOfCountersThatHaveGone() {
    try (Journal journal = Journals.open(directory)) {
      journal.append(killed("s", "c", 2));
      journal.append(killed("s", "d", 2));
      journal.append(killed("t", "e", 2));
      journal.append(deleted("s", "c"));
      assertThat(journal.tellsMore(killed("s", "c", 1))).isTrue();
      assertThat(journal.tellsMore(killed("s", "d", 2))).isFalse();
      journal.append(Journals.deleted("s"));
      assertThat(journal.tellsMore(killed("s", "d", 1))).isTrue();
      journal.retain(Set.of());
      assertThat(journal.tellsMore(killed("t", "e", 1))).isTrue();
    }
  }

  @Test
  void givesForwardedConnectionsWithoutAnEndToTheNextEpoch() {
    try (Journal first = Journals.open(directory)) {
      for (String id : List.of("closed", "open", "refused", "deleted")) {
        Intent intent = first.intent(forwarded(id));
        if (id.equals("refused")) {
          intent.failed(Failure.newBuilder().setReason("PORT_CLOSED").build());
        } else {
          intent.succeeded();
        }
      }
      first.append(closed("closed"));
      first.append(Journals.deleted("deleted"));
      for (int i = 0; i < 40; i++) {
        first.append(Journals.event("filler, so that it is in the header of a later segment"));
      }
    }
    try (Journal second = Journals.open(directory)) {
      assertThat(second.openForwards())
          .extracting(event -> event.getPortForwardOpened().getId())
          .containsExactly("open");
      second.append(closed("open"));
    }
    try (Journal third = Journals.open(directory)) {
      assertThat(third.openForwards()).isEmpty();
    }
  }

  private static Event.Builder forwarded(String id) {
    return Journals.event(id)
        .setPortForwardOpened(PortForwardOpened.newBuilder().setId(id).setPort(80));
  }

  private static Event.Builder closed(String id) {
    return Journals.event(id).setPortForwardClosed(PortForwardClosed.newBuilder().setId(id));
  }

  @Test
  void refusesNewWorkWhenFullAndKeepsTheReserveForTheRest() {
    try (Journal journal =
        Journals.open(Journals.bounded(directory, FullMode.FAIL_CLOSED), Journals.BOOT)) {
      long last = fill(journal);
      assertThatThrownBy(() -> journal.intent(Journals.event("a")))
          .isInstanceOf(JournalFullException.class)
          .hasMessageContaining("until the relay has caught up");
      assertThat(journal.append(Journals.event("a"))).isEqualTo(last + 1);
    }
  }

  @Test
  void staysBelowItsBoundAndCountsWhatExceedsTheReserve() throws IOException {
    try (Journal journal =
        Journals.open(Journals.bounded(directory, FullMode.FAIL_CLOSED), Journals.BOOT)) {
      long last = fill(journal);
      while (journal.append(Journals.event("a")) > 0) {
        last++;
      }
      assertThat(journal.append(Journals.event("a"))).isZero();
      assertThat(size()).isLessThanOrEqualTo(32 << 10).isGreaterThan(30 << 10);

      Journals.awaitDurable(journal, last);
      journal.acknowledge(journal.durable());
      assertThat(journal.append(Journals.event("a"))).as("after two gaps").isEqualTo(last + 3);
      assertThat(omitted(events(journal, last, 3))).isEqualTo(2);
    }
  }

  @Test
  void goesOnUnrecordedWhenFullAndOpenAndTellsOfItAtOnceAndAtItsEnd() {
    try (Journal journal =
        Journals.open(Journals.bounded(directory, FullMode.FAIL_OPEN), Journals.BOOT)) {
      long gap = fill(journal) + 1;
      Intent unrecorded = journal.intent(Journals.event("a"));
      assertThat(unrecorded.seq()).isZero();
      assertThat(journal.append(Journals.event("a"))).isEqualTo(gap + 1);

      Journals.awaitDurable(journal, gap + 1);
      journal.acknowledge(journal.durable());
      assertThat(journal.append(Journals.event("a"), Urgency.NEW_WORK)).isEqualTo(gap + 3);
      assertThat(journal.append(Journals.event("a"), Urgency.NEW_WORK)).isEqualTo(gap + 4);
      List<Event> events = lastEvents(journal, gap + 1);
      assertThat(events.getFirst().getGap()).as("of two").isEqualTo(gap(1));
      assertThat(events).filteredOn(Event::hasGap).hasSize(1);
      assertThat(unrecorded.succeeded()).isEqualTo(gap + 5);
    }
  }

  private static Gap gap(long count) {
    Timestamp now = Journal.timestamp(Journals.CLOCK.instant());
    return Gap.newBuilder()
        .setCount(count)
        .setCause("journal full")
        .setFrom(now)
        .setTo(now)
        .build();
  }

  @Test
  void tellsOfTheFirstEventThatItLeavesOutBeforeAnythingElse() throws IOException {
    try (Journal journal =
        Journals.open(Journals.bounded(directory, FullMode.FAIL_OPEN), Journals.BOOT)) {
      long gap = fill(journal) + 1;
      var _ = journal.intent(Journals.event("a"));
      long outcome = journal.intent(Journals.event("a")).succeeded();
      assertThat(outcome).isEqualTo(gap + 1);
      Journals.awaitDurable(journal, outcome);
      Path crashed = directory.resolve("crashed");
      Journals.copyAsCrashed(directory, crashed);
      assertThat(FileCheck.check(crashed, List.of(Journals.KEY.publicKey())).omitted())
          .as("in the life that ends here")
          .isEqualTo(1);
      assertThat(lastEvents(journal, gap - 1).getFirst().getGap()).isEqualTo(gap(1));
    }
  }

  private static long omitted(List<Event> events) {
    return events.stream().mapToLong(event -> event.getGap().getCount()).sum();
  }

  /** With new work, until it is refused or goes unrecorded; the last seq that was given. */
  private static long fill(Journal journal) {
    long last = 1;
    try {
      for (long seq = journal.append(Journals.event("a"), Urgency.NEW_WORK);
          seq > 0;
          seq = journal.append(Journals.event("a"), Urgency.NEW_WORK)) {
        last = seq;
      }
    } catch (JournalFullException e) {
      assertThat(e).hasMessageStartingWith("The journal is full (");
    }
    return last;
  }

  /** So many, once they are durable. */
  private static List<Event> events(Journal journal, long after, int count) {
    List<Event> events = new ArrayList<>();
    while (events.size() < count) {
      events.addAll(lastEvents(journal, after + events.size()));
    }
    return events;
  }

  private static List<Event> lastEvents(Journal journal, long after) {
    try (JournalReader reader = journal.read(new Position(1, after))) {
      List<Event> events =
          new ArrayList<>(reader.take(100, 1 << 20).stream().map(Journals::event).toList());
      return events;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private long size() throws IOException {
    long size = 0;
    for (Path segment : Journals.segments(directory)) {
      size += Files.size(segment);
    }
    return size;
  }

  @Test
  void deletesOnlyWhatIsAcknowledgedAndOldEnough() {
    try (Journal journal =
        Journals.open(Journals.bounded(directory, FullMode.FAIL_CLOSED), Journals.BOOT)) {
      for (int i = 0; i < 60; i++) {
        journal.append(Journals.event("a"));
      }
      Journals.awaitDurable(journal, 61);
      int before = Journals.segments(directory).size();
      journal.acknowledge(new Position(1, 61));
      assertThat(Journals.segments(directory)).as("younger than the retention").hasSize(before);
    }
    Clock later = Clock.offset(Journals.CLOCK, Duration.ofDays(2));
    try (Journal journal =
        Journal.open(
            Journals.bounded(directory, FullMode.FAIL_CLOSED),
            Journals.unsigned(),
            later,
            () -> new byte[16],
            dev.caisson.proto.events.v1.ExecutorStarted.getDefaultInstance(),
            new Disk())) {
      Journals.awaitDurable(journal, 1);
      journal.acknowledge(new Position(1, 30));
      Position oldest = oldest(journal);
      assertThat(oldest)
          .isLessThanOrEqualTo(new Position(1, 30))
          .isGreaterThan(new Position(1, 10));
      journal.acknowledge(new Position(1, 20));
      assertThat(oldest(journal)).isEqualTo(oldest);
      assertThatThrownBy(() -> journal.acknowledge(new Position(2, 2)))
          .isInstanceOfSatisfying(
              PositionException.class,
              e -> assertThat(e.kind()).isEqualTo(PositionException.Kind.AHEAD));
    }
  }

  private static Position oldest(Journal journal) {
    try (JournalReader reader = journal.read(Position.BEFORE_ALL)) {
      return reader.position();
    } catch (PositionException e) {
      assertThat(e.kind()).isEqualTo(PositionException.Kind.NOT_RETAINED);
      return e.nearest();
    }
  }

  @Test
  void writersAtTheSameTimeLeaveNoGap() throws Exception {
    int writers = 8;
    int each = 200;
    JournalSettings base = Journals.settings(directory);
    JournalSettings always =
        new JournalSettings(
            directory,
            "n",
            Durability.ALWAYS,
            base.fullMode(),
            base.maxBytes(),
            base.reserveBytes(),
            64 << 10,
            Duration.ofSeconds(5),
            base.retention());
    try (Journal journal = Journals.open(always, Journals.BOOT);
        var threads = Executors.newFixedThreadPool(writers)) {
      List<Future<?>> done = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        String sandbox = "s" + w;
        done.add(
            threads.submit(() -> {
              for (int i = 0; i < each; i++) {
                long seq = journal.append(Journals.event(sandbox));
                assertThat(journal.durable()).isGreaterThanOrEqualTo(new Position(1, seq));
              }
            }));
      }
      for (Future<?> d : done) {
        d.get();
      }
      List<LogRecord> records = Journals.records(journal, writers * each + 1);
      assertThat(records).hasSize(writers * each + 1);
      assertThat(Journals.chainHolds(records)).isTrue();
      for (int i = 0; i < records.size(); i++) {
        assertThat(records.get(i).position()).isEqualTo(new Position(1, i + 1));
      }
      for (int w = 0; w < writers; w++) {
        String sandbox = "s" + w;
        List<Long> seqs =
            records.stream()
                .map(Journals::event)
                .filter(e -> e.getSubject().getSandboxUid().equals(sandbox))
                .map(Event::getSandboxSeq)
                .toList();
        assertThat(seqs)
            .isEqualTo(java.util.stream.LongStream.rangeClosed(1, each).boxed().toList());
      }
    }
  }

  @Test
  void worksOnAnInterruptedThread() {
    try (Journal journal = Journals.open(directory)) {
      for (int i = 0; i < 100; i++) {
        Thread.currentThread().interrupt();
        journal.append(Journals.event("a"));
      }
      assertThat(Thread.interrupted()).isTrue();
      assertThat(Journals.records(journal, 101)).hasSize(101);
    }
  }

  @Test
  void refusesAnEventThatIsTooLongAndGoesOn() {
    try (Journal journal = Journals.open(directory)) {
      Event.Builder huge =
          Journals.event("a")
              .setContainerCreated(
                  ContainerCreated.newBuilder().addArgs("x".repeat(Frame.MAX_RECORD_BYTES)));
      assertThatThrownBy(() -> journal.append(huge)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> journal.append(Event.newBuilder()))
          .isInstanceOf(IllegalArgumentException.class);
      long seq = journal.append(Journals.event("a"));
      assertThat(seq).isEqualTo(2);
      assertThat(Journals.events(journal, seq).getLast().getSandboxSeq()).isEqualTo(1);
    }
  }

  @Test
  void forgetsASandboxThatWasNotMade() {
    try (Journal journal = Journals.open(directory)) {
      Event.Builder creation =
          Journals.event("a").setSandboxCreated(SandboxCreated.getDefaultInstance());
      journal.intent(creation).failed(Failure.newBuilder().setReason("HOOK_FAILED").build());
      assertThat(sandboxSeqOfNext(journal, "a")).isEqualTo(1);
    }
  }

  @Test
  void remembersASandboxOfWhichRecoveryMayYetSaySomething() {
    try (Journal journal = Journals.open(directory)) {
      journal.intent(Journals.event("a").setSandboxCreated(SandboxCreated.getDefaultInstance()));
      journal.append(Journals.event("gone"));
    }
    try (Journal next = Journals.open(directory)) {
      next.abort(next.openIntents().getFirst(), "the sandbox is there");
      next.retain(Set.of("a"));
      assertThat(sandboxSeqOfNext(next, "a")).isEqualTo(3);
      assertThat(sandboxSeqOfNext(next, "gone")).isEqualTo(1);
    }
  }

  private static long sandboxSeqOfNext(Journal journal, String sandbox) {
    long seq = journal.append(Journals.event(sandbox));
    return Journals.events(journal, seq).getLast().getSandboxSeq();
  }

  @Test
  void refusesEverythingOnceItIsClosed() {
    Journal journal = Journals.open(directory);
    journal.close();
    journal.close();
    assertThatThrownBy(() -> journal.append(Journals.event("a")))
        .isInstanceOf(JournalException.class);
  }
}
