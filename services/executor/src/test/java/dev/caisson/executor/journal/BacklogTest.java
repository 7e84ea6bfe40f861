package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In segments of 2 KiB, so that the records are in many. */
class BacklogTest {

  private static final int MANY = 100;

  @TempDir private Path directory;

  @Test
  void countsRecordsAcrossSegmentsAndEpochs() {
    long before = fill();
    try (Journal journal = Journals.open(directory)) {
      long last = append(journal);
      assertThat(journal.backlog(Position.BEFORE_ALL).records()).isEqualTo(before + last);
      for (long seq = 1; seq <= before; seq += 7) {
        assertThat(journal.backlog(new Position(1, seq)).records()).isEqualTo(before - seq + last);
      }
      assertThat(journal.backlog(new Position(2, last - 3)).records()).isEqualTo(3);
    }
  }

  @Test
  void knowsBytesInProportionAndTheOldestRecord() {
    try (Journal journal = Journals.open(directory)) {
      long last = append(journal);
      Backlog all = journal.backlog(Position.BEFORE_ALL);
      Backlog half = journal.backlog(new Position(1, last / 2));
      assertThat(all.bytes()).isGreaterThan(MANY * 50L);
      assertThat((double) half.bytes() / all.bytes()).isBetween(0.4, 0.6);
      assertThat(half.oldest().orElseThrow().position()).isEqualTo(new Position(1, last / 2 + 1));
    }
  }

  @Test
  void isNothingAtTheEnd() {
    try (Journal journal = Journals.open(directory)) {
      Position end = new Position(1, append(journal));
      Backlog none = journal.backlog(end);
      assertThat(none.records()).isZero();
      assertThat(none.bytes()).isZero();
      assertThat(none.oldest()).isEmpty();
      assertThat(journal.backlog(new Position(Long.MAX_VALUE, 1)).records()).isZero();
    }
  }

  @Test
  void beginsAfterWhatIsAcknowledgedAndWithWhatIsKept() {
    try (Journal journal = Journals.open(directory)) {
      long last = append(journal);
      journal.acknowledge(new Position(1, last - 5));
      Backlog backlog = journal.backlog(Position.BEFORE_ALL);
      assertThat(backlog.records()).isEqualTo(5);
      assertThat(backlog.oldest().orElseThrow().position()).isEqualTo(new Position(1, last - 4));
    }
  }

  private long fill() {
    try (Journal journal = Journals.open(directory)) {
      append(journal);
      return journal.durable().seq() + 1; // and the checkpoint of a clean end
    }
  }

  private static long append(Journal journal) {
    long seq = 0;
    for (int i = 0; i < MANY; i++) {
      seq = journal.append(Journals.event("s" + i % 3));
    }
    Journals.awaitDurable(journal, seq);
    return seq;
  }
}
