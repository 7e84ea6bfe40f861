package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.disk.Disk;
import dev.caisson.proto.events.v1.ExecutorStarted;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class JournalDiskTest {
  @TempDir Path directory;

  @Test
  void takesAWriteBackThatWasCutShortAndGoesOnOnceThereIsRoom() {
    FailingDisk disk = new FailingDisk();
    Journal journal = open(disk, Durability.GROUP);
    long whole = journal.append(Journals.event("a"));
    disk.fullAfterBytes = 20;

    assertRefuses(journal, "No space left on device");
    assertRefuses(journal, "No space left on device");
    disk.fullAfterBytes = Integer.MAX_VALUE;
    assertThat(journal.append(Journals.event("b"))).isEqualTo(whole + 1);
    journal.close();
    try (Journal next = Journals.open(directory)) {
      var events = Journals.events(next, 1);
      assertThat(events).hasSize((int) whole + 2);
      assertThat(events.getLast().getExecutorStarted().getPreviousEnd()).isEqualTo("clean");
    }
  }

  @Test
  void goesOnAfterASegmentThatCouldNotBeBegun() {
    FailingDisk disk = new FailingDisk();
    Journal journal = open(disk, Durability.GROUP);
    long last = 0;
    for (int i = 0; i < 100; i++) { // several segments, each begun in vain at first
      disk.fullAfterBytes = 20;
      assertRefuses(journal, "No space left on device");
      disk.fullAfterBytes = Integer.MAX_VALUE;
      last = journal.append(Journals.event("a"));
    }
    assertThat(directory.toFile().list((_, name) -> name.endsWith(SegmentWriter.TEMPORARY)))
        .isEmpty();
    journal.close();
    try (Journal next = Journals.open(directory)) {
      var events = Journals.events(next, 1);
      assertThat(events).hasSize((int) last + 1);
      assertThat(events.getLast().getExecutorStarted().getPreviousEnd()).isEqualTo("clean");
    }
  }

  @Test
  void usesTheRoomThatIsKeptForIt() {
    FailingDisk disk = new FailingDisk();
    disk.room = 3;
    Journal journal = open(disk, Durability.GROUP);
    for (int i = 0; i < 3; i++) {
      disk.fullAfterBytes = 20;
      assertThat(journal.append(Journals.event("a"))).isPositive();
    }
    disk.fullAfterBytes = 20;
    assertRefuses(journal, "No space left on device");
    journal.close();
  }

  @Test
  void refusesEverythingAfterAFailedSyncEvenIfALaterOneWouldSucceed() {
    FailingDisk disk = new FailingDisk();
    Journal journal = open(disk, Durability.ALWAYS);
    disk.failingSyncs.set(1);

    assertRefuses(journal, "which failed before");
    assertRefuses(journal, "which failed before");
    journal.close();
    assertThat(disk.failingSyncs).hasValue(0);
    try (Journal next = Journals.open(directory)) {
      assertThat(Journals.events(next, 1).getLast().getExecutorStarted().getPreviousEnd())
          .isEqualTo("crash");
    }
  }

  @Test
  void readersGetNothingThatIsNotDurable() throws Exception {
    FailingDisk disk = new FailingDisk();
    Journal journal = open(disk, Durability.GROUP);
    Journals.awaitDurable(journal, 1);
    disk.failingSyncs.set(1);
    journal.append(Journals.event("a"));

    try (JournalReader reader = journal.read(new Position(1, 1))) {
      assertThatThrownBy(() -> reader.take(10, 1 << 20))
          .isInstanceOf(JournalException.class)
          .hasMessageContaining("which failed before");
      assertThat(reader.poll(10, 1 << 20)).isEmpty();
    }
    journal.close();
  }

  @Test
  void doesNotTellAnEndThatWillNotBeDurable() throws Exception {
    FailingDisk disk = new FailingDisk();
    Journal journal = open(disk, Durability.GROUP);
    assertThat(journal.awaitEnd()).isEqualTo(new Position(1, 1));
    disk.failingSyncs.set(1);
    journal.append(Journals.event("a"));

    assertThatThrownBy(journal::awaitEnd)
        .isInstanceOf(JournalException.class)
        .hasMessageContaining("will not be");
    journal.close();
  }

  private static void assertRefuses(Journal journal, String message) {
    assertThatThrownBy(() -> journal.append(Journals.event("a")))
        .isInstanceOf(JournalException.class)
        .hasMessageContaining(message);
  }

  private Journal open(Disk disk, Durability durability) {
    JournalSettings base = Journals.settings(directory);
    JournalSettings settings =
        new JournalSettings(
            directory,
            base.node(),
            durability,
            base.fullMode(),
            base.maxBytes(),
            base.reserveBytes(),
            base.segmentBytes(),
            Duration.ZERO,
            base.retention());
    ExecutorStarted started = ExecutorStarted.newBuilder().setBootId(Journals.BOOT).build();
    return Journal.open(
        settings, Journals.unsigned(), Journals.CLOCK, () -> new byte[16], started, disk);
  }

  private static final class FailingDisk extends Disk {
    private volatile int fullAfterBytes = Integer.MAX_VALUE;
    private int room;
    private final AtomicInteger failingSyncs = new AtomicInteger();

    @Override
    public void write(FileOutputStream out, byte[] bytes) throws IOException {
      super.write(out, Arrays.copyOf(bytes, Math.min(bytes.length, fullAfterBytes)));
      if (bytes.length > fullAfterBytes) {
        throw new IOException("No space left on device");
      }
    }

    @Override
    public boolean makeRoom() {
      if (room == 0) {
        return false;
      }
      room--;
      fullAfterBytes = Integer.MAX_VALUE;
      return true;
    }

    @Override
    public void sync(FileOutputStream out) throws IOException {
      if (failingSyncs.getAndUpdate(n -> Math.max(n - 1, 0)) > 0) {
        throw new IOException("Input/output error");
      }
      super.sync(out);
    }
  }
}
