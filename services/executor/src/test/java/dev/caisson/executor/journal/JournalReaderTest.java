package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class JournalReaderTest {
  private static final int RECORDS = 500;

  @TempDir Path directory;

  @Test
  @Timeout(120)
  void twoReadersFollowAWriterAcrossSegments() throws Exception {
    try (Journal journal = Journals.open(directory);
        var threads = Executors.newFixedThreadPool(2)) {
      List<Future<List<LogRecord>>> readers = new ArrayList<>();
      for (int r = 0; r < 2; r++) {
        readers.add(threads.submit(() -> follow(journal)));
      }
      for (int i = 1; i < RECORDS; i++) {
        journal.append(Journals.event("a"));
      }
      assertThat(readers.get(0).get()).isEqualTo(readers.get(1).get());
      assertThat(Journals.chainHolds(readers.get(0).get())).isTrue();
      assertThat(Journals.segments(directory)).hasSizeGreaterThan(5);
    }
  }

  private static List<LogRecord> follow(Journal journal) throws InterruptedException {
    List<LogRecord> all = new ArrayList<>();
    try (JournalReader reader = journal.read(Position.BEFORE_ALL)) {
      while (all.size() < RECORDS) {
        all.addAll(reader.take(13, 1 << 20));
      }
    }
    return all;
  }

  @Test
  void goesOnAfterEveryPosition() {
    Journals.open(directory).close();
    try (Journal journal = Journals.open(directory)) {
      for (int i = 0; i < 50; i++) {
        journal.append(Journals.event("a"));
      }
      List<LogRecord> all = Journals.records(journal, 51);
      for (int i = 0; i < all.size(); i++) {
        try (JournalReader reader = journal.read(all.get(i).position())) {
          assertThat(reader.poll(1_000, 1 << 20)).isEqualTo(all.subList(i + 1, all.size()));
        }
      }
    }
  }

  @Test
  void boundsABatchByRecordsAndByBytes() {
    try (Journal journal = Journals.open(directory)) {
      for (int i = 0; i < 50; i++) {
        journal.append(Journals.event("a"));
      }
      Journals.awaitDurable(journal, 51);
      try (JournalReader reader = journal.read(Position.BEFORE_ALL)) {
        assertThat(reader.poll(10, 1 << 20)).hasSize(10);
        assertThat(reader.poll(10, 1)).hasSize(1);
        assertThat(reader.position()).isEqualTo(new Position(1, 11));
      }
    }
  }

  @Test
  void refusesPositionsThatWereNeverGivenOut() {
    Journals.open(directory).close();
    try (Journal journal = Journals.open(directory)) {
      Journals.awaitDurable(journal, 1);
      assertKind(journal, new Position(2, 2), PositionException.Kind.AHEAD);
      assertKind(journal, new Position(3, 1), PositionException.Kind.AHEAD);
      assertKind(journal, new Position(1, 9), PositionException.Kind.AHEAD);
      assertKind(journal, new Position(0, 9), PositionException.Kind.AHEAD);
    }
  }

  @Test
  void refusesAPositionWhoseSuccessorIsDeleted() {
    try (Journal journal = Journals.open(directory)) {
      for (int i = 0; i < 100; i++) {
        journal.append(Journals.event("a"));
      }
      Journals.awaitDurable(journal, 101);
      try (JournalReader slow = journal.read(Position.BEFORE_ALL)) {
        assertThat(slow.poll(1, 1)).hasSize(1);
        journal.acknowledge(new Position(1, 101));
        assertThat(slow.poll(1, 1)).as("its segment is still open").hasSize(1);
        assertThatThrownBy(() -> slow.poll(1_000, 1 << 20))
            .isInstanceOfSatisfying(
                PositionException.class,
                e -> assertThat(e.kind()).isEqualTo(PositionException.Kind.NOT_RETAINED));
      }
      assertKind(journal, Position.BEFORE_ALL, PositionException.Kind.NOT_RETAINED);
      assertThat(Journals.segments(directory)).hasSize(1);
    }
  }

  @Test
  @Timeout(120)
  void endsWithTheJournal() throws Exception {
    Journal journal = Journals.open(directory);
    try (JournalReader reader = journal.read(Position.BEFORE_ALL);
        var threads = Executors.newSingleThreadExecutor()) {
      assertThat(reader.take(10, 1 << 20)).hasSize(1);
      Future<List<LogRecord>> waiting =
          threads.submit(() -> {
            assertThat(reader.take(10, 1 << 20)).as("the last checkpoint").hasSize(1);
            return reader.take(10, 1 << 20);
          });
      journal.close();
      assertThatThrownBy(waiting::get).hasCauseInstanceOf(JournalException.class);
    }
  }

  private static void assertKind(Journal journal, Position position, PositionException.Kind kind) {
    assertThatThrownBy(() -> journal.read(position))
        .isInstanceOfSatisfying(PositionException.class, e -> assertThat(e.kind()).isEqualTo(kind));
  }
}
