package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.trail.Problem.Kind;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.model.NodeKey;
import dev.caisson.model.SignedChain;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.types.v1.Actor;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A relay that forges, and makes all that follows anew so that numbers and chain are in order: only
 * the node's signature shows it. Records 1 to 23 are the node's, 24 is a checkpoint, 25 to 28 are
 * the node's, 29 is a checkpoint.
 */
abstract class ForgeryContract {

  private static final KeyPair KEY = pair();
  private static final int FIRST_CHECKPOINT = 24;
  private static final int SECOND_CHECKPOINT = 29;

  private FakeTrail trail;
  private FakeJournal journal;

  /** An empty trail. */
  abstract FakeTrail open() throws Exception;

  @BeforeEach
  void fill() throws Exception {
    trail = open();
    journal =
        new FakeJournal("n1")
            .started()
            .life("web", "nginx")
            .life("db", "postgres")
            .signed(KEY)
            .denied("x")
            .denied("x")
            .denied("x")
            .denied("x")
            .signed(KEY);
  }

  @AfterEach
  void close() throws Exception {
    trail.close();
  }

  @Test
  void theNodesOwnRecordsHold() throws Exception {
    trail.store(journal.records());
    Verification verification = verify();
    assertThat(verification.problem()).isEmpty();
    assertThat(verification.signatures())
        .isEqualTo(new Signatures(true, 2, new Position(1, 28), 0, false));
  }

  @Test
  void namesTheCheckpointAfterAnEditedRecord() throws Exception {
    List<Event> events = events();
    events.set(
        6, events.get(6).toBuilder().setActor(Actor.newBuilder().setPrincipal("uid:0")).build());
    trail.store(forged(events));
    assertProblem(Kind.BAD_SIGNATURE, FIRST_CHECKPOINT);
  }

  @Test
  void namesTheCheckpointAfterADroppedRecord() throws Exception {
    List<Event> events = events();
    events.remove(25);
    trail.store(forged(events));
    assertProblem(Kind.BAD_SIGNATURE, SECOND_CHECKPOINT - 1);
  }

  @Test
  void namesTheCheckpointAfterReorderedRecords() throws Exception {
    List<Event> events = events();
    Collections.swap(events, 25, 26);
    trail.store(forged(events));
    assertProblem(Kind.BAD_SIGNATURE, SECOND_CHECKPOINT);
  }

  @Test
  void namesTheCheckpointAfterAnInventedRecord() throws Exception {
    List<Event> events = events();
    events.add(25, events.get(24).toBuilder().setId(ByteString.copyFrom(new byte[16])).build());
    trail.store(forged(events));
    assertProblem(Kind.BAD_SIGNATURE, SECOND_CHECKPOINT + 1);
  }

  @Test
  void namesTheFirstRecordWithoutACheckpointWhenTheEndIsMissing() throws Exception {
    trail.store(forged(events().subList(0, 27)));
    assertThat(verifyAt(journal.now()).signatures().unsigned()).isEqualTo(3);
    assertThat(problemAt(journal.now())).isEmpty();
    Problem problem = problemAt(journal.now().plus(Duration.ofMinutes(2))).orElseThrow();
    assertThat(problem.kind()).isEqualTo(Kind.UNSIGNED);
    assertThat(problem.position()).isEqualTo(new Position(1, 25));
  }

  @Test
  void namesTheCheckpointAtWhichTheEndWasCutOff() throws Exception {
    trail.store(journal.records().subList(0, FIRST_CHECKPOINT));
    assertThat(verifyAt(journal.now()).signatures().unsigned()).isZero();
    assertThat(problemAt(journal.now().plus(SignedChain.IDLE_INTERVAL))).isEmpty();
    Problem problem = problemAt(journal.now().plus(SignatureCheck.SILENCE)).orElseThrow();
    assertThat(problem.kind()).isEqualTo(Kind.SILENT);
    assertThat(problem.position()).isEqualTo(new Position(1, FIRST_CHECKPOINT));
  }

  @Test
  void aNodeThatNothingHappensOnSignsAndHolds() throws Exception {
    trail.store(journal.signed(KEY).signed(KEY).records());
    Instant later = journal.now().plus(SignedChain.IDLE_INTERVAL);
    assertThat(problemAt(later)).isEmpty();
    assertThat(verifyAt(later).signatures())
        .isEqualTo(new Signatures(true, 4, new Position(1, SECOND_CHECKPOINT + 1), 0, false));
  }

  @Test
  void aClockThatIsWrongByMinutesIsNoFaultAndByMoreIsOne() throws Exception {
    trail.store(journal.records());
    assertThat(problemAt(journal.now().minus(SignedChain.IDLE_INTERVAL))).isEmpty();
    Instant earlier = journal.now().minus(SignatureCheck.SILENCE).minus(SignedChain.IDLE_INTERVAL);
    assertThat(problemAt(earlier).orElseThrow().kind()).isEqualTo(Kind.SILENT);
  }

  @Test
  void aNodeThatEndedInOrderMayBeSilentUntilItBeginsAgain() throws Exception {
    trail.store(journal.ended(KEY).records());
    Instant later = journal.now().plus(Duration.ofDays(100));
    assertThat(problemAt(later)).isEmpty();
    assertThat(verifyAt(later).signatures().ended()).isTrue();
    trail.store(journal.started().signed(KEY).records());
    assertThat(verifyAt(journal.now()).signatures().ended()).isFalse();
    Problem problem = problemAt(later).orElseThrow();
    assertThat(problem.kind()).isEqualTo(Kind.SILENT);
    assertThat(problem.position()).isEqualTo(new Position(2, 2));
  }

  @Test
  void whatBeginsAgainAfterALongPauseIsNotSilent() throws Exception {
    trail.store(journal.ended(KEY).records());
    Instant later = journal.now().plus(Duration.ofDays(1));
    assertThat(problemAt(later)).isEmpty();
    trail.store(journal.started().records());
    assertThat(problemAt(journal.now())).isEmpty();
    // And for no longer than any other record.
    assertThat(problemAt(journal.now().plus(Duration.ofHours(1))).orElseThrow().kind())
        .isEqualTo(Kind.UNSIGNED);
  }

  @Test
  void namesACheckpointOfWhichTheForgerSaysThatItIsTheLast() throws Exception {
    List<Event> events = new ArrayList<>(events().subList(0, FIRST_CHECKPOINT));
    Event.Builder checkpoint = events.removeLast().toBuilder();
    checkpoint.getJournalCheckpointBuilder().setLast(true);
    events.add(checkpoint.build());
    trail.store(forged(events));
    assertProblem(Kind.BAD_SIGNATURE, FIRST_CHECKPOINT);
  }

  @Test
  void onlyTheNodesOwnCheckpointsCountForTheAges() throws Exception {
    Enrolment enrolment = FakeEnrolment.of(Map.of("n1", List.of(key(KEY))));
    trail.store(journal.records().subList(0, FIRST_CHECKPOINT), enrolment);
    NodeProgress honest = progress();
    assertThat(honest.signed()).isEqualTo(new Position(1, FIRST_CHECKPOINT - 1));
    assertThat(honest.waitingSince()).isEmpty();

    trail.setTime(trail.clock().instant().plus(Duration.ofMinutes(1)));
    FakeJournal invented = new FakeJournal("n1").started();
    while (invented.records().size() < SECOND_CHECKPOINT) {
      invented.signed(pair());
    }
    Event kept = events().get(FIRST_CHECKPOINT - 1).toBuilder().setSeq(SECOND_CHECKPOINT).build();
    List<JournalRecord> forged =
        List.of(
            invented.records().get(FIRST_CHECKPOINT),
            new JournalRecord("n1", 1, SECOND_CHECKPOINT, kept.toByteString(), HashChain.GENESIS));
    trail.store(forged, enrolment);
    assertThat(progress().signed()).isEqualTo(honest.signed());
    assertThat(progress().signedAt()).isEqualTo(honest.signedAt());
    assertThat(progress().waitingSince()).hasValue(trail.clock().instant());
  }

  private NodeProgress progress() throws Exception {
    return Optional.ofNullable(new TrailNodes(trail.database).all().get("n1"))
        .orElseThrow()
        .progress();
  }

  @Test
  void aCheckpointThatIsBeyondTheHorizonIsWaitedFor() throws Exception {
    trail.store(journal.records());
    Position end = new Position(1, 26);
    Verification verification =
        new TrailVerifier(
                trail.database,
                _ -> Map.of("n1", end),
                enrolled(key(KEY)),
                Duration.ZERO,
                Clock.fixed(journal.now().plus(Duration.ofMinutes(2)), ZoneOffset.UTC))
            .verify("n1")
            .orElseThrow();
    assertThat(verification.problem()).isEmpty();
    assertThat(verification.signatures().unsigned()).isEqualTo(2);
  }

  @Test
  void aForgedTimeBuysNoPatience() throws Exception {
    List<Event> events = new ArrayList<>(events().subList(0, 26));
    Event last = events.removeLast();
    events.removeLast();
    events.add(
        last.toBuilder().setTime(last.getTime().toBuilder().setSeconds(4_000_000_000L)).build());
    trail.store(forged(events));
    assertThat(problemAt(journal.now()).orElseThrow().kind()).isEqualTo(Kind.UNSIGNED);
  }

  @Test
  void aRelayThatLeavesAllCheckpointsOutIsFound() throws Exception {
    List<Event> events = events();
    events.removeIf(Event::hasJournalCheckpoint);
    trail.store(forged(events));
    Problem problem = problemAt(journal.now().plus(Duration.ofMinutes(2))).orElseThrow();
    assertThat(problem.kind()).isEqualTo(Kind.UNSIGNED);
    assertThat(problem.position()).isEqualTo(new Position(1, 1));
  }

  @Test
  void tooManyRecordsWithoutACheckpointAreFoundHoweverYoung() throws Exception {
    FakeJournal flood = new FakeJournal("n1").started();
    for (int i = 0; i < SignedChain.MAX_UNSIGNED; i++) {
      flood.denied("");
    }
    Event young = Event.parseFrom(flood.records().getLast().event());
    List<Event> events = new ArrayList<>();
    for (JournalRecord record : flood.records()) {
      events.add(Event.parseFrom(record.event()).toBuilder().setTime(young.getTime()).build());
    }
    trail.store(forged(events));
    assertThat(problemAt(flood.now()).orElseThrow().kind()).isEqualTo(Kind.UNSIGNED);
  }

  @Test
  void namesACheckpointThatTheForgerSigned() throws Exception {
    FakeJournal forged = new FakeJournal("n1").started().denied("web").signed(pair());
    trail.store(forged.records());
    assertProblem(Kind.UNKNOWN_KEY, 3);
  }

  @Test
  void namesACheckpointOfAnotherNode() throws Exception {
    FakeJournal other = new FakeJournal("n2").started().denied("web").signed(KEY);
    List<Event> events = new ArrayList<>();
    for (JournalRecord record : other.records()) {
      events.add(Event.parseFrom(record.event()).toBuilder().setNode("n1").build());
    }
    trail.store(forged(events));
    assertProblem(Kind.BAD_SIGNATURE, 3);
  }

  @Test
  void namesACheckpointThatPretendsToBelongToASandbox() throws Exception {
    List<Event> events = events();
    Event checkpoint = events.get(SECOND_CHECKPOINT - 1);
    events.set(
        SECOND_CHECKPOINT - 1,
        checkpoint.toBuilder().setSubject(events.get(24).getSubject()).build());
    trail.store(forged(events));
    assertProblem(Kind.BAD_SIGNATURE, SECOND_CHECKPOINT);
  }

  @Test
  void namesTheFirstRecordOfANodeThatNobodyEnrolled() throws Exception {
    trail.store(journal.records());
    Enrolment othersAreEnrolled = FakeEnrolment.of(Map.of("n2", List.of(key(KEY))));
    Verification verification = trail.verify("n1", othersAreEnrolled, journal.now());
    assertThat(verification.problem().orElseThrow().kind()).isEqualTo(Kind.UNKNOWN_KEY);
    assertThat(verification.problem().orElseThrow().position()).isEqualTo(new Position(1, 1));
    assertThat(verification.signatures().checked()).isFalse();
  }

  @Test
  void takesAKeyThatFollowsAnother() throws Exception {
    KeyPair next = pair();
    trail.store(journal.started().signed(next).records());
    List<NodeKey> both = List.of(key(KEY), key(next));
    assertThat(trail.verify("n1", FakeEnrolment.of(Map.of("n1", both)), journal.now()).signatures())
        .isEqualTo(new Signatures(true, 3, new Position(2, 1), 0, false));
  }

  private List<Event> events() throws InvalidProtocolBufferException {
    List<Event> events = new ArrayList<>();
    for (JournalRecord record : journal.records()) {
      events.add(Event.parseFrom(record.event()));
    }
    return events;
  }

  /** Numbered and chained as if they had always been so; sandboxes' sequences, too. */
  private static List<JournalRecord> forged(List<Event> events) {
    List<JournalRecord> records = new ArrayList<>();
    Map<String, Long> sandboxes = new HashMap<>();
    ByteString chain = HashChain.GENESIS;
    for (Event event : events) {
      long seq = records.size() + 1L;
      Event.Builder numbered = event.toBuilder().setSeq(seq);
      if (event.getSandboxSeq() != 0) {
        numbered.setSandboxSeq(sandboxes.merge(event.getSubject().getSandboxUid(), 1L, Long::sum));
      }
      ByteString bytes = numbered.build().toByteString();
      chain = HashChain.next(chain, bytes);
      records.add(new JournalRecord("n1", 1, seq, bytes, chain));
    }
    return records;
  }

  private void assertProblem(Kind kind, long seq) throws Exception {
    Problem problem = problemAt(journal.now()).orElseThrow();
    assertThat(problem.kind()).as(problem.message()).isEqualTo(kind);
    assertThat(problem.position()).isEqualTo(new Position(1, seq));
  }

  private Optional<Problem> problemAt(Instant now) throws Exception {
    return verifyAt(now).problem();
  }

  private Verification verify() throws Exception {
    return verifyAt(journal.now());
  }

  private Verification verifyAt(Instant now) throws Exception {
    return trail.verify("n1", enrolled(key(KEY)), now);
  }

  private static Enrolment enrolled(NodeKey key) {
    return FakeEnrolment.of(Map.of("n1", List.of(key)));
  }

  private static NodeKey key(KeyPair pair) {
    return NodeKey.of(pair.getPublic().getEncoded());
  }

  private static KeyPair pair() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
