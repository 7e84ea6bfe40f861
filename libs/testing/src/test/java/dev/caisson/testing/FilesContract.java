package dev.caisson.testing;

import static dev.caisson.testing.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import dev.caisson.linux.Resolve;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link Files} promises, whoever keeps it. */
abstract class FilesContract {
  private Files files;
  private Path file;

  abstract Kernel kernel();

  /** An empty directory. */
  abstract Path directory();

  @BeforeEach
  final void makeFile() {
    files = kernel().files();
    file = directory().resolve("file");
    write(file, "0123456789", OpenFlag.CREATE, OpenFlag.EXCLUSIVE, OpenFlag.WRITE_ONLY);
  }

  @Test
  final void tellsAPlaceFromAnOpenFile() {
    try (Fd place = files.open(directory(), OpenFlag.PATH, OpenFlag.DIRECTORY);
        Fd opened = files.open(directory(), OpenFlag.DIRECTORY);
        Fd memory = files.memory("m", 1)) {
      assertThat(files.isPlace(place)).isTrue();
      assertThat(files.isPlace(opened)).isFalse();
      assertThat(files.isPlace(memory)).isFalse();
    }
  }

  @Test
  final void readsWhatWasWritten() {
    assertThat(read(file)).isEqualTo("0123456789");
  }

  @Test
  final void readsFromWhereItStopped() {
    try (Fd fd = files.open(file, OpenFlag.READ_ONLY)) {
      assertThat(files.read(fd, ByteBuffer.allocate(4))).isEqualTo(4);
      ByteBuffer rest = ByteBuffer.allocate(10);
      assertThat(files.read(fd, rest)).isEqualTo(6);
      assertThat(files.read(fd, rest)).isZero();
      assertThat(text(rest)).isEqualTo("456789");
    }
  }

  @Test
  final void readsAtAnOffsetWithoutMoving() {
    try (Fd fd = files.open(file)) {
      ByteBuffer into = ByteBuffer.allocate(3);
      assertThat(files.readAt(fd, into, 7)).isEqualTo(3);
      assertThat(text(into)).isEqualTo("789");
      assertThat(files.readAt(fd, ByteBuffer.allocate(1), 10)).isZero();
      assertThat(files.readAt(fd, ByteBuffer.allocate(1), 1000)).isZero();
      assertThat(files.read(fd, ByteBuffer.allocate(20))).isEqualTo(10);
    }
  }

  @Test
  final void usesTheBytesBetweenPositionAndLimit() {
    for (ByteBuffer buffer :
        new ByteBuffer[] {ByteBuffer.allocate(9), ByteBuffer.allocateDirect(9)}) {
      try (Fd fd = files.open(file)) {
        buffer.position(2).limit(5);
        assertThat(files.read(fd, buffer)).isEqualTo(3);
        assertThat(buffer.position()).isEqualTo(5);
        assertThat(buffer.get(2)).isEqualTo((byte) '0');
        assertThat(buffer.get(4)).isEqualTo((byte) '2');
        assertThat(buffer.limit(9).get(5)).isZero();
      }
    }
  }

  @Test
  final void writesTheBytesBetweenPositionAndLimit() {
    ByteBuffer direct = ByteBuffer.allocateDirect(5).put("abcde".getBytes(UTF_8));
    for (ByteBuffer buffer : new ByteBuffer[] {ByteBuffer.wrap("abcde".getBytes(UTF_8)), direct}) {
      buffer.position(1).limit(3);
      try (Fd fd = files.open(file, OpenFlag.WRITE_ONLY, OpenFlag.TRUNCATE)) {
        assertThat(files.write(fd, buffer)).isEqualTo(2);
        assertThat(buffer.position()).isEqualTo(3);
      }
      assertThat(read(file)).isEqualTo("bc");
    }
  }

  @Test
  final void writesNothingOfAnEmptyBuffer() {
    try (Fd fd = files.open(file, OpenFlag.WRITE_ONLY)) {
      assertThat(files.write(fd, ByteBuffer.allocate(0))).isZero();
    }
  }

  @Test
  final void refusesToReadIntoNothing() {
    try (Fd fd = files.open(file)) {
      assertThatThrownBy(() -> files.read(fd, ByteBuffer.allocate(0)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  final void truncatesAndAppends() {
    write(file, "ab", OpenFlag.WRITE_ONLY, OpenFlag.TRUNCATE);
    write(file, "cd", OpenFlag.WRITE_ONLY, OpenFlag.APPEND);

    assertThat(read(file)).isEqualTo("abcd");
  }

  @Test
  final void refusesWhatIsNotThere() {
    assertErrno(Errno.ENOENT, () -> files.open(directory().resolve("missing")));
    assertErrno(
        Errno.ENOENT,
        () -> files.open(directory().resolve("a/b"), OpenFlag.CREATE, OpenFlag.WRITE_ONLY));
  }

  @Test
  final void refusesToCreateWhatIsThere() {
    assertErrno(
        Errno.EEXIST,
        () -> files.open(file, OpenFlag.CREATE, OpenFlag.EXCLUSIVE, OpenFlag.READ_WRITE));
  }

  @Test
  final void tellsFilesAndDirectoriesApart() {
    assertErrno(Errno.ENOTDIR, () -> files.open(file, OpenFlag.DIRECTORY));
    assertErrno(Errno.EISDIR, () -> files.open(directory(), OpenFlag.WRITE_ONLY));
    try (Fd fd = files.open(directory(), OpenFlag.DIRECTORY)) {
      assertErrno(Errno.EISDIR, () -> files.read(fd, ByteBuffer.allocate(1)));
    }
  }

  @Test
  final void refusesWhatADescriptorIsNotOpenFor() {
    try (Fd reader = files.open(file);
        Fd writer = files.open(file, OpenFlag.WRITE_ONLY);
        Fd path = files.open(file, OpenFlag.PATH)) {
      assertErrno(Errno.EBADF, () -> files.write(reader, ByteBuffer.allocate(1)));
      assertErrno(Errno.EBADF, () -> files.read(writer, ByteBuffer.allocate(1)));
      assertErrno(Errno.EBADF, () -> files.read(path, ByteBuffer.allocate(1)));
    }
  }

  @Test
  final void refusesAClosedDescriptor() {
    Fd fd = files.open(file);
    fd.close();

    assertErrno(Errno.EBADF, () -> files.read(fd, ByteBuffer.allocate(1)));
    assertErrno(Errno.EBADF, () -> files.status(fd));
  }

  @Test
  final void makesAndRemovesDirectories() {
    Path inside = directory().resolve("inside");
    files.makeDirectory(inside);
    files.makeDirectory(inside.resolve("below"));

    assertThat(files.directories(directory())).containsExactly("inside");
    assertErrno(Errno.EEXIST, () -> files.makeDirectory(inside));
    assertErrno(Errno.ENOTEMPTY, () -> files.removeDirectory(inside));
    files.removeDirectory(inside.resolve("below"));
    files.removeDirectory(inside);
    assertThat(files.directories(directory())).isEmpty();
    assertErrno(Errno.ENOENT, () -> files.removeDirectory(inside));
    assertErrno(Errno.ENOENT, () -> files.makeDirectory(inside.resolve("below")));
    assertErrno(Errno.ENOENT, () -> files.directories(inside));
  }

  @Test
  final void takesAFileForNoDirectory() {
    assertErrno(Errno.ENOTDIR, () -> files.removeDirectory(file));
    assertErrno(Errno.ENOTDIR, () -> files.directories(file));
    assertErrno(Errno.ENOTDIR, () -> files.makeDirectory(file.resolve("below")));
  }

  @Test
  final void readsAllOfAGeneratedFile() {
    String lines = "123456789\n".repeat(2_000);
    write(file, lines, OpenFlag.WRITE_ONLY);
    try (Fd fd = files.open(file)) {
      assertThat(new String(files.readGenerated(fd, lines.length()), UTF_8)).isEqualTo(lines);
    }
    try (Fd fd = files.open(file)) {
      assertThat(files.readGenerated(fd, 1)).hasSize(Files.GENERATED_PAGE);
    }
  }

  @Test
  final void waitsInVainForAChange() {
    try (Fd fd = files.open(file)) {
      files.readGenerated(fd, 100);
      assertThat(files.awaitChange(fd, Failures.SHORT)).isFalse();
    }
  }

  @Test
  final void changesOwnersByPath() {
    files.setOwner(file, 0, 0);
    assertErrno(Errno.ENOENT, () -> files.setOwner(directory().resolve("missing"), 0, 0));
  }

  @Test
  final void tellsTheStatus() {
    try (Fd fd = files.open(file);
        Fd again = files.open(file);
        Fd at = files.open(directory())) {
      assertThat(files.status(fd).type()).isEqualTo(FileType.REGULAR);
      assertThat(files.status(fd).mode()).isEqualTo(0600);
      assertThat(files.status(fd).size()).isEqualTo(10);
      assertThat(files.status(at).type()).isEqualTo(FileType.DIRECTORY);
      assertThat(files.status(fd).sameFile(files.status(again))).isTrue();
      assertThat(files.status(fd).sameFile(files.status(at))).isFalse();
    }
  }

  @Test
  final void opensInADirectoryAndNotOutside() {
    try (Fd at = files.open(directory(), OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      files.openIn(at, "file", Set.of(Resolve.BENEATH)).close();
      files.openIn(at, "../../file", Set.of(Resolve.IN_ROOT)).close();
      files.openIn(at, "/file", Set.of(Resolve.IN_ROOT)).close();
      assertErrno(Errno.EXDEV, () -> files.openIn(at, "/file", Set.of(Resolve.BENEATH)));
      assertErrno(Errno.EXDEV, () -> files.openIn(at, "../x", Set.of(Resolve.BENEATH)));
      assertErrno(Errno.ENOENT, () -> files.openIn(at, "missing", Set.of(Resolve.BENEATH)));
    }
    try (Fd notADirectory = files.open(file)) {
      assertErrno(Errno.ENOTDIR, () -> files.openIn(notADirectory, "x", Set.of()));
    }
  }

  @Test
  final void refusesToChangeOwnersOutside() {
    try (Fd at = files.open(directory(), OpenFlag.PATH)) {
      assertThatThrownBy(() -> files.setOwner(at, "../x", 1, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertErrno(Errno.ENOENT, () -> files.setOwner(at, "missing", 1, 1));
    }
  }

  @Test
  final void memoryIsZeroAndOfItsSize() {
    try (Fd memory = files.memory("page", 4096)) {
      assertThat(files.status(memory).size()).isEqualTo(4096);
      ByteBuffer into = ByteBuffer.allocate(2);
      files.write(memory, ByteBuffer.wrap(new byte[] {7}));
      assertThat(files.readAt(memory, into, 0)).isEqualTo(2);
      assertThat(into.array()).containsExactly(7, 0);
    }
  }

  @Test
  final void sealedMemoryKeepsItsContent() {
    try (Fd memory = files.sealedMemory("program", bytes("abc"))) {
      assertErrno(Errno.EPERM, () -> files.write(memory, bytes("x")));
      ByteBuffer into = ByteBuffer.allocate(10);
      assertThat(files.readAt(memory, into, 0)).isEqualTo(3);
      assertThat(text(into)).isEqualTo("abc");
    }
  }

  @Test
  final void memoryIsOpenedAgainByItsPath() {
    try (Fd memory = files.sealedMemory("program", bytes("abc"));
        Fd again = files.open(memory.path())) {
      ByteBuffer into = ByteBuffer.allocate(10);
      assertThat(files.read(again, into)).isEqualTo(3);
    }
  }

  @Test
  final void aPipePassesBytesOn() {
    try (Pipe pipe = files.pipe()) {
      files.write(pipe.write(), bytes("abc"));
      files.write(pipe.write(), bytes("def"));
      ByteBuffer into = ByteBuffer.allocate(10);

      assertThat(files.read(pipe.read(), into)).isEqualTo(6);
      assertThat(text(into)).isEqualTo("abcdef");
      assertThat(files.status(pipe.read()).type()).isEqualTo(FileType.FIFO);
    }
  }

  @Test
  final void aPipeEndsWithItsLastWriter() {
    try (Pipe pipe = files.pipe()) {
      Fd second = pipe.write().duplicate();
      files.setBlocking(pipe.read(), false);
      pipe.write().close();
      assertThat(files.read(pipe.read(), ByteBuffer.allocate(1))).isEqualTo(Files.WOULD_BLOCK);
      second.close();
      assertThat(files.read(pipe.read(), ByteBuffer.allocate(1))).isZero();
    }
  }

  @Test
  final void aPipeWithoutReaderIsBroken() {
    try (Pipe pipe = files.pipe()) {
      pipe.read().close();
      assertErrno(Errno.EPIPE, () -> files.write(pipe.write(), bytes("x")));
    }
  }

  @Test
  final void aPipeTakesWhatItHasRoomFor() {
    try (Pipe pipe = files.pipe()) {
      files.setPipeCapacity(pipe.write(), 4097);
      files.setBlocking(pipe.write(), false);
      ByteBuffer from = ByteBuffer.allocate(10_000);

      assertThat(files.write(pipe.write(), from)).isEqualTo(8192);
      assertThat(from.remaining()).isEqualTo(10_000 - 8192);
      assertThat(files.write(pipe.write(), from)).isEqualTo(Files.WOULD_BLOCK);
    }
  }

  @Test
  final void aPipesReaderWaitsForTheWriter() throws Exception {
    try (Pipe pipe = files.pipe()) {
      FutureTask<Integer> reading =
          new FutureTask<>(() -> files.read(pipe.read(), ByteBuffer.allocate(10)));
      Thread.ofPlatform().start(reading);
      files.write(pipe.write(), bytes("abc"));

      assertThat(reading.get(Failures.LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(3);
    }
  }

  @Test
  final void aPipesWriterWaitsForTheReader() throws Exception {
    try (Pipe pipe = files.pipe()) {
      files.setPipeCapacity(pipe.write(), 4096);
      FutureTask<Integer> writing =
          new FutureTask<>(() -> files.write(pipe.write(), ByteBuffer.allocate(20_000)));
      Thread.ofPlatform().start(writing);
      ByteBuffer into = ByteBuffer.allocate(20_000);
      while (into.hasRemaining()) {
        assertThat(files.read(pipe.read(), into)).isPositive();
      }

      assertThat(writing.get(Failures.LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(20_000);
    }
  }

  @Test
  final void aPipeHasNoOffsets() {
    try (Pipe pipe = files.pipe()) {
      assertErrno(Errno.ESPIPE, () -> files.readAt(pipe.read(), ByteBuffer.allocate(1), 0));
      assertErrno(Errno.EBADF, () -> files.read(pipe.write(), ByteBuffer.allocate(1)));
      assertErrno(Errno.EBADF, () -> files.write(pipe.read(), bytes("x")));
    }
  }

  @Test
  final void onlyPipesHaveACapacity() {
    try (Fd fd = files.open(file)) {
      assertErrno(Errno.EBADF, () -> files.setPipeCapacity(fd, 4096));
    }
  }

  private void write(Path path, String content, OpenFlag... flags) {
    try (Fd fd = files.open(path, flags)) {
      assertThat(files.write(fd, bytes(content))).isEqualTo(content.length());
    }
  }

  private String read(Path path) {
    try (Fd fd = files.open(path)) {
      ByteBuffer into = ByteBuffer.allocate(100);
      files.read(fd, into);
      return text(into);
    }
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static String text(ByteBuffer filled) {
    return UTF_8.decode(filled.duplicate().flip()).toString();
  }
}
