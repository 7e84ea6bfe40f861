package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.caisson.proto.events.v1.Event;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalCrashTest {
  @TempDir Path directory;

  /** What a crash may cut: any number of bytes, here of the last three records. */
  @Test
  void keepsEveryWholeRecordWhereverTheFileEnds() throws IOException {
    Path original = directory.resolve("original");
    List<LogRecord> all;
    Path living = directory.resolve("living");
    try (Journal journal = Journals.open(living)) {
      for (int i = 0; i < 9; i++) {
        journal.intent(Journals.event("s" + i % 2));
      }
      all = Journals.records(journal, 10);
      Journals.copyAsCrashed(living, original);
    }
    long end = Files.size(Journals.segments(original).getLast());
    long cut = all.subList(7, 10).stream().mapToLong(r -> Frame.HEAD_BYTES + r.size()).sum();
    for (long size = end - cut; size <= end; size++) {
      assertRecovers(original, size, all);
    }
  }

  private void assertRecovers(Path original, long size, List<LogRecord> all) throws IOException {
    Path crashed = directory.resolve("crashed-" + size);
    Journals.copyAsCrashed(original, crashed);
    int whole = truncate(crashed, size, all);
    try (Journal journal = Journals.open(crashed)) {
      long seq = journal.append(Journals.event("s0"));
      List<LogRecord> records = Journals.records(journal, seq);
      Event started = Journals.event(records.get(whole));

      assertThat(records.subList(0, whole)).isEqualTo(all.subList(0, whole));
      assertThat(Journals.chainHolds(records)).isTrue();
      assertThat(records.getLast().position()).isEqualTo(new Position(2, 2));
      assertThat(started.getExecutorStarted().getPreviousSeq()).isEqualTo(whole);
      assertThat(started.getExecutorStarted().getPreviousEnd())
          .isEqualTo(size == sizeOf(original, all, whole) ? "crash" : "torn");
      assertThat(journal.openIntents()).hasSize(whole - 1);
      assertThat(Journals.event(records.getLast()).getSandboxSeq()).isEqualTo(whole / 2 + 1L);
    }
  }

  /** Of the last segment, with so many records of all. */
  private static long sizeOf(Path original, List<LogRecord> all, int whole) throws IOException {
    long later =
        all.subList(whole, all.size()).stream().mapToLong(r -> Frame.HEAD_BYTES + r.size()).sum();
    return Files.size(Journals.segments(original).getLast()) - later;
  }

  /** How many records are whole afterwards. */
  private static int truncate(Path crashed, long size, List<LogRecord> all) throws IOException {
    Path last = Journals.segments(crashed).getLast();
    long end = Files.size(last);
    int whole = all.size();
    for (long left = end; left > size; whole--) {
      left -= Frame.HEAD_BYTES + all.get(whole - 1).size();
    }
    try (RandomAccessFile file = new RandomAccessFile(last.toFile(), "rw")) {
      file.setLength(size);
    }
    return whole;
  }

  @Property(tries = 40)
  void anyHistoryOfLivesIsOneChainWithoutGaps(
      @ForAll @Size(min = 1, max = 5) List<@Size(max = 40) List<@IntRange(max = 3) Integer>> lives,
      @ForAll @IntRange(max = 300) int cut)
      throws IOException {
    Path home = Files.createTempDirectory("journal");
    try {
      for (List<Integer> life : lives) {
        live(home, life, cut);
      }
      try (Journal journal = Journals.open(home)) {
        assertConsistent(Journals.records(journal, 1));
      }
    } finally {
      deleteTree(home);
    }
  }

  private static void live(Path home, List<Integer> life, int cut) throws IOException {
    try (Journal journal = Journals.open(home)) {
      life.forEach(sandbox -> journal.append(Journals.event("s" + sandbox)));
    }
    if (cut % 2 == 0) {
      crash(home, cut);
    }
  }

  /** Loses the mark, and bytes of the last segment, as far as they are records'. */
  static void crash(Path home, int cut) throws IOException {
    Files.deleteIfExists(home.resolve(LogRecovery.CLEAN_MARK));
    Path last = Journals.segments(home).getLast();
    long records = Segment.open(last).recordsOffset();
    try (RandomAccessFile file = new RandomAccessFile(last.toFile(), "rw")) {
      file.setLength(Math.max(records, file.length() - cut));
    }
  }

  private static void assertConsistent(List<LogRecord> records) {
    assertThat(Journals.chainHolds(records)).isTrue();
    Position previous = Position.BEFORE_ALL;
    Map<String, Long> sandboxes = new TreeMap<>();
    for (LogRecord record : records) {
      Position at = record.position();
      assertThat(at)
          .isEqualTo(
              at.epoch() == previous.epoch() ? previous.next() : new Position(at.epoch(), 1));
      assertThat(at).isGreaterThan(previous);
      previous = at;
      Event event = Journals.event(record);
      if (event.hasSubject()) {
        assertThat(event.getSandboxSeq())
            .isEqualTo(sandboxes.merge(event.getSubject().getSandboxUid(), 1L, Long::sum));
      }
    }
  }

  static void deleteTree(Path home) throws IOException {
    try (var files = Files.walk(home)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void namesTheFirstRecordThatDoesNotHoldInTheLastSegment() throws IOException {
    try (Journal journal = Journals.open(directory)) {
      for (int i = 0; i < 4; i++) {
        journal.append(Journals.event("a"));
      }
      Journals.awaitDurable(journal, 5);
    }
    spoil(3);

    assertThatThrownBy(() -> Journals.open(directory))
        .isInstanceOfSatisfying(
            JournalCorruptException.class,
            e -> assertThat(e.position()).isEqualTo(new Position(1, 3)))
        .hasMessageContaining("its checksum does not match");
  }

  @Test
  void cutsWhatALossOfPowerLeftAndKeepsItAsEvidence() throws IOException {
    try (Journal journal = Journals.open(directory)) {
      for (int i = 0; i < 4; i++) {
        journal.append(Journals.event("a"));
      }
      Journals.awaitDurable(journal, 5);
    }
    spoil(3);

    try (Journal journal = Journals.open(Journals.settings(directory), "another-boot")) {
      List<Event> events = Journals.events(journal, 1);
      assertThat(events).hasSize(3);
      assertThat(events.getLast().getExecutorStarted().getPreviousEnd()).isEqualTo("torn");
      assertThat(events.getLast().getExecutorStarted().getPreviousSeq()).isEqualTo(2);
      try (var files = Files.list(directory)) {
        assertThat(files.filter(f -> f.toString().endsWith(LogRecovery.CUT_SUFFIX))).hasSize(1);
      }
    }
  }

  @Test
  void namesTheFirstRecordThatDoesNotHoldInAnEarlierSegment() throws IOException {
    Journals.open(directory).close();
    Path first = Journals.segments(directory).getFirst();
    try (Journal journal = Journals.open(directory)) {
      flip(first, Files.size(first) - 1);
      assertThatThrownBy(() -> Journals.records(journal, 1))
          .isInstanceOfSatisfying(
              JournalCorruptException.class,
              e -> assertThat(e.position()).isEqualTo(new Position(1, 2)));
    }
  }

  @Test
  void findsAForgedRecordWhoseChecksumWasMadeAnew() throws IOException {
    try (Journal journal = Journals.open(directory)) {
      journal.append(Journals.event("a"));
      Journals.awaitDurable(journal, 2);
    }
    Path file = Journals.segments(directory).getFirst();
    Segment segment = Segment.open(file);
    try (SegmentReader reader = SegmentReader.open(segment);
        RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      LogRecord good = reader.next(segment.durableBytes()).orElseThrow();
      byte[] forged = good.bytes().toByteArray();
      forged[forged.length - 1] ^= 1;
      LogRecord bad =
          new LogRecord(
              good.position(), com.google.protobuf.ByteString.copyFrom(forged), good.chain());
      out.seek(segment.recordsOffset());
      out.write(Frame.encode(bad));
    }
    assertThatThrownBy(() -> Journals.open(directory))
        .isInstanceOf(JournalCorruptException.class)
        .hasMessageContaining("its chain value does not follow");
  }

  @Test
  void refusesASegmentWithoutAHeader() throws IOException {
    Journals.open(directory).close();
    flip(Journals.segments(directory).getFirst(), 20);

    assertThatThrownBy(() -> Journals.open(directory))
        .isInstanceOf(JournalException.class)
        .hasMessageContaining("Failed to read the header of");
  }

  /** /proc/thread-self/io counts what this thread reads, whatever it reads it with. */
  @Test
  void opensWithoutReadingWhatIsBetweenTheOldestAndTheNewestSegment() throws IOException {
    Path counters = Path.of("/proc/thread-self/io");
    assumeThat(Files.exists(counters)).as("the kernel counts what a thread reads").isTrue();
    Path few = journalOf(8, directory.resolve("few"));
    Path many = journalOf(80, directory.resolve("many"));
    Journals.open(few).close(); // with all classes that it needs
    long ofFew = readToOpen(few, counters);
    long ofMany = readToOpen(many, counters);

    assertThat(Journals.segments(many)).hasSizeGreaterThanOrEqualTo(80);
    assertThat(ofMany).as("bytes; %s with few segments", ofFew).isLessThan(ofFew + 1_024);
    assertThat(ofFew).isPositive();
  }

  private static Path journalOf(int segments, Path home) {
    try (Journal journal = Journals.open(home)) {
      while (Journals.segments(home).size() < segments) {
        journal.append(Journals.event("a"));
      }
      long last = journal.append(Journals.event("a"));
      assertThat(Journals.records(journal, last)).hasSizeGreaterThan(segments);
    }
    try (Journal journal = Journals.open(home)) { // whose last segment is as long in any of them
      journal.append(Journals.event("a"));
    }
    return home;
  }

  private static long readToOpen(Path home, Path counters) throws IOException {
    long before = charactersRead(counters);
    Journal journal = Journals.open(home);
    long after = charactersRead(counters);
    journal.close();
    return after - before;
  }

  private static long charactersRead(Path counters) throws IOException {
    return Files.readAllLines(counters).stream()
        .filter(line -> line.startsWith("rchar: "))
        .mapToLong(line -> Long.parseLong(line.substring(7)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void namesASegmentWithoutAHeaderOnceSomebodyReadsIt() throws Exception {
    Path home = journalOf(8, directory.resolve("damaged"));
    Path damaged = Journals.segments(home).get(3);
    flip(damaged, 20);

    try (Journal journal = Journals.open(home)) {
      long last = journal.append(Journals.event("a"));
      assertThatThrownBy(() -> Journals.records(journal, last))
          .isInstanceOf(JournalException.class)
          .hasMessageContaining("Failed to read the header of")
          .hasMessageContaining(damaged.getFileName().toString());
    }
    assertThat(FileCheck.check(home, List.of(Journals.KEY.publicKey())).problem().orElseThrow())
        .extracting(FileCheck.Problem::segment)
        .isEqualTo(damaged.getFileName().toString());
  }

  @Test
  void removesASegmentThatWasNeverFinished() throws IOException {
    Journals.open(directory).close();
    Path unfinished = directory.resolve(Segment.name(new Position(2, 1)) + SegmentWriter.TEMPORARY);
    Files.writeString(unfinished, "half a header");
    Journals.open(directory).close();

    assertThat(unfinished).doesNotExist();
  }

  /** Changes the last byte of a record of the only segment. */
  private void spoil(int seq) throws IOException {
    Path file = Journals.segments(directory).getFirst();
    Segment segment = Segment.open(file);
    try (SegmentReader reader = SegmentReader.open(segment)) {
      for (int i = 0; i < seq; i++) {
        reader.next(segment.durableBytes());
      }
      flip(file, reader.offset() - 1);
    }
  }

  private static void flip(Path file, long offset) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(offset);
      int value = bytes.read();
      bytes.seek(offset);
      bytes.write(value ^ 0x40);
    }
  }
}
