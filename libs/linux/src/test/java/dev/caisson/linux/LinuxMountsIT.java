package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Detached mounts of the real kernel; root is needed. */
final class LinuxMountsIT {
  /** linux/magic.h */
  private static final long TMPFS_MAGIC = 0x01021994;

  private final Kernel kernel = Kernel.open();
  private final Files files = kernel.files();
  private final Mounts mounts = kernel.mounts();

  @TempDir private Path directory;

  @Test
  void makesAFilesystemThatIsAttachedNowhere() throws Exception {
    String before = java.nio.file.Files.readString(Path.of("/proc/self/mountinfo"));
    try (Fd mount = tmpfs(Map.of("size", "65536", "mode", "0711"), Set.of())) {
      assertThat(files.filesystemMagic(mount)).isEqualTo(TMPFS_MAGIC);
      assertThat(files.status(mount).mode()).isEqualTo(0711);
      create(mount, "file").close();
      assertThat(java.nio.file.Files.readString(Path.of("/proc/self/mountinfo"))).isEqualTo(before);
    }
  }

  @Test
  void mountFlagsHoldFromTheBeginning() {
    try (Fd mount = tmpfs(Map.of(), Set.of(MountFlag.READ_ONLY, MountFlag.NO_ATIME))) {
      assertErrno(Errno.EROFS, () -> create(mount, "file"));
    }
  }

  @Test
  void passesTheKernelsOwnWordsOn() {
    assertThatThrownBy(() -> tmpfs(Map.of("colour", "red"), Set.of()))
        .isInstanceOf(LinuxException.class)
        .hasMessageStartingWith("Failed to make a filesystem of type tmpfs with option colour (")
        .hasMessageContaining("nknown parameter 'colour'")
        .hasMessageEndingWith("): EINVAL (22)");
  }

  @Test
  void saysThatATypeIsUnknown() {
    assertThatThrownBy(() -> mounts.filesystem("nosuchfs", Map.of(), Set.of()))
        .hasMessage("Failed to make a filesystem of type nosuchfs: ENODEV (19)");
  }

  @Test
  void anEmptyValueIsAFlag() {
    // A flag that tmpfs has not; the words differ from those for a value.
    assertThatThrownBy(() -> tmpfs(Map.of("size", ""), Set.of()))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("with option size");
  }

  @Test
  void aCopyOfAMountIsChangedAlone() {
    try (Fd original = files.open(directory, OpenFlag.PATH);
        Fd copy = mounts.cloneTree(original, true)) {
      mounts.setAttributes(copy, MountAttributes.setting(MountFlag.READ_ONLY), true);

      assertErrno(Errno.EROFS, () -> create(copy, "file"));
      create(original, "file").close();
      assertThat(files.status(copy).sameFile(files.status(original))).isTrue();
    }
  }

  @Test
  void attributesAreClearedAgain() {
    try (Fd mount = tmpfs(Map.of(), Set.of(MountFlag.READ_ONLY, MountFlag.STRICT_ATIME))) {
      mounts.setAttributes(
          mount,
          MountAttributes.setting(MountFlag.NO_ATIME)
              .clearing(MountFlag.READ_ONLY)
              .withPropagation(Propagation.PRIVATE),
          false);

      create(mount, "file").close();
      assertThat(files.status(mount).type()).isEqualTo(FileType.DIRECTORY);
    }
  }

  @Test
  void aSingleFileIsCloned() throws Exception {
    Path file = java.nio.file.Files.writeString(directory.resolve("file"), "abc");
    try (Fd at = files.open(file, OpenFlag.PATH);
        Fd copy = mounts.cloneTree(at, false)) {
      assertThat(files.status(copy).size()).isEqualTo(3);
    }
  }

  @Test
  void idMapsAMount() throws Exception {
    java.nio.file.Files.writeString(directory.resolve("file"), "abc");
    try (Fd namespace = userNamespace("0 200000 65536");
        Fd original = files.open(directory, OpenFlag.PATH);
        Fd copy = mounts.cloneTree(original, false)) {
      mounts.setAttributes(copy, MountAttributes.NONE.idMappedBy(namespace), false);

      try (Fd file = files.openIn(copy, "file", Set.of(Resolve.BENEATH), OpenFlag.PATH)) {
        assertThat(files.status(file).uid()).isEqualTo(200_000);
        assertThat(files.status(file).gid()).isEqualTo(200_000);
      }
    }
  }

  @Test
  void refusesContradictingAttributes() {
    MountAttributes set = MountAttributes.setting(MountFlag.NO_EXEC);

    assertThatThrownBy(() -> set.clearing(MountFlag.NO_EXEC))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Of a child that waits for the end of its input; the namespace outlives it. */
  private Fd userNamespace(String map) throws IOException {
    try (Pipe input = files.pipe();
        Pipe output = files.pipe()) {
      Spawned child = unshare(input.read(), output.write());
      try (Fd pidfd = child.pidfd()) {
        ByteBuffer ready = ByteBuffer.allocate(1);
        assertThat(files.read(output.read(), ready)).isEqualTo(1);
        Path proc = Path.of("/proc/" + child.pid());
        java.nio.file.Files.write(proc.resolve("uid_map"), map.getBytes(UTF_8));
        java.nio.file.Files.write(proc.resolve("gid_map"), map.getBytes(UTF_8));
        Fd namespace = files.open(proc.resolve("ns/user"));
        kernel.processes().signal(pidfd, 9);
        assertThat(kernel.processes().awaitEnd(pidfd, TestTimes.LONG)).isTrue();
        assertThat(kernel.processes().reap(pidfd)).contains(new ChildStatus(0, 9));
        return namespace;
      }
    }
  }

  private Spawned unshare(Fd input, Fd output) {
    return kernel
        .processes()
        .spawn(
            new SpawnRequest(
                Path.of("/usr/bin/unshare"),
                List.of("unshare", "--user", "sh", "-c", "echo; read line"),
                List.of("PATH=/usr/bin:/bin"),
                Map.of(0, input, 1, output),
                false));
  }

  private Fd tmpfs(Map<String, String> options, Set<MountFlag> flags) {
    return mounts.filesystem("tmpfs", options, flags);
  }

  private Fd create(Fd mount, String name) {
    return files.openIn(mount, name, Set.of(Resolve.BENEATH), OpenFlag.CREATE, OpenFlag.WRITE_ONLY);
  }
}
