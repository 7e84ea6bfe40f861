package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Propagation;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay.Medium;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Where a container's root filesystem comes from, and where what it writes goes. */
class RootfsIT extends OnNode {
  private static final Path MKFS = Path.of("/usr/bin/mkfs.erofs");

  @BeforeAll
  static void allowImages() throws Exception {
    allow("rootfs.images = true", "user-namespace.host = true");
  }

  @AfterEach
  @Override
  void deleteEverything() {
    super.deleteEverything();
    assertThat(leftovers()).isEmpty();
  }

  private static List<Path> leftovers() {
    try (var files = Files.walk(node.base())) {
      return files.filter(file -> file.getFileName().toString().startsWith(".caisson-")).toList();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Overlay.Builder medium(Medium medium) {
    return Overlay.newBuilder().setMedium(medium);
  }

  private static ContainerSpec.Builder overlaid(Medium medium, String script) {
    ContainerSpec.Builder spec = node.shell(script);
    spec.getRootBuilder().setOverlay(medium(medium));
    return spec;
  }

  private static StatusRuntimeException failure(ContainerSpec.Builder spec) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> node.create("c", spec));
  }

  // ---- Overlays

  private static final String CHANGES =
      "echo new > /tmp/new; echo more >> /etc-file; rm /gone; rm -r /tree; mkdir /tree;"
          + " ls /tree; cat /tmp/new /etc-file; ls -A /; stat -c %u:%g:%a /tmp/new /";

  private void checkThatTheRootStaysAsItIs(ContainerSpec.Builder spec) throws Exception {
    Files.writeString(node.rootfs().resolve("etc-file"), "old\n");
    Files.writeString(node.rootfs().resolve("gone"), "");
    Files.createDirectories(node.rootfs().resolve("tree/a/b"));

    String seen = out(spec);

    assertThat(seen).startsWith("new\nold\nmore\n").contains("0:0:644\n0:0:755\n");
    assertThat(seen).doesNotContain("gone").doesNotContain(".caisson");
    assertThat(node.rootfs().resolve("etc-file")).hasContent("old\n");
    assertThat(node.rootfs().resolve("gone")).exists();
    assertThat(node.rootfs().resolve("tree/a/b")).exists();
    assertThat(node.rootfs().resolve("tmp/new")).doesNotExist();
  }

  @Test
  void writesIntoMemory() throws Exception {
    checkThatTheRootStaysAsItIs(overlaid(Medium.MEMORY, CHANGES));
  }

  @Test
  void writesBesideTheRoot() throws Exception {
    checkThatTheRootStaysAsItIs(overlaid(Medium.SELF, CHANGES));
  }

  @Test
  void writesIntoAnotherDirectory() throws Exception {
    ContainerSpec.Builder spec = node.shell(CHANGES);
    Path directory = Files.createDirectories(node.base().resolve("images/scratch"));
    spec.getRootBuilder().setOverlay(medium(Medium.DIR).setDirectory(directory.toString()));
    checkThatTheRootStaysAsItIs(spec);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void writesWithoutAUserNamespaceToo() throws Exception {
    for (Medium medium : List.of(Medium.MEMORY, Medium.SELF)) {
      ContainerSpec.Builder spec = overlaid(medium, CHANGES);
      spec.getUserNamespaceBuilder().setMode(dev.caisson.proto.types.v1.UserNamespace.Mode.HOST);
      checkThatTheRootStaysAsItIs(spec);
    }
  }

  @Test
  void keepsWhatIsWrittenOnDiskUntilItsDeletion() throws Exception {
    ContainerSpec.Builder spec = overlaid(Medium.SELF, "echo x > /written; sleep 60");
    node.started("c", spec);
    TestNode.eventually("it has written", () -> !written().isEmpty());
    // As the ids that the container sees: the layer is mapped as the root filesystem is.
    assertThat(Files.getAttribute(written().getFirst(), "unix:uid")).isEqualTo(0);
    assertThat(Files.getAttribute(leftovers().getFirst(), "unix:mode")).isEqualTo(040700);
    node.delete("c", true);
    assertThat(leftovers()).isEmpty();
  }

  private static List<Path> written() {
    try (var files = Files.walk(node.base().resolve("images"))) {
      return files.filter(file -> file.getFileName().toString().equals("written")).toList();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void twoContainersOfOneRootSeeNothingOfEachOther() {
    node.started("a", overlaid(Medium.SELF, "echo a > /who; sleep 60"));
    node.started("b", overlaid(Medium.SELF, "echo b > /who; sleep 60"));
    String both =
        node.exec("a", "cat", "/who").ended().out() + node.exec("b", "cat", "/who").ended().out();
    assertThat(both).isEqualTo("a\nb\n");
  }

  @Test
  void aFurtherContainerOfASandboxHasItsOwn() {
    node.createSandbox("s");
    node.createIn("s", "a", overlaid(Medium.MEMORY, "echo a > /who; sleep 60"));
    node.createIn("s", "b", overlaid(Medium.SELF, "echo b > /who; sleep 60"));
    node.start("a");
    node.start("b");
    assertThat(node.exec("a", "cat", "/who").ended().out()).isEqualTo("a\n");
    assertThat(node.exec("b", "cat", "/who").ended().out()).isEqualTo("b\n");
  }

  @Test
  void looksLikeTheRootThatItCovers() throws Exception {
    onHost("chown", "7:8", node.rootfs().toString());
    onHost("chmod", "1775", node.rootfs().toString());
    try {
      for (Medium medium : List.of(Medium.MEMORY, Medium.SELF)) {
        assertThat(out(overlaid(medium, "stat -c %u:%g:%a /"))).isEqualTo("7:8:1775\n");
      }
    } finally {
      onHost("chown", "0:0", node.rootfs().toString());
      onHost("chmod", "755", node.rootfs().toString());
    }
  }

  @Test
  void masksHoldAndDevicesWorkOnAnOverlay() throws Exception {
    Files.writeString(node.rootfs().resolve("tmp/secret"), "secret");
    ContainerSpec.Builder spec =
        overlaid(
            Medium.MEMORY,
            "cat /tmp/secret; (echo x > /tmp/x) 2>/dev/null || echo no; echo y > /dev/null && echo"
                + " null; echo z > /data/z && cat /data/z");
    spec.addMaskedPaths("/tmp/secret").addReadonlyPaths("/tmp");
    spec.addMounts(Mount.newBuilder().setDestination("/data").setType("tmpfs"));
    assertThat(out(spec)).isEqualTo("no\nnull\nz\n");
    Files.delete(node.rootfs().resolve("tmp/secret"));
    assertThat(node.rootfs().resolve("data")).doesNotExist();
  }

  @Test
  void memoryIsBoundedByItsSize() {
    ContainerSpec.Builder spec = node.shell("dd if=/dev/zero of=/big bs=64k count=64");
    spec.getRootBuilder().setOverlay(medium(Medium.MEMORY).setSize(1 << 20));
    Ended ended = node.run(spec);
    assertThat(ended.err()).contains("No space left on device");
  }

  @Test
  void memoryIsChargedToTheContainer() {
    ContainerSpec.Builder spec = overlaid(Medium.MEMORY, "head -c 64m /dev/zero > /big");
    spec.setResources(
        Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(16 << 20)));
    Ended ended = node.run(spec);
    assertThat(ended.status().getOutOfMemory()).isTrue();
  }

  @Test
  void aReadonlyRootNeedsNoOverlay() {
    ContainerSpec.Builder spec = overlaid(Medium.SELF, "sleep 60");
    spec.getRootBuilder().setReadonly(true);
    node.started("c", spec);
    assertThat(leftovers()).isEmpty();
    assertThat(node.exec("c", "grep", " / ", "/proc/self/mounts").ended().out())
        .doesNotContain("overlay");
  }

  @Test
  void aFailedCreationLeavesNothing() {
    ContainerSpec.Builder spec = overlaid(Medium.SELF, "true");
    spec.addMounts(Mount.newBuilder().setDestination("/bin/sh/x").setType("tmpfs")); // below a file
    assertThat(failure(spec)).isNotNull();
    assertThat(leftovers()).isEmpty();
    assertThat(node.data().resolve("uppers")).isEmptyDirectory();
  }

  @Test
  void survivesTheExecutorAndIsRemovedAfterwards() throws Exception {
    node.started("c", overlaid(Medium.SELF, "echo x > /written; sleep 60"));
    node.restart();
    assertThat(leftovers()).hasSize(1);
    assertThat(node.exec("c", "cat", "/written").ended().out()).isEqualTo("x\n");
    node.delete("c", true);
    assertThat(leftovers()).isEmpty();
    assertThat(node.data().resolve("uppers")).isEmptyDirectory();
  }

  @Test
  void whatACrashHasLeftIsRemovedAtTheStart() throws Exception {
    Path left = Files.createDirectories(node.base().resolve("images/.caisson-gone/upper/x"));
    Path notes = Files.createDirectories(node.data().resolve("uppers"));
    Files.writeString(notes.resolve("gone"), node.base().resolve("images").toString());
    Files.writeString(notes.resolve(".half"), "");
    node.restart();
    assertThat(left).doesNotExist();
    assertThat(leftovers()).isEmpty();
    assertThat(notes).isEmptyDirectory();
  }

  @Test
  void aHostileLayerIsRemovedAndNothingElse() throws Exception {
    Path kept = Files.writeString(node.base().resolve("kept"), "kept");
    ContainerSpec.Builder spec =
        overlaid(
            Medium.SELF,
            "ln -s "
                + kept.getParent()
                + " /link; i=0; while [ $i -lt 600 ]; do mkdir d && cd d; i=$((i+1)); done;"
                + " ln -s /../../../../../../kept l; cd /; rm -rf /bin/[; echo done");
    assertThat(node.run(spec).out()).isEqualTo("done\n");
    assertThat(leftovers()).isEmpty();
    assertThat(kept).hasContent("kept");
  }

  @Test
  void refusesADirectoryThatIsNotAllowed() {
    ContainerSpec.Builder spec = node.shell("true");
    spec.getRootBuilder().setOverlay(medium(Medium.DIR).setDirectory("/tmp"));
    Problem.of(failure(spec)).is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
    spec.getRootBuilder().setOverlay(medium(Medium.DIR).setDirectory(node.base() + "/images/none"));
    Problem.of(failure(spec)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
  }

  @Test
  void refusesARootThatIsAnOverlayAlready() throws Exception {
    Path layers = Files.createDirectories(node.base().resolve("layers"));
    for (String name : List.of("upper", "work")) {
      Files.createDirectories(layers.resolve(name));
    }
    Path root = Files.createDirectories(node.base().resolve("images/overlaid"));
    onHost(
        "mount",
        "-t",
        "overlay",
        "overlay",
        "-o",
        "lowerdir=" + node.rootfs() + ",upperdir=" + layers + "/upper,workdir=" + layers + "/work",
        root.toString());
    try {
      ContainerSpec.Builder spec = node.shell("true");
      spec.getRootBuilder().setPath(root.toString());
      StatusRuntimeException refused = failure(spec);
      Problem.of(refused).is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED);
      assertThat(refused).hasMessageContaining("Of an overlay, give a directory");
    } finally {
      onHost("umount", root.toString());
      onHost("rm", "-rf", layers.toString());
    }
  }

  // ---- Images

  private static Path image() throws Exception {
    assumeTrue(
        Files.isExecutable(MKFS), "Skipped: needs " + MKFS + ": apt-get install erofs-utils");
    for (String place : List.of("proc", "sys", "dev")) {
      Files.createDirectories(node.rootfs().resolve(place));
    }
    Path image = node.base().resolve("images/plain.erofs");
    if (!Files.exists(image)) {
      onHost(MKFS.toString(), image.toString(), node.rootfs().toString());
    }
    return image;
  }

  private static ContainerSpec.Builder ofImage(String script) throws Exception {
    ContainerSpec.Builder spec = node.shell(script);
    spec.getRootBuilder().setPath(image().toString()).setType(RootFilesystem.Type.EROFS);
    return spec;
  }

  @Test
  void runsFromAnImage() throws Exception {
    assertThat(out(ofImage("stat -c %u:%g /bin/busybox; echo x 2>&- > /x || echo no")))
        .isEqualTo("0:0\nno\n");
  }

  @Test
  void writesAboveAnImage() throws Exception {
    for (Medium medium : List.of(Medium.MEMORY, Medium.SELF)) {
      ContainerSpec.Builder spec = ofImage("echo x > /x; rm /bin/wget; cat /x; ls /bin/wget");
      spec.getRootBuilder().setOverlay(medium(medium));
      Ended ended = node.run(spec);
      assertThat(ended.out()).isEqualTo("x\n");
      assertThat(ended.err()).contains("No such file");
    }
  }

  @Test
  void refusesWhatIsNoImage() throws Exception {
    ContainerSpec.Builder spec = ofImage("true");
    Path text = Files.writeString(node.base().resolve("images/text"), "x".repeat(8192));
    spec.getRootBuilder().setPath(text.toString());
    Problem.of(failure(spec)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    spec.getRootBuilder().setPath(node.rootfs().toString());
    Problem.of(failure(spec)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    spec.getRootBuilder().setPath(node.base() + "/images/none");
    assertThat(failure(spec)).hasMessageContaining("root.path must be a file");
    Path link = node.base().resolve("images/link");
    Files.createSymbolicLink(link, Path.of("/etc/passwd"));
    spec.getRootBuilder().setPath(link.toString());
    Problem.of(failure(spec)).is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
    Files.delete(link);
  }

  // ---- Propagation

  @Test
  void seesLaterMountsOfTheHostOnlyWhereAsked() throws Exception {
    onHost("mount", "--bind", node.rootfs().toString(), node.rootfs().toString());
    onHost("mount", "--make-shared", node.rootfs().toString());
    Path point = Files.createDirectories(node.rootfs().resolve("tmp/point"));
    try {
      node.started("private", node.spec("sleep", "60"));
      node.started("slave", node.spec("sleep", "60").setRootfsPropagation(Propagation.SLAVE));
      onHost("mount", "-t", "tmpfs", "-o", "mode=755", "late", point.toString());
      Files.writeString(point.resolve("file"), "late\n");

      assertThat(node.exec("private", "ls", "/tmp/point").ended().out()).isEmpty();
      assertThat(node.exec("slave", "cat", "/tmp/point/file").ended().out()).isEqualTo("late\n");
      assertThat(node.exec("slave", "grep", "-c", "shared:", "/proc/self/mountinfo").ended().out())
          .isEqualTo("0\n");
    } finally {
      node.deleteEverything();
      onHost("umount", "-R", node.rootfs().toString());
    }
  }
}
