package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.caisson.executor.disk.Disk;
import dev.caisson.model.Checkpoint;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.JournalCheckpoint;
import dev.caisson.proto.events.v1.Phase;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
  @TempDir Path directory;

  @Test
  void aCleanEndIsSigned() {
    try (Journal journal = Journals.open(directory)) {
      journal.append(Journals.event("a"));
    }
    try (Journal next = Journals.open(directory)) {
      List<LogRecord> records = Journals.records(next, 1);
      Event signed = Journals.event(records.get(2));
      assertThat(signed.getPhase()).isEqualTo(Phase.OBSERVATION);
      assertThat(signed.hasSubject()).isFalse();
      assertThat(signed.getSandboxSeq()).isZero();
      assertThat(signed.getJournalCheckpoint().getSeq()).isEqualTo(2);
      assertThat(signed.getJournalCheckpoint().getChain()).isEqualTo(records.get(1).chain());
      assertThat(signed.getJournalCheckpoint().getLast()).isTrue();
      assertSigned(records, 1);
    }
  }

  @Test
  void anEmptyLifeAfterACheckpointIsSignedOnce() {
    Journals.open(directory).close();
    Journals.open(directory).close();
    try (Journal next = Journals.open(directory)) {
      assertSigned(Journals.records(next, 1), 2);
    }
  }

  @Test
  @Timeout(120)
  void isDueAfterSoManyRecords() {
    try (Journal journal = open(Journals.signed(10), new Disk())) {
      for (int i = 0; i < 9; i++) {
        journal.append(Journals.event("a"));
      }
      Journals.awaitDurable(journal, 11);
      assertSigned(Journals.records(journal, 11), 1);
    }
  }

  @Test
  @Timeout(120)
  void isDueSoLongAfterTheFirstRecordAndNotAgainForItselfAtOnce() {
    try (Journal journal = open(each(Duration.ofMillis(1), Journals.NEVER), new Disk())) {
      Journals.awaitDurable(journal, 2);
      journal.append(Journals.event("a"));
      Journals.awaitDurable(journal, 4);
      assertThat(Journals.records(journal, 4))
          .extracting(record -> Journals.event(record).hasJournalCheckpoint())
          .containsExactly(false, true, false, true);
    }
  }

  @Test
  @Timeout(120)
  void isMadeAgainAndAgainWhileNothingIsAdded() {
    Duration often = Duration.ofMillis(1);
    try (Journal journal = open(each(often, often), new Disk())) {
      Journals.awaitDurable(journal, 5);
      List<LogRecord> records = Journals.records(journal, 5).subList(0, 5);
      assertThat(records)
          .extracting(record -> Journals.event(record).hasJournalCheckpoint())
          .containsExactly(false, true, true, true, true);
      assertThat(records.stream().skip(1))
          .allSatisfy(record -> {
            JournalCheckpoint signed = Journals.event(record).getJournalCheckpoint();
            assertThat(signed.getSeq()).isEqualTo(record.position().seq() - 1);
            assertThat(signed.getLast()).isFalse();
          });
      assertSigned(records, 4);
    }
  }

  @Test
  @Timeout(120)
  void takesNothingOfTheReserveWhileNothingIsAdded() {
    JournalSettings settings = Journals.bounded(directory, FullMode.FAIL_CLOSED);
    Duration often = Duration.ofMillis(1);
    AtomicInteger asked = new AtomicInteger();
    Clock clock = counting(asked);
    try (Journal journal = open(settings, each(often, often), clock, new Disk())) {
      assertThatThrownBy(() -> fill(journal)).isInstanceOf(JournalFullException.class);
      Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> isSigned(journal));
      Position end = journal.durable();
      int before = asked.get();
      Awaitility.await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> asked.get() > before + 3); // signed, and not written
      assertThat(journal.durable()).isEqualTo(end);
      assertThat(journal.append(Journals.event("a"))).isEqualTo(end.seq() + 1);
    }
  }

  private static void fill(Journal journal) {
    while (true) {
      journal.append(Journals.event("a"), Urgency.NEW_WORK);
    }
  }

  /** Whether the last record vouches for all before it. */
  private static boolean isSigned(Journal journal) {
    Event last = Journals.event(Journals.records(journal, 1).getLast());
    return last.getJournalCheckpoint().getSeq() == last.getSeq() - 1;
  }

  private static Clock counting(AtomicInteger asked) {
    InstantSource source =
        () -> {
          asked.incrementAndGet();
          return Journals.CLOCK.instant();
        };
    return source.withZone(ZoneOffset.UTC);
  }

  private static Signing each(Duration interval, Duration idle) {
    return new Signing(Journals.KEY, 1_000, interval, idle);
  }

  @Test
  @Timeout(120)
  void isMadeLaterWhereTheDiskWasFull() {
    FullDisk disk = new FullDisk();
    try (Journal journal = open(each(Duration.ofMillis(5), Journals.NEVER), disk)) {
      Journals.awaitDurable(journal, 2);
      disk.failures.set(3);
      Awaitility.await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> {
            tryAppend(journal);
            return disk.failures.get() <= 0;
          });
      long last = journal.append(Journals.event("a"));
      Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> journal.durable().seq() > last);
      List<LogRecord> records = Journals.records(journal, last + 1);
      assertThat(Journals.event(records.getLast()).hasJournalCheckpoint()).isTrue();
      assertThat(verified(records)).isGreaterThanOrEqualTo(2);
    }
  }

  private static void tryAppend(Journal journal) {
    try {
      journal.append(Journals.event("a"));
    } catch (JournalException e) {
      assertThat(e).hasMessageContaining("No space");
    }
  }

  @Test
  void tellsItsKeyInEachEpoch() {
    try (Journal journal = Journals.open(directory)) {
      ExecutorStarted started = Journals.events(journal, 1).getFirst().getExecutorStarted();
      assertThat(started.getPublicKey().toByteArray())
          .isEqualTo(Journals.KEY.publicKey().encoded());
      assertThat(started.getKeyFingerprint().toByteArray())
          .isEqualTo(Journals.KEY.publicKey().fingerprint());
    }
  }

  /** Segments of 2 KiB, checkpoints each few records, lives that end well or are cut. */
  @Property(tries = 25)
  void everyHistoryIsSignedAcrossSegmentsAndLives(
      @ForAll @Size(min = 1, max = 4) List<@IntRange(max = 60) Integer> lives,
      @ForAll @IntRange(min = 1, max = 7) int every,
      @ForAll @IntRange(max = 200) int cut)
      throws IOException {
    Path home = Files.createTempDirectory("signed");
    try {
      for (int life : lives) {
        live(home, life, every);
        if (cut % 2 == 0) {
          JournalCrashTest.crash(home, cut);
        }
      }
      try (Journal journal = open(home, every)) {
        List<LogRecord> records = Journals.records(journal, 1);
        assertThat(Journals.chainHolds(records)).isTrue();
        long checkpoints =
            records.stream().filter(r -> Journals.event(r).hasJournalCheckpoint()).count();
        assertThat(verified(records)).isEqualTo(checkpoints);
      }
    } finally {
      JournalCrashTest.deleteTree(home);
    }
  }

  private static void live(Path home, int records, int every) {
    try (Journal journal = open(home, every)) {
      for (int i = 0; i < records; i++) {
        journal.append(Journals.event("s" + i % 3));
      }
    }
  }

  private static Journal open(Path home, long every) {
    return open(home, Journals.signed(every), new Disk());
  }

  private Journal open(Signing signing, Disk disk) {
    return open(directory, signing, disk);
  }

  private static Journal open(Path home, Signing signing, Disk disk) {
    return open(Journals.settings(home), signing, Journals.CLOCK, disk);
  }

  private static Journal open(JournalSettings settings, Signing signing, Clock clock, Disk disk) {
    AtomicInteger ids = new AtomicInteger();
    return Journal.open(
        settings,
        signing,
        clock,
        () -> ByteString.copyFromUtf8("%016d".formatted(ids.incrementAndGet())).toByteArray(),
        ExecutorStarted.newBuilder().setBootId(Journals.BOOT).build(),
        disk);
  }

  private static void assertSigned(List<LogRecord> records, long checkpoints) {
    assertThat(verified(records)).isEqualTo(checkpoints);
  }

  /** How many checkpoints there are, each of which holds: from what is documented alone. */
  private static long verified(List<LogRecord> records) {
    NodeKey key = Journals.KEY.publicKey();
    List<JournalCheckpoint> found = new ArrayList<>();
    for (LogRecord record : records) {
      if (!Journals.event(record).hasJournalCheckpoint()) {
        continue;
      }
      JournalCheckpoint signed = Journals.event(record).getJournalCheckpoint();
      Position place = new Position(signed.getEpoch(), signed.getSeq());
      assertThat(place).isLessThan(record.position());
      assertThat(place.epoch()).isEqualTo(record.position().epoch());
      assertThat(chainOf(records, place)).isEqualTo(signed.getChain());
      Checkpoint checkpoint =
          new Checkpoint(
              signed.getNode(),
              signed.getEpoch(),
              signed.getSeq(),
              HexFormat.of().formatHex(signed.getChain().toByteArray()),
              signed.getTime().getSeconds(),
              signed.getTime().getNanos(),
              signed.getLast());
      assertThat(key.verifies(checkpoint.message(), signed.getSignature().toByteArray())).isTrue();
      found.add(signed);
    }
    return found.size();
  }

  private static ByteString chainOf(List<LogRecord> records, Position place) {
    return records.stream()
        .filter(record -> record.position().equals(place))
        .map(LogRecord::chain)
        .findFirst()
        .orElseThrow();
  }

  private static final class FullDisk extends Disk {
    private final AtomicInteger failures = new AtomicInteger();

    @Override
    public void write(FileOutputStream out, byte[] bytes) throws IOException {
      if (failures.getAndDecrement() > 0) {
        throw new IOException("No space left on device");
      }
      super.write(out, bytes);
    }
  }
}
