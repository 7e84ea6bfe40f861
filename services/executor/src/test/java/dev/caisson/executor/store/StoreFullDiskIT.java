package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.store.v1.ContainerRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a file system that really is full; mounting it needs root. */
class StoreFullDiskIT {
  private static final int FILLER_BYTES = 5_000;

  @TempDir Path mount;

  @BeforeEach
  void mount() throws Exception {
    assertThat(run("mount", "-t", "tmpfs", "-o", "size=256k", "caisson-store", mount.toString()))
        .isZero();
  }

  @AfterEach
  void unmount() throws Exception {
    assertThat(run("umount", mount.toString())).isZero();
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  private static ContainerRecord record(int i) {
    return Stores.container("c" + i, i).toBuilder().setRequestId("x".repeat(FILLER_BYTES)).build();
  }

  @Test
  void keepsAllThatWasPutAndGoesOnOnceThereIsRoom() throws IOException {
    Path ballast = Files.write(mount.resolve("ballast"), new byte[64 << 10]);
    Path directory = mount.resolve("store");
    try (Store store = Store.open(directory)) {
      int count = fill(store);
      assertThat(count).isGreaterThan(10);
      assertThatThrownBy(() -> store.put(record(0)))
          .hasMessageStartingWith("Failed to write container c0: ")
          .hasMessageContaining("No space left on device");
      assertThat(Stores.values(Stores.load(directory))).hasSize(count);
      Files.delete(ballast);
      store.put(record(count));

      Loaded loaded = Stores.load(directory);
      assertThat(loaded.containers()).hasSize(count + 1).contains(record(0), record(count));
      assertThat(loaded.quarantined()).isEmpty();
    }
  }

  private static int fill(Store store) {
    for (int i = 0; ; i++) {
      try {
        store.put(record(i));
      } catch (StoreException _) {
        return i;
      }
    }
  }
}
