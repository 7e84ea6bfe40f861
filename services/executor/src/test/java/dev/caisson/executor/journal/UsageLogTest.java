package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.proto.events.v1.UsageSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UsageLogTest {
  private static final long MAX_BYTES = 8 << 10;

  @TempDir Path directory;

  private UsageLog open(long epoch) {
    return UsageLog.open(
        new UsageLogSettings(
            directory, "node-1", epoch, Journals.BOOT, MAX_BYTES, 1_024, Duration.ZERO),
        Journals.CLOCK);
  }

  private static UsageSample.Builder sample(String sandbox) {
    return UsageSample.newBuilder().setSandboxUid(sandbox).setCgroupNanos(5);
  }

  @Test
  void countsForTheEpochAndForEachSandboxAcrossEpochs() {
    try (UsageLog log = open(3)) {
      assertThat(log.append(sample("a")).getSandboxSeq()).isEqualTo(1);
      assertThat(log.append(sample("b")).getSandboxSeq()).isEqualTo(1);
    }
    try (UsageLog log = open(7)) {
      UsageSample kept = log.append(sample("a").setLast(true));
      assertThat(kept.getNode()).isEqualTo("node-1");
      assertThat(kept.getEpoch()).isEqualTo(7);
      assertThat(kept.getSeq()).isEqualTo(1);
      assertThat(kept.getSandboxSeq()).isEqualTo(2);
      assertThat(log.append(sample("b")).getSandboxSeq()).isEqualTo(2);
      assertThat(log.append(sample("a")).getSandboxSeq()).isEqualTo(1);
    }
  }

  @Test
  void dropsTheOldestAndKeepsTheSequences() throws Exception {
    try (UsageLog log = open(1)) {
      log.append(sample("rare"));
      for (int i = 0; i < 2_000; i++) {
        log.append(sample("a"));
      }
      assertThat(size()).isLessThanOrEqualTo(MAX_BYTES + 1_024);
      assertThatThrownBy(() -> log.read(Position.BEFORE_ALL))
          .isInstanceOfSatisfying(
              PositionException.class,
              e -> assertThat(e.kind()).isEqualTo(PositionException.Kind.NOT_RETAINED));
      assertThat(readAll(log, 2_001).getLast().getSandboxSeq()).isEqualTo(2_000);
    }
    try (UsageLog log = open(2)) {
      assertThat(log.append(sample("rare")).getSandboxSeq()).isEqualTo(2);
      assertThat(log.append(sample("a")).getSandboxSeq()).isEqualTo(2_001);
    }
  }

  @Test
  void goesOnAfterACorruptRecord() throws IOException {
    try (UsageLog log = open(1)) {
      log.append(sample("a"));
      log.append(sample("a"));
    }
    Path segment = Journals.segments(directory).getFirst();
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length - 1] ^= 1;
    Files.write(segment, bytes);

    try (UsageLog log = open(2)) {
      assertThat(log.append(sample("a")).getSandboxSeq()).isEqualTo(2);
    }
  }

  @Test
  void refusesAnEpochThatHasBeen() {
    open(5).close();
    assertThatThrownBy(() -> open(5))
        .isInstanceOf(JournalException.class)
        .hasMessageContaining("already in epoch 5");
  }

  private static List<UsageSample> readAll(UsageLog log, long untilSeq)
      throws InterruptedException {
    PositionException refusal =
        org.assertj.core.api.Assertions.catchThrowableOfType(
            PositionException.class, () -> log.read(Position.BEFORE_ALL));
    try (JournalReader reader = log.read(refusal.nearest())) {
      List<LogRecord> records = new java.util.ArrayList<>();
      while (reader.position().seq() < untilSeq) {
        records.addAll(reader.take(1_000, 1 << 20));
      }
      assertThat(records).allMatch(r -> r.chain().isEmpty());
      return records.stream().map(UsageLogTest::parse).toList();
    }
  }

  private static UsageSample parse(LogRecord record) {
    try {
      return UsageSample.parseFrom(record.bytes());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private long size() throws IOException {
    long size = 0;
    for (Path segment : Journals.segments(directory)) {
      size += Files.size(segment);
    }
    return size;
  }
}
