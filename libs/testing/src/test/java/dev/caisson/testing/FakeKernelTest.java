package dev.caisson.testing;

import static dev.caisson.testing.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.linux.ChildStatus;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.MountAttributes;
import dev.caisson.linux.MountFlag;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pair;
import dev.caisson.linux.Resolve;
import dev.caisson.linux.SpawnRequest;
import dev.caisson.linux.Spawned;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class FakeKernelTest {
  private final FakeKernel fake = new FakeKernel();
  private final Files files = fake.kernel().files();

  @Test
  void lacksNothing() {
    assertThat(fake.kernel().missing()).isEmpty();
  }

  @Test
  void recordsCallsInOrder() {
    files.pipe().close();
    assertErrno(Errno.ENOENT, () -> files.open(Path.of("/missing"), OpenFlag.PATH));

    assertThat(fake.calls())
        .extracting(Call::toString)
        .containsExactly("files.pipe()", "files.open(/missing, [PATH])");
    assertThat(fake.calls("files.open"))
        .singleElement()
        .extracting(Call::arguments)
        .isEqualTo(List.of(Path.of("/missing"), Set.of(OpenFlag.PATH)));
  }

  @Test
  void failsTheCallThatItIsToldToWithoutEffect() {
    fake.fail("files.pipe", 1, Errno.EMFILE);

    files.pipe().close();
    assertThatThrownBy(files::pipe).hasMessage("Failed to call files.pipe(): EMFILE (24)");
    files.pipe().close();
    assertThat(fake.openDescriptors()).isZero();
  }

  @Test
  void failuresQueueUp() {
    fake.fail("files.pipe", Errno.EMFILE);
    fake.fail("files.pipe", Errno.ENFILE);

    assertErrno(Errno.EMFILE, files::pipe);
    assertErrno(Errno.ENFILE, files::pipe);
  }

  @Test
  void hasTheFilesThatATestGivesIt() {
    fake.addFile(Path.of("/proc/1/uid_map"), "old".getBytes(UTF_8));
    try (Fd fd = files.open(Path.of("/proc/1/uid_map"), OpenFlag.WRITE_ONLY, OpenFlag.TRUNCATE)) {
      files.write(fd, ByteBuffer.wrap("0 1 2".getBytes(UTF_8)));
    }

    assertThat(fake.content(Path.of("/proc/1/uid_map"))).asString().isEqualTo("0 1 2");
  }

  @Test
  void changesOwners() {
    fake.addFile(Path.of("/cgroup/cgroup.procs"), new byte[0]);
    try (Fd at = files.open(Path.of("/cgroup"), OpenFlag.PATH)) {
      files.setOwner(at, "cgroup.procs", 10, 20);
      try (Fd file = files.openIn(at, "cgroup.procs", Set.of(Resolve.BENEATH))) {
        assertThat(files.status(file).uid()).isEqualTo(10);
        assertThat(files.status(file).gid()).isEqualTo(20);
      }
    }
  }

  @Test
  void countsWhatIsLeftOpen() {
    Pair pair = fake.kernel().sockets().pair();
    Fd memory = files.memory("m", 1);
    fake.kernel().sockets().send(pair.first(), ByteBuffer.allocate(1), List.of(memory));
    assertThat(fake.openDescriptors()).isEqualTo(3);

    pair.close();
    memory.close();
    assertThat(fake.openDescriptors()).isZero();
  }

  @Test
  void aNewFilesystemIsAnEmptyDirectory() {
    try (Fd mount =
            fake.kernel()
                .mounts()
                .filesystem("tmpfs", Map.of("mode", "755"), Set.of(MountFlag.NO_SUID));
        Fd copy = fake.kernel().mounts().cloneTree(mount, false)) {
      fake.kernel()
          .mounts()
          .setAttributes(copy, MountAttributes.setting(MountFlag.READ_ONLY), false);
      files.openIn(mount, "a", Set.of(), OpenFlag.CREATE, OpenFlag.WRITE_ONLY).close();
      files.openIn(copy, "a", Set.of(Resolve.BENEATH)).close();

      assertThat(fake.calls("mounts.setAttributes")).hasSize(1);
      assertErrno(Errno.EINVAL, () -> fake.kernel().mounts().cloneTree(pipe(), false));
    }
  }

  private Fd pipe() {
    return files.pipe().read();
  }

  @Test
  void aTestPlaysTheChild() {
    fake.onSpawn(process -> files.write(process.descriptor(1), ByteBuffer.allocate(3)));
    try (var pipe = files.pipe()) {
      Spawned child = spawn(Map.of(1, pipe.write()));
      FakeProcess process = fake.spawned().getFirst();
      fake.kernel().processes().signal(child.pidfd(), 15);
      process.exit(42);
      process.exit(43);

      assertThat(files.read(pipe.read(), ByteBuffer.allocate(10))).isEqualTo(3);
      assertThat(process.signals()).containsExactly(15);
      assertThat(process.request().args()).containsExactly("x");
      assertThat(fake.kernel().processes().reap(child.pidfd())).contains(new ChildStatus(42, 0));
    }
  }

  private Spawned spawn(Map<Integer, Fd> descriptors) {
    return fake.kernel()
        .processes()
        .spawn(new SpawnRequest(Path.of("/x"), List.of("x"), List.of(), descriptors, true));
  }
}
