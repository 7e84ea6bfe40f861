package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Device programs of the real kernel; root and a cgroup tree of version 2 are needed. */
final class DeviceProgramsIT {
  private final Kernel kernel = Kernel.open();
  private final DevicePrograms programs = DevicePrograms.ofKernel();
  private Path directory = Path.of("/nowhere");

  @BeforeEach
  void makeCgroup() throws IOException {
    String mount =
        java.nio.file.Files.readAllLines(Path.of("/proc/self/mounts")).stream()
            .map(line -> line.split(" ", -1))
            .filter(words -> words[2].equals("cgroup2"))
            .map(words -> words[1])
            .findFirst()
            .orElse("");
    assumeTrue(!mount.isEmpty(), "Skipped: needs a cgroup tree of version 2");
    directory = Path.of(mount, "caisson-devices-" + UUID.randomUUID());
    java.nio.file.Files.createDirectory(directory);
  }

  @AfterEach
  void removeCgroup() throws IOException {
    java.nio.file.Files.deleteIfExists(directory);
  }

  private Fd cgroup() {
    return kernel.files().open(directory, OpenFlag.READ_ONLY, OpenFlag.DIRECTORY);
  }

  /** {@code r0 = allowed; exit} */
  private static ByteBuffer answering(int allowed) {
    ByteBuffer code = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
    code.put((byte) 0xb7).put((byte) 0).putShort((short) 0).putInt(allowed);
    return code.put((byte) 0x95).put(new byte[7]).flip();
  }

  /** What a shell in the cgroup can read of a device. */
  private String read(String device) throws IOException, InterruptedException {
    String script = "echo $$ > " + directory + "/cgroup.procs; head -c 1 " + device + " 2>&1";
    Process shell =
        new ProcessBuilder("sh", "-c", script + " | od -An -c").redirectErrorStream(true).start();
    String said = new String(shell.getInputStream().readAllBytes(), UTF_8).strip();
    assertThat(shell.waitFor()).isZero();
    return said;
  }

  @Test
  void decideAboutProcessesOfTheirCgroup() throws Exception {
    try (Fd cgroup = cgroup();
        Fd none = programs.load(answering(0), "none")) {
      assertThat(read("/dev/zero")).isEqualTo("\\0");
      programs.attach(cgroup, none);
      assertThat(read("/dev/zero")).isNotEqualTo("\\0");
      programs.detach(cgroup, none);
      assertThat(read("/dev/zero")).isEqualTo("\\0");
    }
  }

  @Test
  void mustAllAllow() throws Exception {
    try (Fd cgroup = cgroup();
        Fd none = programs.load(answering(0), "none");
        Fd all = programs.load(answering(1), "all")) {
      programs.attach(cgroup, all);
      assertThat(read("/dev/zero")).isEqualTo("\\0");
      programs.attach(cgroup, none);
      assertThat(read("/dev/zero")).isNotEqualTo("\\0");
    }
  }

  @Test
  void areListedByName() {
    try (Fd cgroup = cgroup();
        Fd first = programs.load(answering(1), "first");
        Fd second = programs.load(answering(1), "fifteen_letters")) {
      assertThat(programs.attached(cgroup)).isEmpty();
      programs.attach(cgroup, first);
      programs.attach(cgroup, second);
      List<DevicePrograms.Attached> attached = programs.attached(cgroup);
      assertThat(attached)
          .extracting(DevicePrograms.Attached::name)
          .containsExactly("first", "fifteen_letters");
      attached.forEach(one -> programs.detach(cgroup, one.program()));
      attached.forEach(one -> one.program().close());
      assertThat(programs.attached(cgroup)).isEmpty();
    }
  }

  @Test
  void areRefusedByTheKernelWhereTheyAreNone() {
    assertErrno(Errno.EINVAL, () -> programs.load(answering(1).limit(8), "no_exit").close());
  }
}
