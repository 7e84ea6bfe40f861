package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.journal.Durability;
import dev.caisson.executor.journal.FullMode;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalException;
import dev.caisson.executor.journal.JournalSettings;
import dev.caisson.executor.journal.Signing;
import dev.caisson.executor.journal.SigningKey;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecorderTest {
  @TempDir Path directory;

  private Journal journal() throws IOException {
    JournalSettings settings =
        new JournalSettings(
            directory,
            "node-1",
            Durability.GROUP,
            FullMode.FAIL_CLOSED,
            1 << 20,
            64 << 10,
            2_048,
            Duration.ZERO,
            Duration.ZERO);
    return Journal.open(
        settings,
        Signing.usual(SigningKey.of(directory)),
        Clock.systemUTC(),
        () -> new byte[16],
        ExecutorStarted.newBuilder().setVersion("1").setBootId("boot").build(),
        new Disk());
  }

  private static Event.Builder event() {
    return Event.newBuilder().setContainerStarted(ContainerStarted.getDefaultInstance());
  }

  @Test
  void whatIsDoneIsDoneThoughItsOutcomeCannotBeRecorded() throws IOException {
    Journal journal = journal();
    String done =
        new Recorder(journal)
            .recordEnd(
                event(),
                () -> {
                  journal.close();
                  return "done";
                },
                _ -> event());
    assertThat(done).isEqualTo("done");
    try (Journal next = journal()) {
      assertThat(next.openIntents()).hasSize(1);
    }
  }

  @Test
  void whatHasFailedSaysWhyThoughThatCannotBeRecorded() throws IOException {
    Journal journal = journal();
    Recorder recorder = new Recorder(journal);
    assertThatThrownBy(() ->
            recorder.record(
                event(),
                () -> {
                  journal.close();
                  throw new IllegalStateException("failed");
                },
                _ -> event()))
        .hasMessage("failed");
  }

  @Test
  void nothingIsDoneOfWhichTheIntentCannotBeRecorded() throws IOException {
    Journal journal = journal();
    journal.close();
    AtomicInteger done = new AtomicInteger();
    Recorder recorder = new Recorder(journal);
    assertThatThrownBy(() -> recorder.record(event(), done::incrementAndGet, _ -> event()))
        .isInstanceOf(JournalException.class);
    assertThat(done).hasValue(0);
  }
}
