package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.auditor.trail.Problem.Kind;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.events.v1.Event;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Records 1 to 24 come in one week, 25 to 36 in the next. */
abstract class RetentionContract {

  private static final Duration KEPT = Duration.ofDays(30);
  private static final Duration WEEK = Duration.ofDays(7);

  private final KeyPair key = pair();
  private FakeJournal journal;
  private Instant begin;
  private FakeTrail trail;

  abstract FakeTrail open() throws Exception;

  @BeforeEach
  void fill() throws Exception {
    trail = open();
    journal = new FakeJournal("n1").started().life("web", "nginx").sandboxCreated("db");
    journal.created("db", "postgres").intent("db", "postgres", event -> {}).signed(key);
    while (journal.records().size() < 24) {
      journal.denied("db");
    }
    begin = journal.now();
    trail.setTime(begin);
    trail.store(journal.records());
    journal.started("db", "postgres").exited("db", "postgres").deleted("db", "postgres");
    journal.sandboxDeleted("db").denied("x").denied("x").denied("x").ended(key);
    trail.setTime(begin.plus(WEEK));
    trail.store(journal.records().subList(24, journal.records().size()));
  }

  @AfterEach
  void close() throws Exception {
    trail.close();
  }

  @Test
  void keepsWhatIsNotOldEnough() throws Exception {
    assertThat(dropAt(begin.plus(KEPT))).isZero();
    assertThat(verify().dropped()).isEqualTo(Position.START);
    assertThat(verify().records()).isEqualTo(journal.records().size());
  }

  @Test
  void keepsEverythingWhereNothingElseIsSaid() throws Exception {
    trail.setTime(begin.plus(Duration.ofDays(10_000)));
    assertThat(trail.retaining(Duration.ZERO).run()).isZero();
    assertThat(trail.count("trail")).isEqualTo(journal.records().size());
  }

  @Test
  void dropsWhatWasSetAsideAfterTheSameTime() throws Exception {
    for (Instant time : List.of(begin, begin.plus(WEEK))) {
      trail.setTime(time);
      trail.setAside(new byte[] {-1});
    }
    assertThat(trail.count("trail_aside")).isEqualTo(2);
    dropAt(begin.plus(KEPT));
    assertThat(trail.count("trail_aside")).isEqualTo(2);
    dropAt(begin.plus(KEPT).plus(WEEK));
    assertThat(trail.count("trail_aside")).isEqualTo(1);
  }

  @Test
  void verifiesFromWhatWasDropped() throws Exception {
    assertThat(dropAt(begin.plus(KEPT).plus(WEEK))).isEqualTo(1);
    assertThat(trail.count("trail")).isEqualTo(journal.records().size() - 24);
    Verification verification = verify();
    assertThat(verification.problem()).isEmpty();
    assertThat(verification.dropped()).isEqualTo(new Position(1, 24));
    assertThat(verification.first()).isEqualTo(new Position(1, 25));
    assertThat(verification.signatures().checkpoints()).isEqualTo(1);
  }

  @Test
  void dropsTheRestToo() throws Exception {
    assertThat(dropAt(begin.plus(KEPT).plus(WEEK.multipliedBy(3)))).isGreaterThan(1);
    assertThat(trail.count("trail")).isZero();
    Verification verification = verify();
    assertThat(verification.problem()).isEmpty();
    assertThat(verification.records()).isZero();
    assertThat(verification.dropped()).isEqualTo(new Position(1, journal.records().size()));
  }

  @Test
  void aNodeThatDidNotEndIsSilentStill() throws Exception {
    trail.store(journal.denied("x").signed(key).records());
    dropAt(begin.plus(KEPT).plus(WEEK.multipliedBy(3)));
    assertThat(trail.count("trail")).isZero();
    assertThat(problem().kind()).isEqualTo(Kind.SILENT);
    assertThat(problem().position()).isEqualTo(new Position(1, journal.records().size()));
  }

  @Test
  void takesNothingBackThatWasDropped() throws Exception {
    dropAt(begin.plus(KEPT).plus(WEEK));
    assertThat(trail.store(journal.records()).added()).isZero();
    assertThat(trail.count("trail")).isEqualTo(journal.records().size() - 24);
    assertThat(trail.store(journal.denied("x").records()).added()).isEqualTo(1);
  }

  @Test
  void takesARecordThatCameLateAcrossTheEndOfAWeek() throws Exception {
    List<JournalRecord> more = journal.denied("x").denied("x").denied("x").ended(key).records();
    int size = more.size();
    trail.store(more.subList(size - 3, size - 2));
    trail.setTime(begin.plus(WEEK.multipliedBy(2)));
    trail.store(more.subList(size - 4, size));
    dropAt(begin.plus(KEPT).plus(WEEK.multipliedBy(2)));
    Verification verification = verify();
    assertThat(verification.problem()).isEmpty();
    assertThat(verification.dropped()).isEqualTo(new Position(1, size - 2));
    assertThat(verification.last()).isEqualTo(new Position(1, size));
  }

  @Test
  void whatWasMissingStaysMissing() throws Exception {
    trail.alter("DELETE FROM trail WHERE seq = 7");
    dropAt(begin.plus(KEPT).plus(WEEK));
    assertThat(problem().kind()).isEqualTo(Kind.GAP);
    assertThat(verify().dropped()).isEqualTo(new Position(1, 6));
  }

  @Test
  void aNumberFarAheadDropsNothingElse() throws Exception {
    Event last = Event.parseFrom(journal.records().getLast().event());
    ByteString far = last.toBuilder().setSeq(1_000_000).build().toByteString();
    trail.setTime(begin);
    trail.store(List.of(new JournalRecord("n1", 1, 1_000_000, far, HashChain.GENESIS)));
    dropAt(begin.plus(KEPT).plus(WEEK));
    assertThat(verify().dropped()).isEqualTo(new Position(1, 24));
    assertThat(verify().problem()).isEmpty();
    assertThat(trail.store(journal.denied("x").records()).added()).isEqualTo(1);
  }

  @Test
  void namesTheBeginningThatSomebodyElseDeleted() throws Exception {
    trail.alter("DELETE FROM trail WHERE seq <= 24");
    assertThat(problem().kind()).isEqualTo(Kind.GAP);
  }

  @Test
  void anAnchorThatIsYoungHidesNothing() throws Exception {
    trail.alter("DELETE FROM trail WHERE seq <= 24");
    forgeAnchor(journal.records().get(22).chain(), journal.records().get(23).event());
    trail.retaining(KEPT);
    assertThat(problem().kind()).isEqualTo(Kind.DROPPED_EARLY);
    assertThat(problem().position()).isEqualTo(new Position(1, 24));
  }

  @Test
  void anAnchorWithAnotherTimeHidesNothing() throws Exception {
    trail.alter("DELETE FROM trail WHERE seq <= 24");
    Event event = Event.parseFrom(journal.records().get(23).event());
    ByteString old = event.toBuilder().clearTime().build().toByteString();
    forgeAnchor(journal.records().get(22).chain(), old);
    trail.retaining(KEPT);
    assertThat(problem().kind()).isEqualTo(Kind.CHAIN_BROKEN);
    assertThat(problem().position()).isEqualTo(new Position(1, 25));
  }

  @Test
  void norWhenTheChainIsMadeAnewBehindIt() throws Exception {
    Event event = Event.parseFrom(journal.records().get(23).event());
    ByteString old = event.toBuilder().clearTime().build().toByteString();
    List<JournalRecord> anew = new ArrayList<>();
    ByteString chain = HashChain.next(HashChain.GENESIS, old);
    for (JournalRecord record : journal.records().subList(24, journal.records().size())) {
      chain = HashChain.next(chain, record.event());
      anew.add(new JournalRecord("n1", 1, record.seq(), record.event(), chain));
    }
    trail.alter("DELETE FROM trail");
    trail.alter("DELETE FROM trail_node");
    trail.store(anew);
    forgeAnchor(HashChain.GENESIS, old);
    trail.retaining(KEPT);
    assertThat(problem().kind()).isEqualTo(Kind.BAD_SIGNATURE);
  }

  @Test
  void norWhenNothingIsLeftThatVouchesForIt() throws Exception {
    Event event = Event.parseFrom(journal.records().get(23).event());
    trail.alter("DELETE FROM trail");
    forgeAnchor(HashChain.GENESIS, event.toBuilder().clearTime().build().toByteString());
    trail.retaining(KEPT);
    assertThat(problem().kind()).isEqualTo(Kind.UNSIGNED);
  }

  @Test
  void anAnchorThatIsNoneIsNone() throws Exception {
    dropAt(begin.plus(KEPT).plus(WEEK));
    forgeAnchor(HashChain.GENESIS, ByteString.copyFromUtf8("nothing"));
    assertThat(problem().kind()).isEqualTo(Kind.GAP);
  }

  private void forgeAnchor(ByteString before, ByteString event) throws Exception {
    trail.alter(
        "UPDATE trail_node SET anchor_chain_before = ?, anchor_event = ?",
        before.toByteArray(),
        event.toByteArray());
  }

  private int dropAt(Instant now) throws Exception {
    trail.setTime(now);
    return trail.retaining(KEPT).run();
  }

  private Problem problem() throws Exception {
    return verify().problem().orElseThrow();
  }

  private Verification verify() throws Exception {
    return trail.verify(
        "n1",
        FakeEnrolment.of(Map.of("n1", List.of(NodeKey.of(key.getPublic().getEncoded())))),
        trail.clock().instant());
  }

  private static KeyPair pair() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
