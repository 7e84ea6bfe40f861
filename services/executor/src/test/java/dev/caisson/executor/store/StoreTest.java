package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.ContainerState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
  private static final SandboxRecord SANDBOX =
      SandboxRecord.newBuilder().setUid("01-a").setId("web").setTenant("t").build();
  private static final ContainerRecord CONTAINER =
      ContainerRecord.newBuilder()
          .setUid("02-b")
          .setSandboxUid("01-a")
          .setState(ContainerState.RUNNING)
          .build();

  @TempDir Path directory;
  private Store store;

  @BeforeEach
  void open() {
    store = Store.open(directory);
  }

  @Test
  void givesBackWhatWasPut() {
    store.put(SANDBOX);
    store.put(CONTAINER);

    Loaded loaded = Store.open(directory).load();
    assertThat(loaded.sandboxes()).containsExactly(SANDBOX);
    assertThat(loaded.containers()).containsExactly(CONTAINER);
    assertThat(loaded.quarantined()).isEmpty();
  }

  @Test
  void keepsTheLastOfEachRecord() {
    store.put(CONTAINER);
    ContainerRecord stopped = CONTAINER.toBuilder().setState(ContainerState.STOPPED).build();
    store.put(stopped);

    assertThat(store.load().containers()).containsExactly(stopped);
    assertThat(directory.toFile().list())
        .containsExactlyInAnyOrder("container-02-b.rec", "quarantine");
  }

  @Test
  void forgetsWhatIsRemovedAnyNumberOfTimes() {
    store.put(SANDBOX);
    store.put(CONTAINER);
    store.removeSandbox("01-a");
    store.removeSandbox("01-a");
    store.removeContainer("02-b");

    assertThat(store.load()).isEqualTo(new Loaded(List.of(), List.of(), List.of()));
  }

  @Test
  void worksOnAnInterruptedThreadAndKeepsTheInterrupt() {
    Thread.currentThread().interrupt();
    store.put(SANDBOX);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(store.load().sandboxes()).containsExactly(SANDBOX);
  }

  @Test
  void putsAsideAFileWithAnyByteChangedAndLoadsTheOthers() throws IOException {
    store.put(CONTAINER);
    Path file = directory.resolve("sandbox-01-a.rec");
    store.put(SANDBOX);
    byte[] good = Files.readAllBytes(file);
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= 0x10;
      Files.write(file, bad);
      Loaded loaded = store.load();

      assertThat(loaded.sandboxes()).as("byte %d", i).isEmpty();
      assertThat(loaded.containers()).containsExactly(CONTAINER);
      assertThat(loaded.quarantined())
          .extracting(Loaded.Quarantined::file)
          .containsExactly("sandbox-01-a.rec");
      assertThat(directory.resolve("quarantine/sandbox-01-a.rec")).hasBinaryContent(bad);
    }
  }

  @Test
  void putsAsideAFileOfAnyShorterLength() throws IOException {
    Path file = directory.resolve("sandbox-01-a.rec");
    store.put(SANDBOX);
    byte[] good = Files.readAllBytes(file);
    for (int length = 0; length < good.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(good, length));
      assertThat(store.load().quarantined()).hasSize(1);
    }
  }

  @Test
  void saysWhichVersionItCannotRead() throws IOException {
    Path file = directory.resolve("sandbox-01-a.rec");
    store.put(SANDBOX);
    byte[] newer = Files.readAllBytes(file);
    newer[7] = 2;
    Files.write(file, newer);

    assertThat(store.load().quarantined())
        .containsExactly(
            new Loaded.Quarantined("sandbox-01-a.rec", "its version is 2, this executor reads 1"));
  }

  @Test
  void putsAsideWhatIsNoRecordOfThatName() throws IOException {
    store.put(SANDBOX);
    Files.copy(directory.resolve("sandbox-01-a.rec"), directory.resolve("sandbox-01-b.rec"));
    Files.writeString(directory.resolve("readme"), "?");
    Files.createDirectory(directory.resolve("container-x.rec"));
    Files.createSymbolicLink(
        directory.resolve("container-y.rec"), directory.resolve("sandbox-01-a.rec"));

    assertThat(store.load().quarantined())
        .extracting(Loaded.Quarantined::file)
        .containsExactly("container-x.rec", "container-y.rec", "readme", "sandbox-01-b.rec");
  }

  @Test
  void removesWhatACrashLeftHalfWritten() throws IOException {
    store.put(SANDBOX);
    Files.writeString(directory.resolve(".tmp-1-sandbox-01-a.rec"), "half");

    assertThat(store.load().quarantined()).isEmpty();
    assertThat(directory.resolve(".tmp-1-sandbox-01-a.rec")).doesNotExist();
  }

  @Test
  void refusesUidsThatAreNoFileNames() {
    SandboxRecord bad = SANDBOX.toBuilder().setUid("../x").build();

    assertThatThrownBy(() -> store.put(bad)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.removeContainer(""))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesARecordAboveTheBound() {
    ContainerRecord huge =
        CONTAINER.toBuilder()
            .setPlanSha256(ByteString.copyFrom(new byte[RecordFile.MAX_BYTES]))
            .build();

    assertThatThrownBy(() -> store.put(huge)).isInstanceOf(IllegalArgumentException.class);
    assertThat(store.load().containers()).isEmpty();
  }

  @Test
  void keepsTheOldRecordWhenTheNewOneCannotBeWritten() throws IOException {
    store.put(SANDBOX);
    // The temporary file's name is taken by a directory.
    Files.createDirectory(directory.resolve(".tmp-2-sandbox-01-a.rec"));

    assertThatThrownBy(() -> store.put(SANDBOX.toBuilder().setLost(true).build()))
        .isInstanceOf(StoreException.class)
        .hasMessageStartingWith("Failed to write ");
    assertThat(store.load().sandboxes()).containsExactly(SANDBOX);
  }
}
