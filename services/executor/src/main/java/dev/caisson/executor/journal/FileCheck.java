package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.model.Checkpoint;
import dev.caisson.model.NodeKey;
import dev.caisson.model.SignedChain;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.JournalCheckpoint;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Checks the files of a journal, which an executor may be writing meanwhile: checksums, chain,
 * sequences, signatures, up to the first record that does not hold. Only reads. For one thread, and
 * once.
 */
final class FileCheck {
  private final List<NodeKey> keys;
  private final List<Epoch> epochs = new ArrayList<>();
  private Optional<SignedChain> signed = Optional.empty();
  private String node = "";

  /** Before the oldest record that is kept. */
  private Position before = Position.BEFORE_ALL;

  private Position last = Position.BEFORE_ALL;
  private ByteString chain = ByteString.EMPTY;
  private long omitted;
  private Optional<Torn> torn = Optional.empty();

  private FileCheck(List<NodeKey> keys) {
    this.keys = keys;
  }

  /**
   * What was found.
   *
   * @param node as the records say; empty: there are none
   * @param signed the last record for which a checkpoint vouches
   * @param unsigned records after it
   * @param omitted events that the journal says it left out, for want of room
   * @param problem the first that does not hold; then the rest was not looked at
   */
  record Report(
      String node,
      List<Epoch> epochs,
      Position signed,
      long unsigned,
      long omitted,
      Optional<Torn> torn,
      Optional<Problem> problem) {}

  /** Records of one epoch that hold, checkpoints among them. */
  record Epoch(long epoch, long firstSeq, long lastSeq, long checkpoints) {
    long records() {
      return lastSeq - firstSeq + 1;
    }

    private Epoch with(long seq, boolean checkpoint) {
      return new Epoch(epoch, firstSeq, seq, checkpoints + (checkpoint ? 1 : 0));
    }
  }

  /** The last record is not whole: its writer died in it, or is at it. */
  record Torn(String segment, long offset, long bytes) {}

  /** Where, and why it does not hold. */
  record Problem(Position position, String segment, long offset, String reason) {}

  /**
   * Checks a directory.
   *
   * @param keys of the node, those that it had before among them
   * @throws IOException when it cannot be read at all
   */
  static Report check(Path directory, List<NodeKey> keys) throws IOException {
    FileCheck check = new FileCheck(keys);
    Optional<Problem> problem = check.segments(files(directory));
    return check.report(problem);
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(Segment.SUFFIX)).sorted().toList();
    }
  }

  private Report report(Optional<Problem> problem) {
    Position upTo =
        signed
            .map(check -> new Position(check.signedEpoch(), check.signedSeq()))
            .orElse(Position.BEFORE_ALL);
    long unsigned = signed.map(SignedChain::unsigned).orElse(0L);
    return new Report(node, List.copyOf(epochs), upTo, unsigned, omitted, torn, problem);
  }

  private Optional<Problem> segments(List<Path> files) throws IOException {
    for (Path file : files) {
      boolean isLast = file.equals(files.getLast());
      Optional<Problem> problem = segment(file, isLast);
      if (problem.isPresent()) {
        return problem;
      }
    }
    return Optional.empty();
  }

  private Optional<Problem> segment(Path file, boolean isLast) throws IOException {
    try {
      Segment segment = Segment.open(file);
      Optional<String> misfit = misfit(segment.header());
      if (misfit.isPresent()) {
        return problem(segment.header().first(), file, 0, misfit.get());
      }
      return records(segment, isLast);
    } catch (FileNotFoundException e) {
      if (epochs.isEmpty() && !Files.exists(file)) { // relayed, old enough, and deleted meanwhile
        return Optional.empty();
      }
      throw e;
    } catch (IOException | IllegalArgumentException e) {
      return problem(last.next(), file, 0, "its segment cannot be read: " + e.getMessage());
    }
  }

  /** Whether it does not follow the segment before. */
  private Optional<String> misfit(SegmentHeader header) {
    Position first = header.first();
    boolean begins =
        first.equals(header.previous().next())
            || (first.epoch() > header.previous().epoch() && first.seq() == 1);
    if (!begins || header.chainBefore().size() != Frame.CHAIN_BYTES) {
      return Optional.of("its segment's header is none of a journal's");
    }
    if (chain.isEmpty()) {
      return header.previous().equals(Position.BEFORE_ALL)
              && !header.chainBefore().equals(Frame.GENESIS)
          ? Optional.of("the chain does not begin with zeros")
          : Optional.empty();
    }
    return header.previous().equals(last) && header.chainBefore().equals(chain)
        ? Optional.empty()
        : Optional.of("its segment does not follow record " + last + ", the last one before");
  }

  private Optional<Problem> records(Segment segment, boolean isLast) throws IOException {
    if (chain.isEmpty()) {
      before = segment.header().previous();
    }
    chain = segment.header().chainBefore();
    last = segment.header().previous();
    long size = segment.durableBytes();
    try (SegmentReader reader = SegmentReader.open(segment)) {
      while (true) {
        long offset = reader.offset();
        Optional<LogRecord> record;
        try {
          record = reader.next(size);
        } catch (JournalCorruptException e) {
          return broken(segment, offset, size, isLast, e);
        }
        if (record.isEmpty()) {
          return Optional.empty();
        }
        Optional<String> flaw = accept(record.get());
        if (flaw.isPresent()) {
          return problem(record.get().position(), segment.file(), offset, flaw.get());
        }
      }
    }
  }

  private Optional<Problem> broken(
      Segment segment, long offset, long size, boolean isLast, JournalCorruptException e)
      throws IOException {
    if (isLast && LogRecovery.reachesTheEnd(segment, offset, size)) {
      torn = Optional.of(new Torn(segment.file().getFileName().toString(), offset, size - offset));
      return Optional.empty();
    }
    return problem(e.position(), segment.file(), offset, e.reason());
  }

  private Optional<String> accept(LogRecord record) {
    Event event;
    try {
      event = Event.parseFrom(record.bytes());
    } catch (InvalidProtocolBufferException _) {
      return Optional.of("its bytes are no event");
    }
    Optional<String> flaw = identity(record.position(), event).or(() -> signature(record, event));
    if (flaw.isEmpty()) {
      count(record.position(), event.hasJournalCheckpoint());
      omitted += event.getGap().getCount();
      last = record.position();
      chain = record.chain();
    }
    return flaw;
  }

  private Optional<String> identity(Position position, Event event) {
    if (node.isEmpty()) {
      node = event.getNode();
      signed = Optional.of(begin());
    }
    boolean same =
        event.getNode().equals(node)
            && event.getEpoch() == position.epoch()
            && event.getSeq() == position.seq();
    return same ? Optional.empty() : Optional.of("the event is of another node or position");
  }

  private SignedChain begin() {
    SignedChain check = new SignedChain(node, keys);
    if (!before.equals(Position.BEFORE_ALL)) {
      check.record(before.epoch(), before.seq(), chain.toByteArray());
    }
    return check;
  }

  /** What it signs is no longer kept: it can say nothing, and a later one vouches for all. */
  private boolean isOfDeleted(JournalCheckpoint said) {
    return said.getEpoch() == before.epoch()
        && Long.compareUnsigned(said.getSeq(), before.seq()) < 0;
  }

  private Optional<String> signature(LogRecord record, Event event) {
    SignedChain check = signed.orElseThrow();
    Position position = record.position();
    byte[] value = record.chain().toByteArray();
    if (!event.hasJournalCheckpoint() || isOfDeleted(event.getJournalCheckpoint())) {
      check.record(position.epoch(), position.seq(), value);
      return Optional.empty();
    }
    JournalCheckpoint said = event.getJournalCheckpoint();
    return check
        .checkpoint(
            position.epoch(),
            position.seq(),
            value,
            statement(said),
            said.getKeyFingerprint().toByteArray(),
            said.getSignature().toByteArray())
        .map(SignedChain.Flaw::message);
  }

  private static Checkpoint statement(JournalCheckpoint said) {
    return new Checkpoint(
        said.getNode(),
        said.getEpoch(),
        said.getSeq(),
        HexFormat.of().formatHex(said.getChain().toByteArray()),
        said.getTime().getSeconds(),
        said.getTime().getNanos(),
        said.getLast());
  }

  private void count(Position position, boolean checkpoint) {
    if (epochs.isEmpty() || epochs.getLast().epoch() != position.epoch()) {
      epochs.add(new Epoch(position.epoch(), position.seq(), position.seq(), checkpoint ? 1 : 0));
    } else {
      epochs.set(epochs.size() - 1, epochs.getLast().with(position.seq(), checkpoint));
    }
  }

  private static Optional<Problem> problem(Position at, Path file, long offset, String reason) {
    return Optional.of(new Problem(at, String.valueOf(file.getFileName()), offset, reason));
  }
}
