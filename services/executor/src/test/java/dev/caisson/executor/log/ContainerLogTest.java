package dev.caisson.executor.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.stdio.OutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerLogTest {
  private static final LogSettings SMALL = new LogSettings(64 * 1024, 2);

  @TempDir private Path base;
  private LogThreads threads;
  private Path directory;

  @BeforeEach
  void open() {
    threads = new LogThreads();
    directory = base.resolve("logs/c");
  }

  @AfterEach
  void close() {
    threads.close();
  }

  private ContainerLog log() {
    return new ContainerLog(directory, SMALL, threads, Clock.systemUTC());
  }

  private static void put(ContainerLog log, String text) {
    log.output(OutputStream.STDOUT, ByteString.copyFromUtf8(text));
  }

  /** What was put out so far is in the files. */
  private void written(ContainerLog log, String last) throws Exception {
    ReadEntries reader = ReadEntries.of(log, ReadEntries.ALL, threads);
    put(log, last + "\n");
    ReadEntries.awaitThat(() -> reader.texts().contains(last));
    assertThat(reader.texts()).contains(last);
    reader.leave();
  }

  private List<String> all(ContainerLog log) throws Exception {
    ReadEntries reader = read(log, OptionalLong.empty(), Instant.EPOCH);
    return reader.texts();
  }

  private ReadEntries read(ContainerLog log, OptionalLong tail, Instant since) throws Exception {
    ReadEntries reader = ReadEntries.of(log, new LogReader.Selection(false, tail, since), threads);
    assertThat(reader.end()).isEqualTo("completed");
    return reader;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  @Test
  void keepsTheNewestFilesAndNoneTooLarge() throws Exception {
    ContainerLog log = log();
    String line = "x".repeat(1000);
    for (int i = 0; i < 500; i++) {
      put(log, line + "\n");
    }
    written(log, "last");
    assertThat(files()).hasSize(2);
    assertThat(files()).allMatch(file -> file.toFile().length() <= SMALL.maxBytes());
    assertThat(files().getFirst().getFileName().toString()).matches("00000000\\d\\d\\.log");
    assertThat(all(log).getLast()).isEqualTo("last");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(files().getLast())))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
    log.remove();
    assertThat(directory).doesNotExist();
  }

  @Test
  void readsOnlyTheLastLinesAcrossFiles() throws Exception {
    ContainerLog log = log();
    String padding = " " + "x".repeat(1000);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      lines.add(i + padding);
      put(log, lines.getLast() + "\n");
    }
    written(log, "last");
    lines.add("last");
    assertThat(files()).hasSize(2);
    for (int tail : new int[] {0, 1, 2, 50, 90, 101, 1000}) {
      assertThat(read(log, OptionalLong.of(tail), Instant.EPOCH).texts())
          .isEqualTo(lines.subList(Math.max(0, lines.size() - tail), lines.size()));
    }
    assertThat(read(log, OptionalLong.of(Long.MAX_VALUE), Instant.EPOCH).texts()).isEqualTo(lines);
    assertThat(read(log, OptionalLong.empty(), Instant.now().plusSeconds(60)).texts()).isEmpty();
  }

  @Test
  void thoseWhoCountMuchLeaveOthersTheirTurns() throws Exception {
    Files.createDirectories(directory);
    String line = "2016-10-06T00:17:09.669794202Z stdout F " + "x".repeat(10_000) + "\n";
    Files.writeString(directory.resolve("0000000001.log"), line.repeat(3000));
    ContainerLog large = log();
    large.resume(false);
    ContainerLog small =
        new ContainerLog(base.resolve("logs/d"), SMALL, threads, Clock.systemUTC());
    written(small, "small");
    LogReader.Selection much = new LogReader.Selection(true, OptionalLong.of(2000), Instant.EPOCH);
    CompletableFuture<?> gate = new CompletableFuture<>();
    threads.readers().execute(gate::join);
    threads.readers().execute(gate::join);
    ReadEntries first = ReadEntries.of(large, much, threads);
    ReadEntries second = ReadEntries.of(large, much, threads);
    CompletableFuture<Boolean> overtaken = new CompletableFuture<>();
    ReadEntries last =
        new ReadEntries(
            small,
            new LogReader.Selection(false, OptionalLong.of(1), Instant.EPOCH),
            threads,
            Integer.MAX_VALUE,
            () -> overtaken.complete(first.entries.isEmpty() && second.entries.isEmpty()));
    gate.complete(null);
    assertThat(last.end()).isEqualTo("completed");
    assertThat(last.texts()).containsExactly("small");
    assertThat(overtaken).as("they still counted").isCompletedWithValue(true);
    large.processEnded();
    assertThat(first.end()).isEqualTo("completed");
    assertThat(second.end()).isEqualTo("completed");
    assertThat(first.entries).hasSize(2000);
    assertThat(second.entries).hasSize(2000);
  }

  @Test
  void followsAcrossRotationsUntilTheEnd() throws Exception {
    ContainerLog log = log();
    ReadEntries reader = ReadEntries.of(log, ReadEntries.ALL, threads);
    for (int i = 0; i < 40; i++) {
      written(log, "line " + i + " " + "x".repeat(10_000));
    }
    put(log, "without end");
    log.processEnded();
    assertThat(reader.end()).isEqualTo("completed");
    assertThat(reader.entries).hasSize(41).noneMatch(LogEntry::isNotice);
    assertThat(reader.entries.getLast().partial()).isTrue();
    assertThat(log.extent().last()).isGreaterThan(5);
  }

  @Test
  void tellsOneWhoIsSlowerThanRotation() throws Exception {
    ContainerLog log = log();
    written(log, "first");
    ReadEntries slow = new ReadEntries(log, ReadEntries.ALL, threads, 1);
    for (int i = 0; i < 40; i++) {
      written(log, "line " + i + " " + "x".repeat(10_000));
    }
    log.processEnded();
    slow.take(Integer.MAX_VALUE);
    assertThat(slow.end()).isEqualTo("completed");
    assertThat(slow.texts().getFirst()).isEqualTo("first");
    assertThat(slow.entries.get(1).isNotice()).isTrue();
    assertThat(slow.texts().get(1)).contains("deleted by rotation");
    assertThat(slow.texts().getLast()).startsWith("line 39 ");
    assertThat(slow.entries.stream().filter(LogEntry::isNotice)).hasSize(1);
  }

  @Test
  void tellsOneWhoFollowsThatItIsRemoved() throws Exception {
    ContainerLog log = log();
    ReadEntries reader = ReadEntries.of(log, ReadEntries.ALL, threads);
    written(log, "x");
    log.remove();
    assertThat(reader.end()).isEqualTo("removed");
    put(log, "late\n");
    assertThat(ReadEntries.of(log, ReadEntries.ALL, threads).end()).isEqualTo("removed");
    assertThat(directory).doesNotExist();
  }

  /** Who meets the files' removal half-way has not read all. */
  @Test
  void tellsOneWhoFindsAFileGoneOfItsRemoval() throws Exception {
    ContainerLog log = log();
    written(log, "one");
    ReadEntries reader = new ReadEntries(log, ReadEntries.ALL, threads, 1);
    reader.awaitEntries(1);
    written(log, "two");
    log.processEnded();
    ReadEntries.of(log, ReadEntries.ALL, threads).end();
    synchronized (log) {
      for (Path file : files()) {
        Files.delete(file);
      }
      reader.take(Integer.MAX_VALUE);
      awaitReaderThatWaits(reader);
      log.remove();
    }
    assertThat(reader.end()).isEqualTo("removed");
    assertThat(reader.texts()).containsExactly("one");
  }

  private static void awaitReaderThatWaits(ReadEntries reader) {
    ReadEntries.awaitThat(() -> reader.end.isDone() || oneReaderWaits());
  }

  private static boolean oneReaderWaits() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("log-reader-"))
        .anyMatch(thread -> thread.getState() == Thread.State.BLOCKED);
  }

  @Test
  void cutsALineThatAnEarlierLifeHadOnlyBegun() throws Exception {
    ContainerLog before = log();
    written(before, "whole");
    Files.writeString(files().getLast(), "2016-10-06T00:17:09Z stdo", StandardOpenOption.APPEND);
    ContainerLog after = log();
    after.resume(true);
    written(after, "next");
    assertThat(all(after).getFirst()).isEqualTo("whole");
    assertThat(all(after).get(1)).contains("up to 64 KiB");
    assertThat(all(after).get(2)).isEqualTo("next");
    assertThat(Files.readAllLines(files().getLast(), StandardCharsets.UTF_8).get(1))
        .contains(" stderr F:restart ");
  }

  @Test
  void goesOnWithTheHighestNumber() throws Exception {
    Files.createDirectories(directory);
    Files.createFile(directory.resolve("0000000007.log"));
    Files.createFile(directory.resolve("0000000009.log"));
    Files.writeString(directory.resolve("0000000009.log"), "\0".repeat(100_000));
    Files.createFile(directory.resolve("other"));
    ContainerLog log = log();
    log.resume(false);
    written(log, "next");
    assertThat(log.extent().last()).isGreaterThanOrEqualTo(9);
    assertThat(all(log)).contains("next");
  }

  @Test
  void saysHowMuchWasLostAsSoonAsTheDiskTakesSomethingAgain() throws Exception {
    Files.createDirectories(base.resolve("logs"));
    Files.createFile(directory); // in the place of the directory
    ContainerLog log = log();
    put(log, "lost\n");
    settle(log);
    put(log, "lost too\nand this");
    settle(log);
    log.output(OutputStream.STDERR, ByteString.copyFromUtf8("12345\n"));
    settle(log);
    Files.delete(directory);
    ReadEntries reader = ReadEntries.of(log, ReadEntries.ALL, threads); // none could before
    put(log, " is kept\n");
    log.processEnded();
    assertThat(reader.end()).isEqualTo("completed");
    assertThat(reader.texts().getFirst()).startsWith("20 bytes of output are missing before this:");
    assertThat(reader.entries.getFirst().note()).isEqualTo("lost");
    assertThat(reader.texts().getLast()).isEqualTo("and this is kept");
    assertThat(reader.entries).hasSize(2);
  }

  /** All that was handed over has been dealt with. */
  private static void settle(ContainerLog log) {
    ReadEntries.awaitThat(log::isReady);
    assertThat(log.isReady()).isTrue();
  }

  @Test
  void saysAtTheEndWhatWasLost() throws Exception {
    Files.createDirectories(base.resolve("logs"));
    Files.createFile(directory);
    ContainerLog log = log();
    put(log, "lost\n");
    settle(log);
    Files.delete(directory);
    log.processEnded();
    ReadEntries reader = ReadEntries.of(log, ReadEntries.ALL, threads);
    assertThat(reader.end()).isEqualTo("completed");
    assertThat(reader.texts().getFirst()).startsWith("5 bytes of output are missing");
  }

  @Test
  void aLineThatIsNoneIsToldAndPassedOver() throws Exception {
    ContainerLog log = log();
    written(log, "one");
    Files.writeString(files().getLast(), "garbage\n", StandardOpenOption.APPEND);
    ContainerLog after = log();
    after.resume(false);
    written(after, "two");
    assertThat(all(after)).containsExactly("one", "A line could not be read.", "two");
  }

  @Test
  void boundsThoseWhoRead() {
    ContainerLog log = log();
    List<ReadEntries> readers = new ArrayList<>();
    for (int i = 0; i < 1024; i++) {
      readers.add(ReadEntries.of(log, ReadEntries.ALL, threads));
    }
    assertThatThrownBy(() -> ReadEntries.of(log, ReadEntries.ALL, threads))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("1024");
    readers.forEach(ReadEntries::leave);
    readers.clear();
    ReadEntries.of(log, ReadEntries.ALL, threads).leave();
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().startsWith("log-reader-"))
        .hasSizeLessThanOrEqualTo(4);
  }
}
