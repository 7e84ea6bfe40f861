package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.disk.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each step of a compaction may be the last. */
class StoreCompactionCrashTest {
  private static final int RECORDS = 40;

  @TempDir Path temp;
  private Path directory;
  private final Map<String, Integer> values = new TreeMap<>();

  @BeforeEach
  void make() {
    directory = temp.resolve("store");
  }

  private RecordLog open(Disk disk) throws IOException {
    return RecordLog.open(directory, disk, Limits.DEFAULT, new Quarantine(directory));
  }

  /** Records, garbage and removals. */
  private void fill(RecordLog log) throws IOException {
    for (int i = 0; i < 2 * RECORDS; i++) {
      put(log, "c" + i % RECORDS, i);
    }
    for (int i = 0; i < RECORDS; i += 3) {
      remove(log, "c" + i);
    }
  }

  private void put(RecordLog log, String uid, int value) throws IOException {
    log.append(Frame.of(new Key(Key.Kind.CONTAINER, uid), Stores.container(uid, value)));
    values.put("container " + uid, value);
  }

  private void remove(RecordLog log, String uid) throws IOException {
    log.append(Frame.removal(new Key(Key.Kind.CONTAINER, uid)));
    values.remove("container " + uid);
  }

  /**
   * Before each step, other than those under the lock, something is put, replaced and removed; and
   * before each step the directory is copied, as a crash would leave it.
   */
  private final class SteppingDisk extends Disk {
    private final Map<Path, Map<String, Integer>> crashes = new LinkedHashMap<>();
    private final List<String> steps = new ArrayList<>();
    private RecordLog log;
    private String failing = "";

    private void step(String name, boolean locked) throws IOException {
      if (log == null) {
        return;
      }
      if (!locked) {
        meanwhile();
      }
      String step = name + "-" + steps.size();
      Path copy = temp.resolve("crash-" + step);
      Stores.copy(directory, copy);
      crashes.put(copy, new TreeMap<>(values));
      steps.add(name);
      if (step.equals(failing)) {
        throw new IOException("No space left on device");
      }
    }

    private void meanwhile() throws IOException {
      RecordLog open = log;
      log = null; // what is appended here is no step
      int n = 1_000 + steps.size();
      put(open, "new" + n, n);
      put(open, "c1", n);
      remove(open, "c" + (steps.size() * 3 + 2));
      put(open, "c0", n);
      log = open;
    }

    @Override
    public void write(RandomAccessFile file, byte[] bytes) throws IOException {
      if (log == null) {
        super.write(file, bytes);
        return;
      }
      boolean locked = Thread.holdsLock(log);
      step("write", locked);
      file.write(bytes, 0, bytes.length / 2);
      step("half", true);
      file.write(bytes, bytes.length / 2, bytes.length - bytes.length / 2);
    }

    @Override
    public void sync(RandomAccessFile file) throws IOException {
      step("sync", false);
      super.sync(file);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      step("rename", true);
      super.rename(from, to);
      step("renamed", true);
    }

    @Override
    public void syncDirectory(Path path) throws IOException {
      step("directory", false);
      super.syncDirectory(path);
    }
  }

  @Test
  void anyStepLeavesOneWholeLog() throws IOException {
    SteppingDisk disk = new SteppingDisk();
    try (RecordLog log = open(disk)) {
      fill(log);
      disk.log = log;
      log.renew();
      log.flush();
      disk.step("end", true);
      disk.log = null;
    }

    assertThat(disk.steps)
        .containsExactly(
            "write",
            "half",
            "sync",
            "sync",
            "write",
            "half",
            "rename",
            "renamed",
            "sync",
            "directory",
            "end");
    disk.crashes.forEach(
        (crash, expected) -> assertThat(loaded(crash)).as(crash.toString()).isEqualTo(expected));
    assertThat(Stores.temporary(directory)).doesNotExist();
  }

  private static Map<String, Integer> loaded(Path crash) {
    try {
      Loaded loaded = Stores.load(crash);
      assertThat(loaded.quarantined()).isEmpty();
      assertThat(Stores.temporary(crash)).doesNotExist();
      return Stores.values(loaded);
    } finally {
      delete(crash);
    }
  }

  private static void delete(Path tree) {
    try {
      Stores.deleteTree(tree);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void anyStepMayFailAndIsDoneAgain() throws IOException {
    for (String failing :
        List.of(
            "write-0",
            "half-1",
            "sync-2",
            "sync-3",
            "write-4",
            "half-5",
            "rename-6",
            "sync-8",
            "directory-9")) {
      values.clear();
      SteppingDisk disk = new SteppingDisk();
      try (RecordLog log = open(disk)) {
        fill(log);
        disk.log = log;
        disk.failing = failing;
        log.renew();
        assertThatThrownBy(log::flush).hasMessage("No space left on device");
        disk.log = null;
        put(log, "after", 7);
        assertThat(log.isDue()).isTrue();
        log.flush();
        assertThat(log.isDue()).isFalse();
      }
      disk.crashes.keySet().forEach(StoreCompactionCrashTest::delete);

      assertThat(Stores.values(directory)).as("%s", failing).isEqualTo(values);
      assertThat(Stores.temporary(directory)).doesNotExist();
      delete(directory);
    }
  }
}
