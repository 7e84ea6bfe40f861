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
import org.junit.jupiter.api.AfterEach;
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

  @AfterEach
  void close() {
    store.close();
  }

  /** As after a kill: nothing was closed. */
  private Loaded loadedByAnother() {
    return Stores.load(directory);
  }

  @Test
  void givesBackWhatWasPut() {
    store.put(SANDBOX);
    store.put(CONTAINER);

    assertThat(loadedByAnother())
        .isEqualTo(new Loaded(List.of(SANDBOX), List.of(CONTAINER), List.of(), Loaded.Newer.NONE));
  }

  @Test
  void keepsTheLastOfEachRecord() {
    store.put(CONTAINER);
    ContainerRecord stopped = CONTAINER.toBuilder().setState(ContainerState.STOPPED).build();
    store.put(stopped);

    assertThat(store.load().containers()).containsExactly(stopped);
    assertThat(loadedByAnother().containers()).containsExactly(stopped);
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder("store.log", "quarantine");
  }

  @Test
  void forgetsWhatIsRemovedAnyNumberOfTimes() {
    store.put(SANDBOX);
    store.put(CONTAINER);
    store.removeSandbox("01-a");
    store.removeSandbox("01-a");
    store.removeContainer("02-b");

    Loaded nothing = new Loaded(List.of(), List.of(), List.of(), Loaded.Newer.NONE);
    assertThat(store.load()).isEqualTo(nothing);
    assertThat(loadedByAnother()).isEqualTo(nothing);
  }

  @Test
  void writesNothingForTheRemovalOfWhatIsNotThere() throws IOException {
    store.put(SANDBOX);
    long before = Files.size(Stores.log(directory));
    store.removeContainer("01-a");

    assertThat(Files.size(Stores.log(directory))).isEqualTo(before);
    assertThat(store.load().sandboxes()).containsExactly(SANDBOX);
  }

  @Test
  void tellsASandboxFromAContainerWithTheSameUid() {
    ContainerRecord namesake = CONTAINER.toBuilder().setUid("01-a").build();
    store.put(SANDBOX);
    store.put(namesake);
    store.removeSandbox("01-a");

    assertThat(loadedByAnother())
        .isEqualTo(new Loaded(List.of(), List.of(namesake), List.of(), Loaded.Newer.NONE));
  }

  @Test
  void loadsInTheOrderOfTheUids() {
    for (String uid : List.of("c", "a", "b")) {
      store.put(SANDBOX.toBuilder().setUid(uid).build());
    }

    assertThat(loadedByAnother().sandboxes())
        .extracting(SandboxRecord::getUid)
        .containsExactly("a", "b", "c");
  }

  @Test
  void loadsTheSameTwice() {
    store.put(SANDBOX);
    store.put(CONTAINER);

    assertThat(store.load()).isEqualTo(store.load());
    assertThat(loadedByAnother()).isEqualTo(loadedByAnother());
  }

  @Test
  void worksOnAnInterruptedThreadAndKeepsTheInterrupt() {
    Thread.currentThread().interrupt();
    store.put(SANDBOX);

    assertThat(Thread.interrupted()).isTrue();
    store.put(CONTAINER);
    assertThat(store.load())
        .isEqualTo(new Loaded(List.of(SANDBOX), List.of(CONTAINER), List.of(), Loaded.Newer.NONE));
  }

  @Test
  void removesWhatACompactionLeftHalfWritten() throws IOException {
    store.put(SANDBOX);
    Files.writeString(Stores.temporary(directory), "half");

    assertThat(loadedByAnother().quarantined()).isEmpty();
    assertThat(Stores.temporary(directory)).doesNotExist();
  }

  @Test
  void leavesFilesThatItDoesNotKnowAlone() throws IOException {
    store.put(SANDBOX);
    Files.writeString(directory.resolve("readme"), "?");

    assertThat(loadedByAnother().quarantined()).isEmpty();
    assertThat(directory.resolve("readme")).hasContent("?");
  }

  @Test
  void refusesUidsThatAreNoText() {
    SandboxRecord bad = SANDBOX.toBuilder().setUid("../x").build();

    assertThatThrownBy(() -> store.put(bad)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.removeContainer(""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.removeContainer("a".repeat(65)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesARecordAboveTheBound() {
    ContainerRecord huge =
        CONTAINER.toBuilder().setPlanSha256(ByteString.copyFrom(new byte[Frame.MAX_BYTES])).build();

    assertThatThrownBy(() -> store.put(huge)).isInstanceOf(IllegalArgumentException.class);
    assertThat(store.load().containers()).isEmpty();
  }

  @Test
  void keepsTheLargestRecord() {
    int others = Frame.of(new Key(Key.Kind.CONTAINER, "02-b"), CONTAINER).bytes().length;
    ContainerRecord largest =
        CONTAINER.toBuilder()
            .setPlanSha256(ByteString.copyFrom(new byte[Frame.MAX_BYTES - others - 5]))
            .build();
    store.put(largest);

    assertThat(loadedByAnother().containers()).containsExactly(largest);
  }

  @Test
  void refusesARecordInWhichAFrameBegins() {
    byte[] frame = Frame.of(new Key(Key.Kind.SANDBOX, "01-a"), SANDBOX).bytes();
    ContainerRecord forging =
        CONTAINER.toBuilder().setPlanSha256(ByteString.copyFrom(frame)).build();

    assertThatThrownBy(() -> store.put(forging))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("record must not hold what begins a frame: container 02-b");
  }

  @Test
  void saysThatTheStoreCannotBeOpened() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));

    assertThatThrownBy(() -> Store.open(file.resolve("store")))
        .isInstanceOf(StoreException.class)
        .hasMessageStartingWith("Failed to open the store ");
  }
}
