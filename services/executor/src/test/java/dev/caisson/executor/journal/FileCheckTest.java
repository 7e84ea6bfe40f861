package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.executor.journal.FileCheck.Epoch;
import dev.caisson.executor.journal.FileCheck.Problem;
import dev.caisson.executor.journal.FileCheck.Report;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.events.v1.Event;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileCheckTest {
  private static final List<NodeKey> KEYS = List.of(Journals.KEY.publicKey());

  @TempDir Path directory;

  /** Two lives over several segments; 1/32 and 2/3 are checkpoints. */
  @BeforeEach
  void journal() {
    try (Journal journal = Journals.open(directory)) {
      for (int i = 0; i < 30; i++) {
        journal.append(Journals.event("a"));
      }
    }
    try (Journal journal = Journals.open(directory)) {
      journal.append(Journals.event("a"));
    }
  }

  @Test
  void everythingThatWasWrittenHolds() throws IOException {
    Report report = check();
    assertThat(report.problem()).isEmpty();
    assertThat(report.torn()).isEmpty();
    assertThat(report.node()).isEqualTo("node-1");
    assertThat(report.epochs()).containsExactly(new Epoch(1, 1, 32, 1), new Epoch(2, 1, 3, 1));
    assertThat(report.signed()).isEqualTo(new Position(2, 2));
    assertThat(report.unsigned()).isZero();
    assertThat(Journals.segments(directory)).hasSizeGreaterThan(2);
  }

  @Test
  void anEmptyDirectoryHolds() throws IOException {
    Report report = FileCheck.check(Files.createDirectory(directory.resolve("empty")), KEYS);
    assertThat(report.problem()).isEmpty();
    assertThat(report.epochs()).isEmpty();
  }

  @Test
  void aJournalThatIsBeingWrittenHolds() throws IOException {
    try (Journal journal = Journals.open(directory)) {
      journal.append(Journals.event("b"));
      assertThat(check().problem()).isEmpty();
      assertThat(check().unsigned()).isEqualTo(2);
    }
  }

  @Test
  void whatIsLeftOnceOldSegmentsAreDeletedHolds() throws IOException {
    for (int left = Journals.segments(directory).size(); left > 1; left--) {
      Files.delete(Journals.segments(directory).getFirst());
      assertThat(check().problem()).isEmpty();
      assertThat(check().signed()).isEqualTo(new Position(2, 2));
    }
  }

  @Test
  void aTornTailIsToldAndNoFault() throws IOException {
    Path last = Journals.segments(directory).getLast();
    long whole = Files.size(last);
    try (RandomAccessFile file = new RandomAccessFile(last.toFile(), "rw")) {
      file.setLength(whole - 5);
    }
    Report report = check();
    assertThat(report.problem()).isEmpty();
    assertThat(report.torn().orElseThrow().segment()).isEqualTo(last.getFileName().toString());
    assertThat(report.torn().orElseThrow().offset() + report.torn().orElseThrow().bytes())
        .isEqualTo(whole - 5);
    assertThat(report.epochs().getLast()).isEqualTo(new Epoch(2, 1, 2, 0));
    assertThat(report.unsigned()).as("after 1/31, without the checkpoint").isEqualTo(2);
  }

  @Test
  void namesAChangedByteBySegmentAndOffset() throws IOException {
    Path file = Journals.segments(directory).get(1);
    Segment segment = Segment.open(file);
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(segment.recordsOffset() + 60);
      int value = bytes.read();
      bytes.seek(segment.recordsOffset() + 60);
      bytes.write(value ^ 1);
    }
    Problem problem = check().problem().orElseThrow();
    assertThat(problem.position()).isEqualTo(segment.header().first());
    assertThat(problem.segment()).isEqualTo(file.getFileName().toString());
    assertThat(problem.offset()).isEqualTo(segment.recordsOffset());
    assertThat(problem.reason()).contains("checksum");
  }

  @Test
  void namesTheSegmentAfterAMissingOne() throws IOException {
    Files.delete(Journals.segments(directory).get(1));
    Path after = Journals.segments(directory).get(1);
    assertProblem(Segment.open(after).header().first(), "does not follow record");
  }

  @Test
  void namesASegmentWithoutAHeader() throws IOException {
    Files.write(Journals.segments(directory).get(1), new byte[100]);
    assertThat(check().problem().orElseThrow().reason()).contains("cannot be read");
  }

  @Test
  void namesASegmentWhoseHeaderSaysWhatCannotBe() throws IOException {
    Path file = Journals.segments(directory).get(1);
    SegmentHeader good = Segment.open(file).header();
    byte[] forged = good.encode();
    forged[16] = -1; // the first byte of the epoch
    CRC32C crc = new CRC32C();
    crc.update(forged, 16, forged.length - 16);
    ByteBuffer.wrap(forged).putInt(12, (int) crc.getValue());
    Files.write(file, forged);
    assertThat(check().problem().orElseThrow().reason()).contains("must not be negative");
  }

  /** With checksums and chain made anew throughout: only the signature is left. */
  @Test
  void namesTheCheckpointAfterARecordThatWasForgedWithAllThatFollows() throws IOException {
    forge(events -> events.set(9, events.get(9).toBuilder().clearSubject().build()));
    assertProblem(new Position(1, 32), "is not the chain value of record 1.31");
  }

  @Test
  void namesTheCheckpointAfterADroppedRecord() throws IOException {
    forge(events -> events.remove(9));
    assertProblem(new Position(1, 31), "is not the chain value of record 1.31");
  }

  @Test
  void namesACheckpointWhoseSignatureWasChanged() throws IOException {
    forge(events -> {
      Event.Builder event = events.get(31).toBuilder();
      event.getJournalCheckpointBuilder().setSignature(ByteString.copyFrom(new byte[64]));
      events.set(31, event.build());
    });
    assertProblem(new Position(1, 32), "The signature is not");
  }

  @Test
  void namesTheFirstCheckpointOfAnotherKey() throws IOException {
    List<NodeKey> others = List.of(SigningKey.generate().publicKey());
    Problem problem = FileCheck.check(directory, others).problem().orElseThrow();
    assertThat(problem.position()).isEqualTo(new Position(1, 32));
    assertThat(problem.reason()).contains("a key that is not the node's");
  }

  private Report check() throws IOException {
    return FileCheck.check(directory, KEYS);
  }

  private void assertProblem(Position position, String reason) throws IOException {
    Problem problem = check().problem().orElseThrow();
    assertThat(problem.reason()).contains(reason);
    assertThat(problem.position()).isEqualTo(position);
  }

  /** Writes the first epoch anew, as one segment, and leaves the second out. */
  private void forge(Consumer<List<Event>> forgery) throws IOException {
    List<Event> events = new ArrayList<>();
    for (Path file : Journals.segments(directory)) {
      Segment segment = Segment.open(file);
      try (SegmentReader reader = SegmentReader.open(segment)) {
        for (var r = reader.next(segment.durableBytes());
            r.isPresent() && r.get().position().epoch() == 1;
            r = reader.next(segment.durableBytes())) {
          events.add(Journals.event(r.get()));
        }
      }
    }
    SegmentHeader header = Segment.open(Journals.segments(directory).getFirst()).header();
    forgery.accept(events);
    for (Path file : Journals.segments(directory)) {
      Files.delete(file);
    }
    ByteArrayOutputStream forged = new ByteArrayOutputStream();
    forged.write(header.encode());
    ByteString chain = Frame.GENESIS;
    for (int i = 0; i < events.size(); i++) {
      ByteString bytes = events.get(i).toBuilder().setSeq(i + 1L).build().toByteString();
      chain = Frame.chain(chain, bytes);
      forged.write(Frame.encode(new LogRecord(new Position(1, i + 1L), bytes, chain)));
    }
    Files.write(directory.resolve(Segment.name(header.first())), forged.toByteArray());
  }
}
