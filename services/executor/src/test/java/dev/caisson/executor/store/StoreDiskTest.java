package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is full, or fails. */
@Timeout(120)
class StoreDiskTest {
  @TempDir Path directory;
  private final FailingDisk disk = new FailingDisk();
  private Store store;

  @BeforeEach
  void open() {
    store = Store.open(directory, disk, Limits.DEFAULT);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void keepsTheOldRecordWhenTheNewOneCannotBeWritten() throws IOException {
    store.put(Stores.sandbox("a", 1));
    long whole = Files.size(Stores.log(directory));
    disk.writesUntilFull.set(0);

    assertThatThrownBy(() -> store.put(Stores.sandbox("a", 2)))
        .isInstanceOf(StoreException.class)
        .hasMessageStartingWith("Failed to write sandbox a: ");
    assertThatThrownBy(() -> store.removeSandbox("a"))
        .isInstanceOf(StoreException.class)
        .hasMessageStartingWith("Failed to remove sandbox a: ");
    assertThat(Stores.log(directory)).hasSize(whole);
    assertThat(Stores.values(store.load())).isEqualTo(Map.of("sandbox a", 1));
  }

  @Test
  void writesAgainOnceThereIsRoom() {
    store.put(Stores.sandbox("a", 1));
    disk.writesUntilFull.set(0);
    assertThatThrownBy(() -> store.put(Stores.sandbox("a", 2))).isInstanceOf(StoreException.class);
    disk.writesUntilFull.set(Integer.MAX_VALUE);
    store.put(Stores.container("b", 3));

    Map<String, Integer> expected = Map.of("sandbox a", 1, "container b", 3);
    assertThat(Stores.values(store.load())).isEqualTo(expected);
    Loaded loaded = Stores.load(directory);
    assertThat(Stores.values(loaded)).isEqualTo(expected);
    assertThat(loaded.quarantined()).isEmpty();
  }

  @Test
  void writesNothingBehindHalfAFrameThatCouldNotBeCut() {
    store.put(Stores.sandbox("a", 1));
    disk.writesUntilFull.set(0);
    disk.failingCuts.set(2);
    assertThatThrownBy(() -> store.put(Stores.sandbox("a", 2))).isInstanceOf(StoreException.class);
    disk.writesUntilFull.set(Integer.MAX_VALUE);
    assertThatThrownBy(() -> store.put(Stores.sandbox("a", 3)))
        .hasMessageContaining("Input/output error");
    store.put(Stores.sandbox("a", 4));

    Loaded loaded = Stores.load(directory);
    assertThat(Stores.values(loaded)).isEqualTo(Map.of("sandbox a", 4));
    assertThat(loaded.quarantined()).isEmpty();
  }

  @Test
  void cutsAtTheNextStartWhatCouldNotBeCut() {
    store.put(Stores.sandbox("a", 1));
    disk.writesUntilFull.set(0);
    disk.failingCuts.set(1);
    assertThatThrownBy(() -> store.put(Stores.sandbox("a", 2))).isInstanceOf(StoreException.class);

    Loaded loaded = Stores.load(directory);
    assertThat(Stores.values(loaded)).isEqualTo(Map.of("sandbox a", 1));
    assertThat(loaded.quarantined()).isEmpty();
  }

  @Test
  void doesNothingWhenNothingChanged() {
    store.load();
    store.removeContainer("none");
    store.close();

    assertThat(disk.syncs).hasValue(0);
  }

  @Test
  void flushesWithoutBeingAsked() {
    store.put(Stores.sandbox("a", 1));

    Awaitility.await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(() -> assertThat(disk.syncs).hasPositiveValue());
  }

  @Test
  void hasFlushedWhenItIsClosed() {
    store.put(Stores.sandbox("a", 1));
    store.close();

    assertThat(disk.syncs).hasValue(1);
    assertThat(disk.renames).hasValue(0);
  }

  /** A later fsync that succeeds proves nothing of what an earlier one has lost. */
  @Test
  void writesTheLogAnewAfterAFailedFlush() {
    disk.failingSyncs.set(1);
    store.put(Stores.sandbox("a", 1));

    Awaitility.await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(() -> assertThat(disk.renames).hasValue(1));
    store.put(Stores.sandbox("b", 2));
    assertThat(Stores.values(directory)).isEqualTo(Map.of("sandbox a", 1, "sandbox b", 2));
  }
}
