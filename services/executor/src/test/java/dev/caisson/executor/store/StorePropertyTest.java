package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class StorePropertyTest {
  private static final int KEYS = 8;

  /** A third of the changes are removals. */
  static final int CHANGES = KEYS * 3;

  /** The log's size after a change, and what is in it then. */
  private record Moment(long size, Map<String, Integer> values) {}

  /** Changes a store, and remembers each moment. */
  private static final class History {
    private final Path directory;
    private final List<Moment> moments = new ArrayList<>();
    private Map<String, Integer> values = new TreeMap<>();
    private int value;

    History(Path directory) {
      this.directory = directory;
    }

    void live(List<Integer> changes) throws IOException {
      try (Store store = Store.open(directory)) {
        moments.clear();
        remember();
        for (int change : changes) {
          change(store, "k" + change % (KEYS / 2), change % KEYS < KEYS / 2, change < KEYS);
          remember();
        }
      }
    }

    private void change(Store store, String uid, boolean sandbox, boolean removal) {
      String key = (sandbox ? "sandbox " : "container ") + uid;
      value++;
      if (removal) {
        values.remove(key);
      } else {
        values.put(key, value);
      }
      if (sandbox && removal) {
        store.removeSandbox(uid);
      } else if (sandbox) {
        store.put(Stores.sandbox(uid, value));
      } else if (removal) {
        store.removeContainer(uid);
      } else {
        store.put(Stores.container(uid, value));
      }
    }

    private void remember() throws IOException {
      moments.add(new Moment(Files.size(Stores.log(directory)), new TreeMap<>(values)));
    }

    Map<String, Integer> at(long size) {
      return moments.reversed().stream()
          .filter(moment -> moment.size() <= size)
          .findFirst()
          .orElseThrow()
          .values();
    }

    /** Anywhere behind what the lives before had left, which is on the disk. */
    void crash(int where) throws IOException {
      long first = moments.getFirst().size();
      long size = first + where % (moments.getLast().size() - first + 1);
      Stores.truncate(directory, size);
      values = new TreeMap<>(at(size));
    }
  }

  @Property(tries = 100)
  void anyCrashLosesNothingButTheTornFrame(
      @ForAll @Size(min = 1, max = 4)
          List<@Size(max = 30) List<@IntRange(max = CHANGES - 1) Integer>> lives,
      @ForAll @IntRange(max = 1 << 20) int where)
      throws IOException {
    Path home = Files.createTempDirectory("store");
    try {
      History history = new History(home);
      for (List<Integer> life : lives) {
        history.live(life);
        history.crash(where);
        Loaded loaded = Stores.load(home);

        assertThat(Stores.values(loaded)).isEqualTo(history.values);
        assertThat(loaded.quarantined()).isEmpty();
        assertThat(Stores.load(home)).isEqualTo(loaded);
      }
    } finally {
      Stores.deleteTree(home);
    }
  }

  @Property(tries = 200)
  void anyChangedByteLosesNothingButTheFrameItIsIn(
      @ForAll @Size(min = 1, max = 30) List<@IntRange(max = CHANGES - 1) Integer> changes,
      @ForAll @IntRange(max = 1 << 20) int where,
      @ForAll @IntRange(min = 1, max = 255) int mask)
      throws IOException {
    Path home = Files.createTempDirectory("store");
    try {
      History history = new History(home);
      history.live(changes);
      long size = history.moments.getLast().size();
      if (size > 0) {
        flip(home, where % size, mask);
        assertOneFrameLost(history, where % size, Stores.values(home));
        assertThat(Stores.load(home).quarantined()).isEmpty();
      }
    } finally {
      Stores.deleteTree(home);
    }
  }

  private static void flip(Path home, long at, int mask) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(Stores.log(home).toFile(), "rw")) {
      file.seek(at);
      int old = file.read();
      file.seek(at);
      file.write(old ^ mask);
    }
  }

  /** All is as if the change of that frame had not been. */
  private static void assertOneFrameLost(History history, long at, Map<String, Integer> loaded) {
    Map<String, Integer> expected = new HashMap<>();
    for (int i = 1; i < history.moments.size(); i++) {
      Moment before = history.moments.get(i - 1);
      Moment after = history.moments.get(i);
      if (at < before.size() || at >= after.size()) {
        change(expected, before.values(), after.values());
      }
    }
    assertThat(loaded).isEqualTo(expected);
  }

  private static void change(
      Map<String, Integer> values, Map<String, Integer> before, Map<String, Integer> after) {
    Set<String> keys = new TreeSet<>(before.keySet());
    keys.addAll(after.keySet());
    for (String key : keys) {
      Integer now = after.get(key);
      if (now == null) {
        values.remove(key);
      } else if (!now.equals(before.get(key))) {
        values.put(key, now);
      }
    }
  }
}
