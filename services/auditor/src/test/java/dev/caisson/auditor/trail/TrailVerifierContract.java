package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import dev.caisson.auditor.trail.Problem.Kind;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecExited;
import dev.caisson.proto.events.v1.ExecStarted;
import dev.caisson.proto.events.v1.Gap;
import dev.caisson.proto.events.v1.Phase;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

abstract class TrailVerifierContract {

  private static final List<NodeKey> KEYS = List.of(key());

  private FakeTrail trail;
  private FakeJournal journal;

  /** An empty trail. */
  abstract FakeTrail open() throws Exception;

  @BeforeEach
  void fill() throws Exception {
    trail = open();
    journal = new FakeJournal("n1").started().life("web", "nginx").life("db", "postgres");
  }

  @AfterEach
  void close() throws Exception {
    trail.close();
  }

  @Test
  void findsNothingWrongWithWhatWasJournalled() throws Exception {
    trail.store(journal.records());
    Verification verification = trail.verify("n1");
    assertThat(verification.problem()).isEmpty();
    assertThat(verification.records()).isEqualTo(23);
    assertThat(verification.first()).isEqualTo(new Position(1, 1));
    assertThat(verification.last()).isEqualTo(new Position(1, 23));
    assertThat(verification.openIntents()).isZero();
  }

  @Test
  void followsTheChainAcrossEpochs() throws Exception {
    trail.store(journal.started().life("cache", "redis").started().records());
    assertThat(trail.verify("n1").problem()).isEmpty();
    assertThat(trail.verify("n1").last()).isEqualTo(new Position(3, 1));
  }

  @Test
  void followsMoreRecordsThanAPageHas() throws Exception {
    for (int i = 0; i < TrailReader.PAGE; i++) {
      journal.denied("busy");
    }
    trail.store(journal.records());
    assertThat(trail.verify("n1").records()).isEqualTo(TrailReader.PAGE + 23);
    trail.alter("UPDATE trail SET principal = 'x' WHERE seq = ?", TrailReader.PAGE + 10);
    assertProblem(Kind.ALTERED, 1, TrailReader.PAGE + 10);
  }

  @Test
  void namesARecordWhoseBytesWereEdited() throws Exception {
    trail.store(journal.records());
    Event edited = event(7).toBuilder().setTime(event(8).getTime()).build();
    trail.alter("UPDATE trail SET event = ? WHERE seq = 7", edited.toByteArray());
    assertProblem(Kind.CHAIN_BROKEN, 1, 7);
  }

  @Test
  void namesTheRecordAfterOneWhoseChainWasRecomputed() throws Exception {
    trail.store(journal.records());
    ByteString edited = event(7).toBuilder().clearActor().build().toByteString();
    ByteString chain = HashChain.next(journal.records().get(5).chain(), edited);
    trail.alter(
        "UPDATE trail SET event = ?, chain = ?, principal = '' WHERE seq = 7",
        edited.toByteArray(),
        chain.toByteArray());
    assertProblem(Kind.CHAIN_BROKEN, 1, 8);
  }

  @Test
  void namesARecordWhoseBytesAreNoEvent() throws Exception {
    trail.store(journal.records());
    trail.alter("UPDATE trail SET event = ? WHERE seq = 7", (Object) new byte[] {-1});
    assertProblem(Kind.CHAIN_BROKEN, 1, 7);
  }

  @Test
  void namesARecordWhoseChainValueIsNone() throws Exception {
    trail.store(journal.records());
    trail.alter("UPDATE trail SET chain = ? WHERE seq = 7", (Object) new byte[] {1});
    assertProblem(Kind.CHAIN_BROKEN, 1, 7);
  }

  @Test
  void namesARecordWhoseColumnsWereEdited() throws Exception {
    trail.store(journal.records());
    trail.alter("UPDATE trail SET principal = 'uid:0' WHERE seq = 3");
    assertProblem(Kind.ALTERED, 1, 3);
  }

  @Test
  void namesTheRecordAfterAMissingOne() throws Exception {
    trail.store(without(7));
    assertProblem(Kind.GAP, 1, 8);
  }

  @Test
  void namesTheFirstRecordWhenEarlierOnesAreMissing() throws Exception {
    trail.store(without(1));
    assertProblem(Kind.GAP, 1, 2);
  }

  @Test
  void namesTheFirstRecordWhenAnEarlierEpochIsMissing() throws Exception {
    journal.started();
    trail.store(journal.records().subList(23, 24));
    assertProblem(Kind.GAP, 2, 1);
  }

  @Test
  void namesTheNextEpochWhenTheEndOfOneIsMissing() throws Exception {
    journal.started();
    trail.store(without(23));
    assertProblem(Kind.GAP, 2, 1);
  }

  @Test
  void namesAnInventedRecord() throws Exception {
    FakeJournal forged = new FakeJournal("n1").started().denied("web");
    trail.store(forged.records());
    trail.store(journal.records().subList(2, 23));
    assertProblem(Kind.CHAIN_BROKEN, 1, 3);
  }

  @Test
  void namesAnOutcomeWithoutAnIntent() throws Exception {
    journal.add(
        "x",
        "c",
        event ->
            event
                .setPhase(Phase.OUTCOME)
                .setIntentSeq(3)
                .setContainerStarted(ContainerStarted.getDefaultInstance()));
    trail.store(journal.records());
    assertProblem(Kind.UNPAIRED_OUTCOME, 1, 24);
  }

  @Test
  void takesAnOutcomeOfAnIntentInAnEarlierEpoch() throws Exception {
    journal.intent("x", "c", event -> event.setContainerCreated(created())).started();
    journal.add(
        "x",
        "c",
        event ->
            event
                .setPhase(Phase.OUTCOME)
                .setIntentSeq(24)
                .setIntentEpoch(1)
                .setContainerCreated(created()));
    trail.store(journal.records());
    assertThat(trail.verify("n1").problem()).isEmpty();
    assertThat(trail.verify("n1").openIntents()).isZero();
  }

  @Test
  void takesAnOutcomeWhoseIntentWasLeftOutWithAGap() throws Exception {
    Gap gap = Gap.newBuilder().setCount(1).setCause("journal full").build();
    journal.add("", "", event -> event.setPhase(Phase.OBSERVATION).setGap(gap));
    journal.add(
        "x",
        "c",
        event ->
            event
                .setPhase(Phase.OUTCOME)
                .setContainerStarted(ContainerStarted.getDefaultInstance()));
    trail.store(journal.records());
    assertThat(trail.verify("n1").problem()).isEmpty();
    assertThat(trail.verify("n1").omitted()).isEqualTo(1);
  }

  @Test
  void countsIntentsThatAreOpen() throws Exception {
    journal.intent("x", "c", event -> event.setContainerCreated(created()));
    trail.store(journal.records());
    assertThat(trail.verify("n1").problem()).isEmpty();
    assertThat(trail.verify("n1").openIntents()).isEqualTo(1);
  }

  @Test
  void namesAContainerThatStartedBeforeItWasCreated() throws Exception {
    trail.store(journal.started("x", "c").created("x", "c").records());
    assertProblem(Kind.ORDER, 1, 25);
  }

  @Test
  void namesAContainerThatExitedTwice() throws Exception {
    journal.created("x", "c").started("x", "c").exited("x", "c", 1).exited("x", "c", 2);
    trail.store(journal.records());
    assertProblem(Kind.ORDER, 1, 29);
  }

  @Test
  void namesAContainerThatExitedAfterItsDeletion() throws Exception {
    journal.created("x", "c").exited("x", "c").deleted("x", "c").exited("x", "c");
    trail.store(journal.records());
    assertProblem(Kind.ORDER, 1, 29);
  }

  @Test
  void takesAnExitThatIsToldTwice() throws Exception {
    journal.created("x", "c").started("x", "c").exited("x", "c", 3).exited("x", "c", 3);
    trail.store(journal.deleted("x", "c").records());
    assertThat(trail.verify("n1").problem()).isEmpty();
  }

  @Test
  void takesWhatFollowsOnWhatWasCutOff() throws Exception {
    journal
        .cutOff("x", "c", event -> event.setContainerCreated(created()))
        .cutOff("x", "c", event -> event.setContainerStarted(ContainerStarted.getDefaultInstance()))
        .started("x", "c")
        .cutOff("x", "c", event -> event.setExecStarted(ExecStarted.getDefaultInstance()))
        .add(
            "x",
            "c",
            event ->
                event.setPhase(Phase.OBSERVATION).setExecExited(ExecExited.getDefaultInstance()))
        .exited("x", "c");
    trail.store(journal.records());
    assertThat(trail.verify("n1").problem()).isEmpty();
  }

  @Test
  void takesAContainerWhoseStartFailed() throws Exception {
    journal.created("x", "c").startFailed("x", "c").exited("x", "c").deleted("x", "c");
    trail.store(journal.records());
    assertThat(trail.verify("n1").problem()).isEmpty();
  }

  @Test
  void namesAnExecThatExitedBeforeItStarted() throws Exception {
    journal.add(
        "x",
        "c",
        event -> event.setPhase(Phase.OBSERVATION).setExecExited(ExecExited.getDefaultInstance()));
    trail.store(journal.records());
    assertProblem(Kind.ORDER, 1, 24);
  }

  @Test
  void namesAHookThatRanOutsideItsPhase() throws Exception {
    journal.created("x", "c").hook("x", "c", "createContainer");
    trail.store(journal.records());
    assertProblem(Kind.ORDER, 1, 26);
  }

  @Test
  void namesWhatComesAfterTheSandboxsDeletion() throws Exception {
    trail.store(journal.denied("web").records());
    assertProblem(Kind.ORDER, 1, 24);
  }

  @Test
  void namesAGapInASandboxsSequence() throws Exception {
    journal.add("x", "", event -> event.setSandboxSeq(2).setPhase(Phase.OBSERVATION));
    trail.store(journal.records());
    assertProblem(Kind.GAP, 1, 24);
  }

  @Test
  void doesNotMissWhatCanStillBeOnItsWay() throws Exception {
    trail.store(without(20));
    assertThat(trail.verifyUpTo("n1", new Position(1, 19)).problem()).isEmpty();
    assertThat(trail.verifyUpTo("n1", new Position(1, 19)).records()).isEqualTo(19);
  }

  @Test
  void verifiesEachNodeByItself() throws Exception {
    trail.store(journal.records());
    trail.store(new FakeJournal("n2").started().life("web", "nginx").records());
    trail.alter("UPDATE trail SET principal = 'x' WHERE node = 'n2' AND seq = 2");
    List<Verification> all = verifier().verifyAll();
    assertThat(all).extracting(Verification::node).containsExactly("n1", "n2");
    assertThat(all.getFirst().problem()).isEmpty();
    assertThat(all.getLast().problem()).isPresent();
  }

  @Test
  void leavesWhenNobodyWaitsAnyMore() throws Exception {
    trail.store(journal.records());
    assertThatExceptionOfType(CancellationException.class)
        .isThrownBy(() -> verifier().verifyAll(() -> true));
    assertThatExceptionOfType(CancellationException.class)
        .isThrownBy(() -> verifier().verify("n1", () -> true));
  }

  @Test
  void knowsNothingOfANodeThatRecordedNothing() throws Exception {
    assertThat(verifier().verify("n9")).isEmpty();
  }

  @Test
  void namesANodeThatIsEnrolledAndOfWhichThereIsNothing() throws Exception {
    trail.store(journal.records());
    trail.store(new FakeJournal("n3").started().records());
    Enrolment enrolment = FakeEnrolment.of(Map.of("n0", KEYS, "n1", KEYS, "n2", KEYS));
    List<Verification> all = verifier(enrolment).verifyAll();
    assertThat(all).extracting(Verification::node).containsExactly("n0", "n1", "n2", "n3");
    assertThat(all)
        .extracting(one -> one.problem().orElseThrow().kind())
        .containsExactly(Kind.NO_RECORDS, Kind.UNSIGNED, Kind.NO_RECORDS, Kind.UNKNOWN_KEY);
    assertThat(all.getFirst().problem().orElseThrow().position()).isEqualTo(Position.START);
    assertThat(all.getFirst().records()).isZero();
    assertThat(verifier(enrolment).verify("n2")).contains(all.get(2));
    assertThat(verifier(enrolment).verify("n9")).isEmpty();
  }

  @Test
  void waitsForTheFirstRecordOfANodeThatHasJustBeenEnrolled() throws Exception {
    assertThat(verifyAll(Duration.ofSeconds(59))).isEmpty();
    assertThat(verifyAll(Duration.ofSeconds(61))).hasSize(1);
    assertThat(verifyAll(Duration.ofDays(-1))).hasSize(1);
  }

  @Test
  void doesNotMissWhatComesWhileItWaitsForTheHorizon() throws Exception {
    Horizon horizon =
        last -> {
          store();
          return last;
        };
    Enrolment enrolment = FakeEnrolment.of(Map.of("n1", KEYS));
    assertThat(verifier(horizon, enrolment, Clock.systemUTC()).verifyAll()).isEmpty();
  }

  private void store() {
    try {
      trail.store(journal.records());
    } catch (Exception e) {
      throw new AssertionError("The records cannot be stored", e);
    }
  }

  // A while after its node was enrolled.
  private List<Verification> verifyAll(Duration after) throws Exception {
    Instant since = Instant.parse("2026-01-01T00:00:00Z");
    Enrolment enrolment = new FakeEnrolment(Map.of("n1", KEYS), since);
    Clock clock = Clock.fixed(since.plus(after), ZoneOffset.UTC);
    return verifier(last -> last, enrolment, clock).verifyAll();
  }

  private TrailVerifier verifier() {
    return verifier(FakeEnrolment.NONE);
  }

  private TrailVerifier verifier(Enrolment enrolment) {
    return verifier(last -> last, enrolment, Clock.systemUTC());
  }

  private TrailVerifier verifier(Horizon horizon, Enrolment enrolment, Clock clock) {
    return new TrailVerifier(trail.database, horizon, enrolment, Duration.ZERO, clock);
  }

  private void assertProblem(Kind kind, long epoch, long seq) throws Exception {
    Problem problem = trail.verify("n1").problem().orElseThrow();
    assertThat(problem.kind()).isEqualTo(kind);
    assertThat(problem.position()).isEqualTo(new Position(epoch, seq));
    assertThat(problem.message()).isNotBlank();
  }

  private Event event(int seq) throws Exception {
    return Event.parseFrom(journal.records().get(seq - 1).event());
  }

  private List<JournalRecord> without(int index) {
    List<JournalRecord> records = new ArrayList<>(journal.records());
    records.remove(index - 1);
    return records;
  }

  private static dev.caisson.proto.events.v1.ContainerCreated created() {
    return dev.caisson.proto.events.v1.ContainerCreated.getDefaultInstance();
  }

  private static NodeKey key() {
    try {
      return NodeKey.of(
          KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic().getEncoded());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
