package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.types.v1.Actor;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Verifying by itself, a part after the other. */
abstract class WatchContract {

  private static final KeyPair KEY = pair();

  private final FakeJournal journal = new FakeJournal("n1").started().life("web", "nginx");
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private List<NodeKey> keys = List.of(key(KEY));
  private FakeTrail trail;
  private TrailWatch watch;
  private int stored;

  /** An empty trail. */
  abstract FakeTrail open() throws Exception;

  @BeforeEach
  void fill() throws Exception {
    trail = open();
    journal.sandboxCreated("db").created("db", "postgres").signed(KEY);
    trail.setTime(journal.now());
    watch = watch(registry);
    store();
  }

  @AfterEach
  void close() throws Exception {
    trail.close();
  }

  @Test
  void goesOnFromWhereItWas() throws Exception {
    run();
    assertThat(holds()).isTrue();
    journal.started("db", "postgres").exited("db", "postgres").deleted("db", "postgres");
    journal.sandboxDeleted("db").started().signed(KEY);
    store();
    run();
    assertThat(holds()).isTrue();
  }

  @Test
  void readsNothingTwice() throws Exception {
    run();
    trail.alter("UPDATE trail SET principal = 'x' WHERE seq = 3");
    run();
    assertThat(holds()).isTrue();
    assertThat(verify().kind()).isEqualTo(Problem.Kind.ALTERED);
  }

  @Test
  void findsWhatWasAlteredBeforeItCameToIt() throws Exception {
    run();
    store(journal.denied("db").denied("db").signed(KEY));
    trail.alter("UPDATE trail SET principal = 'x' WHERE seq = ?", journal.records().size() - 1);
    run();
    assertThat(holds()).isFalse();
    assertThat(problems("altered")).isEqualTo(1);
    run();
    assertThat(problems("altered")).as("told once").isEqualTo(1);
  }

  @Test
  void findsAForgeryWhoseChainIsInOrder() throws Exception {
    run();
    forge(journal.denied("db").signed(KEY));
    run();
    assertThat(holds()).isFalse();
    assertThat(problems("bad_signature")).isEqualTo(1);
  }

  @Test
  void findsALifeThatCannotBeAcrossTheParts() throws Exception {
    run();
    store(journal.started("db", "postgres").exited("db", "postgres", 1).signed(KEY));
    run();
    assertThat(holds()).isTrue();
    store(journal.exited("db", "postgres", 2).signed(KEY));
    run();
    assertThat(holds()).isFalse();
    assertThat(problems("order")).isEqualTo(1);
  }

  @Test
  void findsWhatComesAfterASandboxsDeletion() throws Exception {
    run();
    store(journal.denied("web").signed(KEY));
    run();
    assertThat(holds()).isFalse();
    assertThat(problems("order")).isEqualTo(1);
  }

  @Test
  void findsASilenceAndThatItEnds() throws Exception {
    run();
    trail.setTime(journal.now().plus(SignatureCheck.SILENCE).plusSeconds(60));
    run(trail.clock().instant());
    assertThat(holds()).isFalse();
    assertThat(problems("silent")).isEqualTo(1);
    journal.signed(KEY);
    store();
    run();
    assertThat(holds()).isTrue();
  }

  @Test
  void takesAKeyThatIsEnrolledMeanwhile() throws Exception {
    keys = List.of();
    run();
    assertThat(holds()).isFalse();
    assertThat(problems("unknown_key")).isEqualTo(1);
    keys = List.of(key(KEY));
    run();
    assertThat(holds()).isTrue();
  }

  @Test
  void looksAgainAtWhatDidNotHoldAfterAnHour() throws Exception {
    trail.alter("UPDATE trail SET principal = 'x' WHERE seq = 3");
    run();
    assertThat(holds()).isFalse();
    trail.alter("UPDATE trail SET principal = 'uid:1000' WHERE seq = 3");
    run();
    assertThat(holds()).isFalse();
    store(journal.ended(KEY));
    run(journal.now().plus(TrailWatch.AGAIN));
    assertThat(holds()).isTrue();
  }

  @Test
  void beginsAnewWhereADatabaseWasRestored() throws Exception {
    run();
    trail.alter("DELETE FROM trail WHERE seq > 12");
    run();
    store(journal.records().subList(12, stored));
    run();
    assertThat(holds()).isTrue();
    assertThat(problems()).isZero();
  }

  @Test
  void goesOnAfterWhatRetentionHasDropped() throws Exception {
    run();
    Duration kept = Duration.ofDays(30);
    trail.setTime(trail.clock().instant().plus(kept).plus(Duration.ofDays(15)));
    assertThat(trail.retaining(kept).run()).isPositive();
    store(journal.denied("db").ended(KEY));
    run(trail.clock().instant());
    assertThat(holds()).isTrue();
    assertThat(trail.count("trail")).isEqualTo(2);
  }

  @Test
  void severalDoNotMeet() throws Exception {
    List<Callable<Boolean>> runs = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      SimpleMeterRegistry own = new SimpleMeterRegistry();
      TrailWatch other = watch(own);
      runs.add(() -> {
        other.run();
        return holds(own);
      });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(runs.size())) {
      for (var one : threads.invokeAll(runs)) {
        assertThat(one.get()).isTrue();
      }
    }
  }

  @Test
  void nothingIsSaidOfANodeOfWhichNothingIsKnownToHaveArrived() throws Exception {
    TrailVerifier unsure =
        new TrailVerifier(
            trail.database, new Unproven(), new Current(), Duration.ZERO, trail.clock());
    new TrailWatch(unsure, trail.database, new Current(), new Findings(registry), trail.clock())
        .run();
    assertThat(registry.find("caisson.trail.holds").meters()).isEmpty();
    assertThat(problems()).isZero();
  }

  private static final class Unproven implements Horizon {
    @Override
    public Map<String, Position> settled(Map<String, Position> last) {
      return last;
    }

    @Override
    public Optional<Map<String, Position>> proven(Map<String, Position> last) {
      return Optional.empty();
    }
  }

  @Test
  void isAtAnEndWithMoreOpenIntentsThanANodeHas() throws Exception {
    for (int i = 0; i <= NodeWatch.MAX_OPEN_INTENTS; i++) {
      journal.intent("", "", event -> {});
    }
    store();
    NodeWatch flooded = new NodeWatch("n1", Optional.empty(), Optional.empty());
    Position end = new Position(1, journal.records().size());
    assertThat(flooded.advance(new TrailReader(trail.database), end, () -> false)).isFalse();
  }

  @Test
  void leavesTheRestToTheNextTimeWhenItIsToStop() throws Exception {
    watch.stop();
    run();
    assertThat(registry.find("caisson.trail.holds").meters()).isEmpty();
    assertThat(problems()).isZero();
  }

  private TrailWatch watch(SimpleMeterRegistry own) {
    Enrolment enrolment = new Current();
    TrailVerifier verifier =
        new TrailVerifier(
            trail.database, last -> last, enrolment, Duration.ofDays(30), trail.clock());
    return new TrailWatch(verifier, trail.database, enrolment, new Findings(own), trail.clock());
  }

  private void store(FakeJournal more) throws Exception {
    assertThat(more).isSameAs(journal);
    store();
  }

  /** What was added since the last time. */
  private void store() throws Exception {
    List<JournalRecord> records = journal.records();
    store(records.subList(stored, records.size()));
    stored = records.size();
  }

  private void store(List<JournalRecord> records) throws Exception {
    trail.store(records, new Current());
  }

  /** The same with another actor in the first of them, and a chain made anew. */
  private void forge(FakeJournal more) throws Exception {
    List<JournalRecord> forged = new ArrayList<>();
    ByteString chain = more.records().get(stored - 1).chain();
    for (JournalRecord record : more.records().subList(stored, more.records().size())) {
      Event.Builder event = Event.parseFrom(record.event()).toBuilder();
      if (!event.hasJournalCheckpoint()) {
        event.setActor(Actor.newBuilder().setPrincipal("uid:0"));
      }
      ByteString bytes = event.build().toByteString();
      chain = HashChain.next(chain, bytes);
      forged.add(new JournalRecord("n1", record.epoch(), record.seq(), bytes, chain));
    }
    store(forged);
  }

  /** When the last record was made. */
  private void run() throws Exception {
    run(journal.now());
  }

  private void run(Instant now) throws Exception {
    trail.setTime(now);
    watch.run();
  }

  private Problem verify() throws Exception {
    return trail.verify("n1", new Current(), journal.now()).problem().orElseThrow();
  }

  private boolean holds() {
    return holds(registry);
  }

  private static boolean holds(SimpleMeterRegistry registry) {
    return registry.get("caisson.trail.holds").tag("node", "n1").gauge().value() == 1;
  }

  private double problems() {
    return registry.find("caisson.trail.problems").counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  private double problems(String kind) {
    return registry.find("caisson.trail.problems").tag("kind", kind).counters().stream()
        .mapToDouble(Counter::count)
        .sum();
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

  /** By the keys as they are when they are asked for. */
  private final class Current implements Enrolment {
    @Override
    public Optional<List<NodeKey>> keys(String node) {
      return Optional.of(keys);
    }

    @Override
    public SortedMap<String, Instant> nodes() {
      return new TreeMap<>(Map.of("n1", Instant.EPOCH));
    }
  }
}
