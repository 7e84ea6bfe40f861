package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What only the real kernel shows. Root is needed to change owners. */
final class LinuxFilesIT {
  /** linux/magic.h */
  private static final long PROC_SUPER_MAGIC = 0x9fa0;

  private final Files files = Kernel.open().files();

  @TempDir private Path directory;
  private Path file;

  @BeforeEach
  void writeFile() throws Exception {
    file = java.nio.file.Files.writeString(directory.resolve("file"), "0123456789");
  }

  @Test
  void opensCloseOnExec() throws Exception {
    try (Fd fd = files.open(file, OpenFlag.READ_ONLY)) {
      String info = java.nio.file.Files.readString(Path.of("/proc/self/fdinfo/" + fd.number()));

      assertThat(info).containsPattern("flags:\\s+0?21?00000");
    }
  }

  @Test
  void createsForTheOwnerAlone() throws Exception {
    Path created = directory.resolve("created");
    files.open(created, OpenFlag.CREATE, OpenFlag.EXCLUSIVE, OpenFlag.WRITE_ONLY).close();

    assertThat(PosixFilePermissions.toString(java.nio.file.Files.getPosixFilePermissions(created)))
        .isEqualTo("rw-------");
  }

  @Test
  void makesDirectoriesThatEverybodyMayRead() throws Exception {
    Path made = directory.resolve("made");
    files.makeDirectory(made);

    assertThat(PosixFilePermissions.toString(java.nio.file.Files.getPosixFilePermissions(made)))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void listsEveryDirectoryOfMany() {
    for (int i = 0; i < 500; i++) {
      files.makeDirectory(directory.resolve("directory-with-a-long-name-" + i));
    }

    assertThat(files.directories(directory)).hasSize(500).doesNotHaveDuplicates();
  }

  /** ext2 as it was in 1995. */
  @Test
  void listsDirectoriesWhereTheFilesystemTellsNoTypes() throws Exception {
    Path inside = java.nio.file.Files.createDirectories(directory.resolve("root/inside"));
    java.nio.file.Files.createSymbolicLink(inside.resolveSibling("link"), Path.of("inside"));
    java.nio.file.Files.writeString(inside.resolveSibling("file"), "");
    Path mounted = java.nio.file.Files.createDirectory(directory.resolve("mounted"));
    String make = "mke2fs -q -F -t ext2 -O ^filetype,^dir_index -d root image 1M";
    assumeTrue(succeeds(make), "Skipped: needs mke2fs: apt-get install e2fsprogs");
    assumeTrue(succeeds("mount -o loop,ro image mounted"), "Skipped: needs loop devices");
    try {
      assertThat(files.directories(mounted)).containsExactlyInAnyOrder("inside", "lost+found");
    } finally {
      assertThat(succeeds("umount mounted")).isTrue();
    }
  }

  /** Whether a command in the test's own directory does. */
  private boolean succeeds(String command) throws Exception {
    return new ProcessBuilder("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; " + command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor()
        == 0;
  }

  @Test
  void changesTheOwnerOfALinkItself() throws Exception {
    Path link = java.nio.file.Files.createSymbolicLink(directory.resolve("link"), file);
    files.setOwner(link, 1234, 1235);

    assertThat(
            java.nio.file.Files.getAttribute(
                link, "unix:uid", java.nio.file.LinkOption.NOFOLLOW_LINKS))
        .isEqualTo(1234);
    assertThat(java.nio.file.Files.getAttribute(file, "unix:uid")).isEqualTo(0);
  }

  @Test
  void refusesAPathWithNul() {
    assertThatThrownBy(() -> openIn("file\0.txt", Resolve.BENEATH))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void saysWhichPathFailed() {
    Path missing = directory.resolve("missing");

    assertThatThrownBy(() -> files.open(missing))
        .hasMessage("Failed to open " + missing + ": ENOENT (2)");
  }

  @Test
  void staysBeneathTheDirectory() {
    assertErrno(Errno.EXDEV, () -> openIn("../file", Resolve.BENEATH));
    assertErrno(Errno.EXDEV, () -> openIn("/etc/passwd", Resolve.BENEATH));
  }

  @Test
  void resolvesInTheRootThatItIsGiven() throws Exception {
    java.nio.file.Files.createSymbolicLink(directory.resolve("link"), Path.of("/../file"));

    try (Fd fd = openIn("/../../link", Resolve.IN_ROOT)) {
      assertThat(files.status(fd).size()).isEqualTo(10);
    }
  }

  @Test
  void followsNoSymbolicLinkWhereNoneIsAllowed() throws Exception {
    java.nio.file.Files.createSymbolicLink(directory.resolve("link"), Path.of("file"));

    assertErrno(Errno.ELOOP, () -> openIn("link", Resolve.NO_SYMLINKS));
  }

  @Test
  void followsNoMagicLinkWhereNoneIsAllowed() {
    try (Fd proc = files.open(Path.of("/proc/self"), OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      assertErrno(Errno.ELOOP, () -> files.openIn(proc, "exe", Set.of(Resolve.NO_MAGIC_LINKS)));
    }
  }

  @Test
  void crossesNoMountWhereNoneIsAllowed() {
    try (Fd root = files.open(Path.of("/"), OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      assertErrno(
          Errno.EXDEV,
          () -> files.openIn(root, "proc", Set.of(Resolve.NO_MOUNT_CROSSING), OpenFlag.PATH));
    }
  }

  @Test
  void createsBeneathTheDirectory() {
    try (Fd at = files.open(directory, OpenFlag.PATH);
        Fd created =
            files.openIn(
                at, "new", Set.of(Resolve.BENEATH), OpenFlag.CREATE, OpenFlag.READ_WRITE)) {
      assertThat(files.status(created).mode()).isEqualTo(0600);
    }
  }

  /** The kernel answers EAGAIN when a rename meets a walk through "..": it is asked again. */
  @Test
  void opensBeneathWhileOthersRename() throws Exception {
    Path inner = java.nio.file.Files.createDirectories(directory.resolve("a/b"));
    AtomicBoolean done = new AtomicBoolean();
    Thread renamer = Thread.ofPlatform().start(() -> renameUntil(done, inner));
    try (Fd at = files.open(directory, OpenFlag.PATH)) {
      for (int i = 0; i < 2_000; i++) {
        files.openIn(at, "a/../a/../file", Set.of(Resolve.IN_ROOT)).close();
      }
    } finally {
      done.set(true);
      renamer.join();
    }
    assertThat(done).isTrue();
  }

  private static void renameUntil(AtomicBoolean done, Path from) {
    Path to = from.resolveSibling("c");
    while (!done.get()) {
      assertThat(from.toFile().renameTo(to.toFile())).isTrue();
      assertThat(to.toFile().renameTo(from.toFile())).isTrue();
    }
  }

  @Test
  void tellsTheStatusOfARegularFile() throws Exception {
    java.nio.file.Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x--x"));

    try (Fd fd = files.open(file, OpenFlag.PATH)) {
      FileStatus status = files.status(fd);

      assertThat(status.type()).isEqualTo(FileType.REGULAR);
      assertThat(status.mode()).isEqualTo(0751);
      assertThat(status.size()).isEqualTo(10);
      assertThat(status.inode()).isEqualTo(java.nio.file.Files.getAttribute(file, "unix:ino"));
      assertThat(status.device()).isEqualTo(java.nio.file.Files.getAttribute(file, "unix:dev"));
      assertThat(status.uid()).isEqualTo(java.nio.file.Files.getAttribute(file, "unix:uid"));
      assertThat(status.gid()).isEqualTo(java.nio.file.Files.getAttribute(file, "unix:gid"));
    }
  }

  @Test
  void tellsWhichDeviceADeviceIs() {
    try (Fd fd = files.open(Path.of("/dev/null"), OpenFlag.PATH)) {
      FileStatus status = files.status(fd);

      assertThat(status.type()).isEqualTo(FileType.CHARACTER_DEVICE);
      assertThat(status.rdevMajor()).isEqualTo(1);
      assertThat(status.rdevMinor()).isEqualTo(3);
      assertThat(status.mode()).isEqualTo(0666);
    }
  }

  @Test
  void tellsLinksDirectoriesPipesAndSocketsApart() throws Exception {
    Path link = java.nio.file.Files.createSymbolicLink(directory.resolve("link"), file);
    try (Fd symbolic = files.open(link, OpenFlag.PATH, OpenFlag.NO_FOLLOW);
        Fd at = files.open(directory, OpenFlag.DIRECTORY);
        Pipe pipe = files.pipe();
        Pair pair = Kernel.open().sockets().pair()) {
      assertThat(files.status(symbolic).type()).isEqualTo(FileType.SYMBOLIC_LINK);
      assertThat(files.status(at).type()).isEqualTo(FileType.DIRECTORY);
      assertThat(files.status(pipe.read()).type()).isEqualTo(FileType.FIFO);
      assertThat(files.status(pair.first()).type()).isEqualTo(FileType.SOCKET);
    }
  }

  @Test
  void tellsTheFilesystem() {
    try (Fd proc = files.open(Path.of("/proc"), OpenFlag.PATH)) {
      assertThat(files.filesystemMagic(proc)).isEqualTo(PROC_SUPER_MAGIC);
    }
  }

  @Test
  void changesTheOwnerOfALinkAndNotOfItsTarget() throws Exception {
    Path link = java.nio.file.Files.createSymbolicLink(directory.resolve("link"), Path.of("file"));
    try (Fd at = files.open(directory, OpenFlag.PATH)) {
      files.setOwner(at, "link", 1234, 5678);
    }

    try (Fd changed = files.open(link, OpenFlag.PATH, OpenFlag.NO_FOLLOW);
        Fd target = files.open(file, OpenFlag.PATH)) {
      assertThat(files.status(changed).uid()).isEqualTo(1234);
      assertThat(files.status(changed).gid()).isEqualTo(5678);
      assertThat(files.status(target).uid()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "..", "a/b", "/etc/passwd", "../file"})
  void changesOwnersInTheDirectoryOnly(String name) {
    try (Fd at = files.open(directory, OpenFlag.PATH)) {
      assertThatThrownBy(() -> files.setOwner(at, name, 1, 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void sealedMemoryCannotBeChanged() {
    try (Fd memory = files.sealedMemory("program", ByteBuffer.wrap("abc".getBytes(UTF_8)));
        Fd again = files.open(memory.path(), OpenFlag.READ_ONLY)) {
      assertErrno(Errno.EPERM, () -> files.write(memory, ByteBuffer.wrap(new byte[] {1})));
      assertErrno(
          Errno.EPERM, () -> files.open(memory.path(), OpenFlag.TRUNCATE, OpenFlag.READ_WRITE));
      ByteBuffer content = ByteBuffer.allocate(10);
      assertThat(files.read(again, content)).isEqualTo(3);
      assertThat(new String(content.array(), 0, 3, UTF_8)).isEqualTo("abc");
    }
  }

  @Test
  void sealsMoreThanOneCopyHolds() {
    byte[] content = new byte[3 * Transfer.MAX_COPY + 1];
    content[content.length - 1] = 42;
    try (Fd memory = files.sealedMemory("large", ByteBuffer.wrap(content))) {
      ByteBuffer last = ByteBuffer.allocateDirect(1);
      assertThat(files.readAt(memory, last, content.length - 1L)).isEqualTo(1);
      assertThat(last.get(0)).isEqualTo((byte) 42);
      assertThat(files.status(memory).size()).isEqualTo(content.length);
    }
  }

  @Test
  void aHeapBufferIsReadInCopiesOfBoundedSize() {
    try (Fd memory = files.memory("large", 2L * Transfer.MAX_COPY)) {
      assertThat(files.read(memory, ByteBuffer.allocate(2 * Transfer.MAX_COPY)))
          .isEqualTo(Transfer.MAX_COPY);
      assertThat(files.readAt(memory, ByteBuffer.allocateDirect(2 * Transfer.MAX_COPY), 0))
          .isEqualTo(2 * Transfer.MAX_COPY);
    }
  }

  @Test
  void refusesAReadOnlyBufferAndOneWithoutRoom() {
    try (Fd fd = files.open(file)) {
      assertThatThrownBy(() -> files.read(fd, ByteBuffer.allocateDirect(1).asReadOnlyBuffer()))
          .isInstanceOf(ReadOnlyBufferException.class);
      assertThatThrownBy(() -> files.read(fd, ByteBuffer.allocate(0)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void refusesMemoryWithTooLongAName() {
    // NAME_MAX without "memfd:" is 249 bytes, memfd_create(2).
    files.memory("n".repeat(249), 1).close();
    assertErrno(Errno.EINVAL, () -> files.memory("n".repeat(250), 1));
  }

  @Test
  void setsThePipesCapacity() {
    try (Pipe pipe = files.pipe()) {
      files.setPipeCapacity(pipe.write(), 4096);
      files.setBlocking(pipe.write(), false);

      assertThat(files.write(pipe.write(), ByteBuffer.allocate(65536))).isEqualTo(4096);
      assertThat(files.write(pipe.write(), ByteBuffer.allocate(1))).isEqualTo(Files.WOULD_BLOCK);
    }
  }

  private Fd openIn(String path, Resolve resolve) {
    try (Fd at = files.open(directory, OpenFlag.PATH)) {
      return files.openIn(at, path, Set.of(resolve));
    }
  }
}
