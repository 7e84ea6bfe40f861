package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.disk.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StoreCompactionTest {
  private static final int THREADS = 4;
  private static final int PUTS = 5_000;

  /** So that a test has many compactions. */
  private static final Limits SMALL = new Limits(8 << 10, 1 << 30, 1 << 20);

  @TempDir Path directory;

  @Test
  void staysBoundedHoweverOftenTheSameRecordsArePut() {
    FailingDisk disk = new FailingDisk();
    try (Store store = Store.open(directory, disk, Limits.DEFAULT)) {
      for (int i = 0; i < 100_000; i++) {
        store.put(Stores.container("c" + i % 10, i));
      }
    }

    assertThat(disk.renames).hasPositiveValue();
    assertThat(Stores.log(directory).toFile().length()).isLessThanOrEqualTo(1 << 20);
    assertThat(Stores.values(directory)).hasSize(10).containsEntry("container c9", 99_999);
  }

  @Test
  void losesNothingThatIsPutMeanwhile() throws Exception {
    FailingDisk disk = new FailingDisk();
    Map<String, Integer> expected = new HashMap<>();
    try (Store store = Store.open(directory, disk, SMALL);
        ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
      List<Callable<Map<String, Integer>>> tasks = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        String name = "t" + i;
        tasks.add(() -> work(store, name));
      }
      for (Future<Map<String, Integer>> done : pool.invokeAll(tasks)) {
        expected.putAll(done.get());
      }
      assertThat(Stores.values(store.load())).isEqualTo(expected);
    }
    assertThat(disk.renames).hasPositiveValue(); // how often depends on who is faster
    assertThat(Stores.values(directory)).isEqualTo(expected);
  }

  /** Of seven records each is put, and at times removed. */
  private static Map<String, Integer> work(Store store, String name) {
    Map<String, Integer> values = new HashMap<>();
    for (int i = 0; i < PUTS; i++) {
      String uid = name + "-" + i % 7;
      if (i % 5 == 4) {
        store.removeContainer(uid);
        values.remove("container " + uid);
      } else {
        store.put(Stores.container(uid, i));
        values.put("container " + uid, i);
      }
    }
    return values;
  }

  @Test
  void compactsAgainAfterwards() throws IOException {
    for (int life = 1; life <= 3; life++) {
      try (Store store = Store.open(directory, new Disk(), SMALL)) {
        for (int i = 0; i < 1_000; i++) {
          store.put(Stores.sandbox("a", i));
        }
        store.put(Stores.sandbox("life" + life, life));
      }
      assertThat(Files.size(Stores.log(directory))).isLessThanOrEqualTo(SMALL.compactBytes());
      assertThat(Stores.values(directory))
          .hasSize(1 + life)
          .containsEntry("sandbox a", 999)
          .containsEntry("sandbox life" + life, life);
    }
  }

  @Test
  void keepsWhatIsAliveWhateverItsSize() {
    Map<String, Integer> expected = new HashMap<>();
    FailingDisk disk = new FailingDisk();
    try (Store store = Store.open(directory, disk, SMALL)) {
      for (int i = 0; i < 2_000; i++) {
        store.put(Stores.sandbox("s" + i, i));
        expected.put("sandbox s" + i, i);
      }
    }

    assertThat(disk.renames).hasValue(0);
    assertThat(Stores.values(directory)).isEqualTo(expected);
  }

  @Test
  void refusesMoreThanTheBoundButRemovesAndThenHasRoom() {
    Limits tiny = new Limits(1 << 20, 2_000, 1_000);
    try (Store store = Store.open(directory, new Disk(), tiny)) {
      int count = fill(store);
      assertThat(count).isBetween(10, 30);
      for (int i = 0; i < count; i++) {
        store.removeSandbox("s" + i);
      }
      assertThatThrownBy(() -> store.put(Stores.sandbox("next", 1)))
          .hasMessageContaining("the log must be at most 1000 bytes: ");
      Awaitility.await()
          .atMost(Duration.ofMinutes(1))
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> {
            store.put(Stores.sandbox("next", 2));
            return true;
          });
    }
    assertThat(Stores.values(directory)).isEqualTo(Map.of("sandbox next", 2));
  }

  private static int fill(Store store) {
    for (int i = 0; ; i++) {
      try {
        store.put(Stores.sandbox("s" + i, i));
      } catch (StoreException e) {
        assertThat(e).hasMessageContaining("the log must be at most 1000 bytes: ");
        return i;
      }
    }
  }
}
