package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the options of mounts do. */
class MountsIT extends OnNode {

  @BeforeAll
  static void allowHostUsers() throws Exception {
    allow("user-namespace.host = true");
  }

  private static Path volume() throws Exception {
    Path volume = Files.createTempDirectory(node.base().resolve("volumes"), "v");
    onHost("chmod", "755", volume.toString());
    return volume;
  }

  private static ContainerSpec.Builder with(String script, Mount.Builder... mounts) {
    ContainerSpec.Builder spec = node.shell(script);
    List.of(mounts).forEach(spec::addMounts);
    return spec;
  }

  private static Mount.Builder bind(Path source, String... options) {
    return Mount.newBuilder()
        .setDestination("/data")
        .setType("bind")
        .setSource(source.toString())
        .addAllOptions(List.of(options));
  }

  private static Mount.Builder tmpfs(String destination, String... options) {
    return Mount.newBuilder()
        .setDestination(destination)
        .setType("tmpfs")
        .addAllOptions(List.of(options));
  }

  private static StatusRuntimeException failure(ContainerSpec.Builder spec) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> node.create("c", spec));
  }

  private static final String OPTIONS = "grep ' /data ' /proc/self/mounts | cut -d' ' -f4";

  @Test
  void aBindHasItsAttributes() throws Exception {
    String options =
        out(
            with(
                OPTIONS,
                bind(volume(), "bind", "ro", "nosuid", "noexec", "noatime", "nodiratime")));
    assertThat(options).startsWith("ro,nosuid,nodev,noexec,noatime,nodiratime");
    assertThat(out(with(OPTIONS, bind(volume(), "bind", "rro", "rnosuid", "rnoexec"))))
        .startsWith("ro,nosuid,nodev,noexec,relatime");
    assertThat(out(with(OPTIONS, bind(volume(), "bind", "ro", "rw", "nosymfollow"))))
        .startsWith("rw,nodev,relatime,nosymfollow");
  }

  @Test
  void attributesHoldForWhatIsMountedBelow() throws Exception {
    Path volume = volume();
    Path below = Files.createDirectory(volume.resolve("below"));
    onHost("mount", "-t", "tmpfs", "below", below.toString());
    try {
      for (String readOnly : List.of("ro", "rro")) {
        ContainerSpec.Builder spec =
            with("echo x > /data/below/x", bind(volume, "rbind", readOnly));
        assertThat(node.run(spec).err()).contains("Read-only file system");
      }
      assertThat(out(with("echo x > /data/below/x; ls /data/below", bind(volume, "rbind"))))
          .isEqualTo("x\n");
      assertThat(out(with("ls /data/below", bind(volume, "bind")))).isEmpty();
    } finally {
      node.deleteEverything();
      onHost("umount", below.toString());
    }
  }

  @Test
  void aFilesystemHasItsOptions() {
    assertThat(
            out(
                with(
                    OPTIONS,
                    tmpfs("/data", "size=1m", "mode=1770", "sync", "dirsync", "noexec", "nodev"))))
        .contains("sync", "dirsync", "noexec", "nodev", "size=1024k", "mode=1770");
    assertThat(out(with(OPTIONS, tmpfs("/data", "sync", "async", "lazytime", "nolazytime"))))
        .doesNotContain("sync")
        .doesNotContain("lazytime");
  }

  @Test
  void aTmpfsLooksLikeTheDirectoryThatItCovers() throws Exception {
    onHost("chmod", "1775", node.rootfs().resolve("tmp").toString());
    assertThat(out(with("stat -c %a /tmp /new", tmpfs("/tmp"), tmpfs("/new"))))
        .isEqualTo("1775\n1777\n");
    onHost("chmod", "755", node.rootfs().resolve("tmp").toString());
  }

  @Test
  void seesLaterMountsOfTheHostOnlyInASlave() throws Exception {
    Path volume = volume();
    onHost("mount", "--bind", volume.toString(), volume.toString());
    onHost("mount", "--make-shared", volume.toString());
    Path point = Files.createDirectory(volume.resolve("point"));
    try {
      node.started("private", with("sleep 60", bind(volume, "rbind")));
      node.started("slave", with("sleep 60", bind(volume, "rbind", "rslave")));
      onHost("mount", "-t", "tmpfs", "-o", "mode=755", "late", point.toString());
      Files.writeString(point.resolve("file"), "late\n");
      assertThat(node.exec("private", "ls", "/data/point").ended().out()).isEmpty();
      assertThat(node.exec("slave", "cat", "/data/point/file").ended().out()).isEqualTo("late\n");
    } finally {
      node.deleteEverything();
      onHost("umount", "-R", volume.toString());
    }
  }

  // ---- Ids

  private static IdMapping map(int disk, int container, int size) {
    return IdMapping.newBuilder().setContainerId(disk).setHostId(container).setSize(size).build();
  }

  private static Mount.Builder mapped(Path volume, IdMapping map, String... options) {
    return bind(volume, options).addUidMappings(map).addGidMappings(map);
  }

  @Test
  void idsOfABindAreTheSandboxsWithoutAWord() throws Exception {
    Path volume = volume();
    Files.createFile(volume.resolve("file"));
    for (String option : List.of("bind", "idmap", "ridmap")) {
      assertThat(out(with("stat -c %u:%g /data/file", bind(volume, "bind", option))))
          .isEqualTo("0:0\n");
    }
  }

  @Test
  void idsOfABindAreMappedAsItSays() throws Exception {
    Path volume = volume();
    Path file = Files.createFile(volume.resolve("file"));
    onHost("chown", "5000:5000", volume.toString(), file.toString());
    ContainerSpec.Builder spec =
        with(
            "stat -c %u:%g /data/file; echo x > /data/made",
            mapped(volume, map(5000, 1000, 10), "bind", "idmap"));
    spec.getProcessBuilder().setUser(User.newBuilder().setUid(1001).setGid(1001));
    onHost("chmod", "777", volume.toString());

    assertThat(out(spec)).isEqualTo("1000:1000\n");
    assertThat(Files.getAttribute(volume.resolve("made"), "unix:uid")).isEqualTo(5001);
  }

  @Test
  void idsAreMappedWithoutAUserNamespaceToo() throws Exception {
    Path volume = volume();
    Files.createFile(volume.resolve("file"));
    ContainerSpec.Builder spec =
        with("stat -c %u:%g /data/file", mapped(volume, map(0, 1000, 1), "bind"));
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    assertThat(out(spec)).isEqualTo("1000:1000\n");
  }

  @Test
  void aMapOfTheTopLeavesWhatIsBelowAsItIs() throws Exception {
    Path volume = volume();
    Path below = Files.createDirectory(volume.resolve("below"));
    onHost("mount", "-t", "tmpfs", "below", below.toString());
    try {
      IdMapping map = map(0, 7, 1);
      assertThat(out(with("stat -c %u /data /data/below", mapped(volume, map, "rbind", "idmap"))))
          .isEqualTo("7\n65534\n");
      assertThat(out(with("stat -c %u /data /data/below", mapped(volume, map, "rbind", "ridmap"))))
          .isEqualTo("7\n7\n");
    } finally {
      node.deleteEverything();
      onHost("umount", below.toString());
    }
  }

  @Test
  void aMapToIdsThatTheSandboxLacksIsRefused() throws Exception {
    ContainerSpec.Builder spec =
        with("true", mapped(volume(), map(0, 65_530, 10), "bind", "idmap"));
    StatusRuntimeException refused = failure(spec);
    Problem.of(refused).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    assertThat(refused).hasMessageContaining("65536");
  }

  @Test
  void aMapIsMissedWhereTheSandboxHasNone() throws Exception {
    ContainerSpec.Builder spec = with("true", bind(volume(), "bind", "idmap"));
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    Problem.of(failure(spec)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  @Test
  void manyMapsLeaveNoDescriptorAndNoProcess() throws Exception {
    Path volume = volume();
    long before = descriptors();
    for (int i = 0; i < 70; i++) { // more than are kept
      out(with("true", mapped(volume, map(i, i, 1), "bind")));
    }
    assertThat(descriptors() - before).isLessThanOrEqualTo(64);
    try (var sockets = Files.list(node.run())) {
      assertThat(sockets.filter(file -> file.getFileName().toString().startsWith("maps-")))
          .isEmpty();
    }
  }

  private static long descriptors() throws Exception {
    try (var open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(fd -> isUserNamespace(fd)).count();
    }
  }

  private static boolean isUserNamespace(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString().startsWith("user:");
    } catch (java.io.IOException e) {
      return false; // it was closed
    }
  }

  // ---- tmpcopyup

  @Test
  void beginsWithWhatIsThere() throws Exception {
    Path there = Files.createDirectories(node.rootfs().resolve("var/cache"));
    Files.writeString(there.resolve("old"), "old\n");
    onHost("chmod", "1777", there.toString());
    onHost("chown", "7:8", there.toString());
    ContainerSpec.Builder spec =
        with(
            "stat -c %a:%u:%g /var/cache; cat /var/cache/old; echo new >> /var/cache/old;"
                + " echo x > /var/cache/x; cat /var/cache/*; grep /var/cache /proc/self/mounts |"
                + " grep -c noexec",
            tmpfs("/var/cache", "tmpcopyup", "noexec", "size=1m"));
    assertThat(out(spec)).isEqualTo("1777:7:8\nold\nold\nnew\nx\n1\n");
    assertThat(there.resolve("old")).hasContent("old\n");
    assertThat(there.resolve("x")).doesNotExist();
  }

  @Test
  void hasTheModeAndTheSizeThatAreAskedFor() {
    ContainerSpec.Builder spec =
        with(
            "stat -c %a:%u /fresh; dd if=/dev/zero of=/fresh/big bs=64k count=64",
            tmpfs("/fresh", "tmpcopyup", "mode=0777", "uid=3", "size=1m"));
    Ended ended = node.run(spec);
    assertThat(ended.out()).isEqualTo("777:3\n");
    assertThat(ended.err()).contains("No space left on device");
  }

  @Test
  void mayBeReadOnlyAndMoreThanOne() throws Exception {
    Files.createDirectories(node.rootfs().resolve("a"));
    Files.writeString(node.rootfs().resolve("a/file"), "a\n");
    ContainerSpec.Builder spec =
        with(
            "cat /a/file; echo x 2>&- > /a/x || echo no; ls /dev/null; echo y > /b/y; cat /b/y",
            tmpfs("/a", "ro", "tmpcopyup"),
            tmpfs("/b", "tmpcopyup"));
    assertThat(out(spec)).isEqualTo("a\nno\n/dev/null\ny\n");
  }

  @Test
  void beginsWithWhatIsThereOnAnOverlayToo() throws Exception {
    Files.createDirectories(node.rootfs().resolve("a"));
    Files.writeString(node.rootfs().resolve("a/file"), "a\n");
    ContainerSpec.Builder spec = with("cat /a/file; echo x > /a/x", tmpfs("/a", "tmpcopyup"));
    spec.getRootBuilder()
        .getOverlayBuilder()
        .setMedium(dev.caisson.proto.types.v1.RootFilesystem.Overlay.Medium.MEMORY);
    assertThat(out(spec)).isEqualTo("a\n");
  }

  @Test
  void deviceFilesNeedTheGuardsConsent() throws Exception {
    ContainerSpec.Builder spec = with("true", bind(volume(), "bind", "rdev"));
    Problem.of(failure(spec)).is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }
}
