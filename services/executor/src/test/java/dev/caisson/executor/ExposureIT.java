package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A container must leave nothing of root's where users of the host can reach it. */
class ExposureIT {
  private static final String LEAVE =
      "cp /bin/busybox /left && chown 0:0 /left && chmod 4755 /left && echo done";

  /** {@code S_ISUID} of inode(7), with the permissions. */
  private static final int SET_USER_ID = 04755;

  @Test
  void theAttackSucceedsWhereTheGuardAllowsIt() throws Exception {
    try (TestNode node = TestNode.launch("roots.exposed = true")) {
      open(node.rootfs());
      assertThat(node.run(node.shell(LEAVE)).out()).isEqualTo("done\n");

      Path left = node.rootfs().resolve("left");
      assertThat(Files.getAttribute(left, "unix:uid")).isEqualTo(0);
      assertThat((int) Files.getAttribute(left, "unix:mode") & 07777).isEqualTo(SET_USER_ID);
      Files.delete(left);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxr-xr-x", "rwx--x---", "rwx-----x"})
  void whatOthersCanReachIsRefused(String permissions) throws Exception {
    try (TestNode node = TestNode.launch()) {
      open(node.rootfs());
      Files.setPosixFilePermissions(
          node.rootfs().getParent(), PosixFilePermissions.fromString(permissions));
      refused("root.path can be written", node, node.spec("true"));
    }
  }

  @Test
  void aDirectoryOfSomebodyElsesIsNotRootsAlone() throws Exception {
    try (TestNode node = TestNode.launch()) {
      open(node.rootfs());
      for (Path each : directories(node.rootfs())) {
        Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwx------"));
        Files.setAttribute(each, "unix:uid", 1000);
      }
      refused("root.path can be written", node, node.spec("true"));
    }
  }

  @Test
  void oneDirectoryAboveItSuffices() throws Exception {
    try (TestNode node = TestNode.launch()) {
      open(node.rootfs());
      Files.setPosixFilePermissions(
          node.rootfs().getParent(), PosixFilePermissions.fromString("rwx------"));
      assertThat(node.run(node.shell("echo runs")).out()).isEqualTo("runs\n");
    }
  }

  @Test
  void whatCannotBeWrittenMayBeReached() throws Exception {
    try (TestNode node = TestNode.launch()) {
      open(node.rootfs());
      ContainerSpec.Builder readonly = node.shell("echo runs");
      readonly.getRootBuilder().setReadonly(true);
      assertThat(node.run(readonly).out()).isEqualTo("runs\n");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void volumesAndFilesAreLookedAtToo(boolean file) throws Exception {
    try (TestNode node = TestNode.launch()) {
      ContainerSpec.Builder spec = node.shell("ls -d /shared");
      spec.getRootBuilder().setReadonly(true); // so that it does not matter itself
      Path volume = node.share(spec);
      if (file) {
        Path source = Files.createFile(volume.resolve("file"));
        spec.setMounts(0, spec.getMounts(0).toBuilder().setSource(source.toString()));
      }
      open(volume);
      refused("mounts.source can be written", node, spec);
      Mount readonly = spec.getMounts(0).toBuilder().addOptions("ro").build();
      assertThat(node.run(spec.setMounts(0, readonly)).out()).isEqualTo("/shared\n");
    }
  }

  private static void refused(String sentence, TestNode node, ContainerSpec.Builder spec) {
    assertThatThrownBy(() -> node.run(spec)).hasStackTraceContaining(sentence);
  }

  /** It, and all above it up to the file system's temporary directory. */
  private static void open(Path path) throws Exception {
    for (Path each : directories(path)) {
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private static List<Path> directories(Path path) {
    Path top = Path.of(System.getProperty("java.io.tmpdir"));
    return java.util.stream.Stream.iterate(path, each -> !each.equals(top), Path::getParent)
        .toList();
  }
}
