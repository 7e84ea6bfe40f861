package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.executor.disk.Disk;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.SandboxDeleted;
import dev.caisson.proto.events.v1.Subject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Journals and events for tests. */
public final class Journals {
  static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);
  static final SigningKey KEY = SigningKey.generate();
  static final String BOOT = "5a6f2b1c-0000-4000-8000-000000000001";

  private Journals() {}

  /** Segments of 2 KiB, so that a few events fill one. */
  static JournalSettings settings(Path directory) {
    return new JournalSettings(
        directory,
        "node-1",
        Durability.GROUP,
        FullMode.FAIL_CLOSED,
        1 << 20,
        64 << 10,
        2_048,
        Duration.ZERO,
        Duration.ZERO);
  }

  static JournalSettings bounded(Path directory, FullMode mode) {
    return new JournalSettings(
        directory,
        "node-1",
        Durability.GROUP,
        mode,
        32 << 10,
        8 << 10,
        2_048,
        Duration.ZERO,
        Duration.ofDays(1));
  }

  static Journal open(Path directory) {
    return open(settings(directory), BOOT);
  }

  static Journal open(JournalSettings settings, String bootId) {
    ExecutorStarted started =
        ExecutorStarted.newBuilder().setVersion("1").setBootId(bootId).build();
    return Journal.open(settings, unsigned(), CLOCK, ids(), started, new Disk());
  }

  /** Long enough for nothing to be signed by time. */
  static final Duration NEVER = Duration.ofDays(1);

  /** Whose only checkpoint is the one at a clean end. */
  public static Signing unsigned() {
    return signed(Long.MAX_VALUE);
  }

  static Signing signed(long records) {
    return new Signing(KEY, records, NEVER, NEVER);
  }

  private static Supplier<byte[]> ids() {
    AtomicLong next = new AtomicLong();
    return () -> ByteBuffer.allocate(16).putLong(8, next.incrementAndGet()).array();
  }

  static Event.Builder event(String sandbox) {
    return Event.newBuilder()
        .setSubject(Subject.newBuilder().setTenant("t").setSandboxUid(sandbox))
        .setContainerStarted(ContainerStarted.newBuilder().setPid(42));
  }

  static Event.Builder deleted(String sandbox) {
    return event(sandbox).setSandboxDeleted(SandboxDeleted.getDefaultInstance());
  }

  static void awaitDurable(Journal journal, long seq) {
    try (JournalReader reader = journal.read(Position.BEFORE_ALL)) {
      while (reader.position().compareTo(new Position(journal.epoch(), seq)) < 0) {
        reader.take(1_000, 1 << 20);
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** All that is durable, once the record with a seq of this epoch is. */
  static List<LogRecord> records(Journal journal, long untilSeq) {
    awaitDurable(journal, untilSeq);
    try (JournalReader reader = journal.read(Position.BEFORE_ALL)) {
      List<LogRecord> all = new ArrayList<>();
      for (List<LogRecord> b = reader.poll(7, 1 << 20); !b.isEmpty(); b = reader.poll(7, 1 << 20)) {
        all.addAll(b);
      }
      return all;
    }
  }

  /** Those of records, without the checkpoints. */
  static List<Event> events(Journal journal, long untilSeq) {
    return records(journal, untilSeq).stream()
        .map(Journals::event)
        .filter(event -> !event.hasJournalCheckpoint())
        .toList();
  }

  static Event event(LogRecord record) {
    try {
      return Event.parseFrom(record.bytes());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  /** The first that does not follow from the ones before, by computing it anew. */
  static boolean chainHolds(List<LogRecord> records) {
    ByteString chain = ByteString.copyFrom(new byte[32]);
    for (LogRecord record : records) {
      chain = Frame.chain(chain, record.bytes());
      if (!chain.equals(record.chain())) {
        return false;
      }
    }
    return true;
  }

  static List<Path> segments(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(f -> f.toString().endsWith(".seg")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As a crash leaves it: the files without the mark of a clean close. */
  static void copyAsCrashed(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    for (Path segment : segments(from)) {
      Files.copy(segment, to.resolve(segment.getFileName()));
    }
  }
}
