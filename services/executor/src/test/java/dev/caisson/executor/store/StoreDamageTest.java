package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.disk.Disk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is no frame is put aside, or cut off the end, and what is one is loaded. */
class StoreDamageTest {
  private static final byte[] FIRST = frame("first", 1);
  private static final byte[] SECOND = frame("second", 2);
  private static final byte[] THIRD = frame("third", 3);

  /** Of the numbers behind the head: see {@link Frame}. */
  private static final int VERSION_OFFSET = Frame.HEAD_BYTES + 1;

  private static final int KIND_OFFSET = Frame.HEAD_BYTES + 2;
  private static final int UID_LENGTH_OFFSET = Frame.HEAD_BYTES + 3;
  private static final int UID_OFFSET = Frame.HEAD_BYTES + 4;

  @TempDir Path directory;

  private static byte[] frame(String uid, int value) {
    return Frame.of(new Key(Key.Kind.CONTAINER, uid), Stores.container(uid, value)).bytes();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private Loaded load(byte[]... frames) throws IOException {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    for (byte[] frame : frames) {
      log.writeBytes(frame);
    }
    Files.write(Stores.log(directory), log.toByteArray());
    return Stores.load(directory);
  }

  @Test
  void putsAsideAFrameWithAnyByteChangedAndLoadsTheOthers() throws IOException {
    for (int i = 0; i < SECOND.length; i++) {
      byte[] bad = SECOND.clone();
      bad[i] ^= 0x10;
      Loaded loaded = load(FIRST, bad, THIRD);

      assertThat(Stores.values(loaded))
          .as("byte %d", i)
          .isEqualTo(Map.of("container first", 1, "container third", 3));
      assertThat(loaded.quarantined()).hasSize(1);
      assertThat(directory.resolve("quarantine/" + loaded.quarantined().getFirst().file()))
          .hasBinaryContent(bad);
    }
  }

  @Test
  void cutsATornFrameOfAnyLength() throws IOException {
    for (int length = 1; length < THIRD.length; length++) {
      Loaded loaded = load(FIRST, SECOND, Arrays.copyOf(THIRD, length));

      assertThat(Stores.values(loaded))
          .as("%d bytes", length)
          .isEqualTo(Map.of("container first", 1, "container second", 2));
      assertThat(loaded.quarantined()).isEmpty();
      assertThat(Stores.log(directory)).hasSize(FIRST.length + SECOND.length);
    }
  }

  @Test
  void appendsAfterATornFrame() throws IOException {
    load(FIRST);
    Stores.append(directory, Arrays.copyOf(SECOND, 30));
    try (Store store = Store.open(directory)) {
      store.put(Stores.container("third", 3));
    }

    assertThat(Stores.values(directory))
        .isEqualTo(Map.of("container first", 1, "container third", 3));
  }

  @Test
  void putsAsideEachOfSeveralBrokenFrames() throws IOException {
    byte[] bad = SECOND.clone();
    bad[bad.length - 1] ^= 1;
    Loaded loaded = load(bad, bad, FIRST, text("nonsense"), bad, THIRD, text("more"));

    assertThat(Stores.values(loaded)).containsOnlyKeys("container first", "container third");
    assertThat(loaded.quarantined())
        .extracting(Loaded.Quarantined::reason)
        .containsExactly(
            "its checksum does not match",
            "its checksum does not match",
            "it does not begin as a frame does",
            "its checksum does not match",
            "it is shorter than a frame's head: 4 bytes");
  }

  @Test
  void reportsWhatItPutAsideOnceAndKeepsTheRest() throws IOException {
    byte[] bad = SECOND.clone();
    bad[30] ^= 1;
    Loaded first = load(FIRST, bad, THIRD);
    Loaded second = Stores.load(directory);

    assertThat(first.quarantined()).hasSize(1);
    assertThat(second)
        .isEqualTo(new Loaded(first.sandboxes(), first.containers(), List.of(), Loaded.Newer.NONE));
    assertThat(Stores.log(directory)).hasSize(FIRST.length + THIRD.length);
    assertThat(quarantine()).hasSize(1);
  }

  @Test
  void goesBackToTheRecordBeforeABrokenOne() throws IOException {
    byte[] bad = frame("first", 9);
    bad[bad.length - 1] ^= 1;

    assertThat(Stores.values(load(FIRST, bad, THIRD)))
        .isEqualTo(Map.of("container first", 1, "container third", 3));
  }

  @Test
  void saysWhichVersionItCannotRead() throws IOException {
    assertPutAside(
        Stores.forged(SECOND, VERSION_OFFSET, 0), "its version is 0, this executor reads 1");
  }

  @Test
  void keepsWhatANewerExecutorHasWritten() throws IOException {
    byte[] newer = Stores.forged(SECOND, VERSION_OFFSET, 2);
    byte[] bad = THIRD.clone();
    bad[30] ^= 1;
    Loaded loaded = load(FIRST, newer, bad); // which has it written anew

    assertThat(Stores.values(loaded)).containsOnlyKeys("container first");
    assertThat(loaded.newer().containers()).containsExactly(Stores.container("second", 2));
    assertThat(loaded.quarantined()).hasSize(1);
    assertThat(Stores.load(directory))
        .isEqualTo(new Loaded(loaded.sandboxes(), loaded.containers(), List.of(), loaded.newer()));
    assertThat(Stores.log(directory))
        .hasBinaryContent(HexFormat.of().parseHex(hex(FIRST) + hex(newer)));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Test
  void aNewerRemovalRemoves() throws IOException {
    byte[] removal = Frame.removal(new Key(Key.Kind.CONTAINER, "second")).bytes();
    Loaded loaded = load(FIRST, SECOND, Stores.forged(removal, VERSION_OFFSET, 2));
    assertThat(Stores.values(loaded)).containsOnlyKeys("container first");
    assertThat(loaded.newer()).isEqualTo(Loaded.Newer.NONE);
  }

  @Test
  void putsAsideWhatIsNoRecordOfThatKey() throws IOException {
    assertPutAside(Stores.forged(SECOND, KIND_OFFSET, 7), "its kind is unknown: 7");
    assertPutAside(
        Stores.forged(SECOND, UID_LENGTH_OFFSET, 200), "its uid is longer than itself: 200 bytes");
    assertPutAside(
        Stores.forged(SECOND, UID_OFFSET, '/'), "uid must match [0-9A-Za-z-]{1,64}: /econd");
    assertPutAside(
        Stores.forged(SECOND, UID_OFFSET, 'x'), "it holds the record of another: second");
    assertThat(quarantine()).hasSize(4);
  }

  @Test
  void putsAsideAMessageThatCannotBeParsed() throws IOException {
    Loaded loaded = load(FIRST, Stores.forged(SECOND, UID_OFFSET + "second".length(), 0xff), THIRD);

    assertThat(Stores.values(loaded)).containsOnlyKeys("container first", "container third");
    assertThat(loaded.quarantined())
        .singleElement()
        .extracting(Loaded.Quarantined::reason)
        .asString()
        .startsWith("its message cannot be parsed: ");
  }

  private void assertPutAside(byte[] bad, String reason) throws IOException {
    Loaded loaded = load(FIRST, bad, THIRD);
    assertThat(Stores.values(loaded)).containsOnlyKeys("container first", "container third");
    assertThat(loaded.quarantined()).extracting(Loaded.Quarantined::reason).containsExactly(reason);
    assertThat(Stores.load(directory).quarantined()).isEmpty();
  }

  @Test
  void putsAsideALogOfNothingButNonsense() throws IOException {
    byte[] nonsense = new byte[3 << 20];
    Loaded loaded = load(nonsense);

    assertThat(Stores.values(loaded)).isEmpty();
    assertThat(loaded.quarantined()).hasSize(1);
    assertThat(quarantine())
        .singleElement()
        .satisfies(f -> assertThat(f).hasBinaryContent(nonsense));
    assertThat(Stores.log(directory)).isEmptyFile();
  }

  @Test
  void findsTheNextFrameWhereverItBegins() throws IOException {
    // Across the places where one chunk of what is searched ends, and the next begins.
    for (int gap = 4070; gap < 4110; gap++) {
      assertThat(Stores.values(load(FIRST, new byte[gap], SECOND)))
          .as("%d bytes", gap)
          .containsOnlyKeys("container first", "container second");
    }
  }

  @Test
  void putsAsideWhatIsNoFileInTheLogsPlace() throws IOException {
    Files.createDirectory(Stores.log(directory));
    assertIrregular();
  }

  @Test
  void followsNoLinkInTheLogsPlace() throws IOException {
    Path elsewhere = Files.write(directory.resolve("elsewhere"), FIRST);
    Files.createSymbolicLink(Stores.log(directory), elsewhere);
    assertIrregular();
    assertThat(elsewhere).hasBinaryContent(FIRST);
  }

  private void assertIrregular() throws IOException {
    assertThat(Stores.load(directory).quarantined())
        .containsExactly(new Loaded.Quarantined("store.log", "it is no regular file"));
    assertThat(quarantine()).hasSize(1);
    assertThat(Stores.values(load(FIRST))).containsOnlyKeys("container first");
  }

  @Test
  void readsNoMoreThanTheBound() throws IOException {
    load(FIRST, SECOND, THIRD);
    long bound = (long) FIRST.length + SECOND.length + 10;
    try (Store store = Store.open(directory, new Disk(), new Limits(1 << 20, bound, 0))) {
      Loaded loaded = store.load();
      assertThat(Stores.values(loaded)).containsOnlyKeys("container first", "container second");
      assertThat(loaded.quarantined())
          .containsExactly(
              new Loaded.Quarantined(
                  "store.log", "it is longer than " + bound + " bytes, and was cut"));
    }
    assertThat(Stores.log(directory)).hasSize(FIRST.length + SECOND.length);
  }

  private List<Path> quarantine() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("quarantine"))) {
      return files.toList();
    }
  }
}
