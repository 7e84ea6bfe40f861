package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.v1.Container;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** On a directory of the host, and what needs one. */
class ContainersIT extends ContainerScenarios {
  private static final int STRANGER = 343;
  private static final int GROUP = 2401;

  @Test
  void pauseResume() throws IOException {
    Path volume = services.newVolume();
    Path file = volume.resolve("file");
    String id = newId();
    client.started(
        id, script("while :; do touch /volume/file; sleep 0.01; done").bind(volume, "/volume"));
    Awaitility.await().until(() -> Files.exists(file));

    client.pause(id);
    assertThat(client.state(id)).isEqualTo(ContainerState.PAUSED);
    Files.deleteIfExists(file);
    Awaitility.await().during(java.time.Duration.ofMillis(300)).until(() -> !Files.exists(file));

    client.resume(id);
    assertThat(client.state(id)).isEqualTo(ContainerState.RUNNING);
    Awaitility.await().until(() -> Files.exists(file));
  }

  @Test
  void runNonRoot() throws IOException {
    Path rootfs = services.owned().resolve("closed");
    Services.makeRootfs(rootfs);
    Files.createDirectories(
        rootfs.resolve("closed/inner"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path volume = services.newVolume();
    Document document =
        new Document(rootfs, "sh", "-c", "id -u; id -g; grep -c /closed/inner /proc/self/mountinfo")
            .bind(volume, "/closed/inner")
            .capabilities()
            .user(STRANGER, GROUP);
    assertThat(out(document)).isEqualTo("343\n2401\n1\n");
  }

  @Test
  void abbreviatedIds() {
    List<String> ids = List.of("foo-1f6c", "bar-77aa", "baz-77ab");
    ids.forEach(id -> client.create(id, document("true")));
    assertThat(inspected("f")).contains("foo-1f6c");
    assertThat(inspected("bar")).contains("bar-77aa");
    assertThat(inspected("baz")).contains("baz-77ab");
    ids.forEach(id -> assertThat(inspected(id)).contains(id));
    for (String ambiguous : List.of("b", "ba")) {
      Words words = services.caisson("inspect", ambiguous);
      assertThat(words.code()).isEqualTo(125);
      assertThat(words.err()).contains("ambiguous", "bar-77aa", "baz-77ab");
    }
    refused(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", () -> client.get("f"));
  }

  private static String inspected(String id) {
    Words words = services.caisson("inspect", id);
    assertThat(words.code()).as("%s", words).isZero();
    return words.out();
  }

  @Test
  void helperDiesWithItsOwner() throws IOException {
    String id = newId();
    Container container = client.started(id, document("sleep", "100"));
    client.exec(Client.execOf(id, "sleep", "100")).awaitStarted();
    String cgroup = container.getCgroup();
    String sandbox = cgroup.substring(0, cgroup.lastIndexOf('/'));
    assertThat(Host.processesIn(sandbox)).hasSizeGreaterThan(2);

    Host.kill(Host.parentOf(container.getPid()));
    Awaitility.await().until(() -> Host.processesIn(sandbox).isEmpty());
    assertThat(client.await(id).getLost()).isTrue();
    Awaitility.await().until(() -> client.state(id) == ContainerState.STOPPED);
  }

  @Test
  void sandboxCommunicationUnshare() {
    String id = newId();
    client.started(id, document("sleep", "100"));
    Words words = services.caissonIn(List.of("unshare", "--net"), "kill", "--all", id, "0");
    assertThat(words.code()).as("%s", words).isZero();
  }

  @Test
  void sharedVolume() throws IOException {
    Path volume = services.newVolume();
    String id = newId();
    client.started(id, document("sleep", "100").bind(volume, "/volume"));
    assertThat(has(id, "file")).isFalse();

    Files.writeString(volume.resolve("file"), "");
    assertThat(has(id, "file")).as("created outside").isTrue();
    Files.move(volume.resolve("file"), volume.resolve("moved"));
    assertThat(has(id, "file")).as("renamed outside").isFalse();
    assertThat(has(id, "moved")).isTrue();
    Files.delete(volume.resolve("moved"));
    assertThat(has(id, "moved")).as("deleted outside").isFalse();

    assertThat(client.exec(id, "mkdir", "/volume/inside").code()).isZero();
    assertThat(volume.resolve("inside")).isDirectory();
    assertThat(client.exec(id, "rmdir", "/volume/inside").code()).isZero();
    assertThat(volume.resolve("inside")).doesNotExist();
  }

  private static boolean has(String id, String name) {
    return client.exec(id, "test", "-e", "/volume/" + name).code() == 0;
  }

  @Test
  void sharedVolumeFile() throws IOException {
    Path volume = services.newVolume();
    Path file = volume.resolve("file");
    Files.writeString(file, "outside\n");
    String id = newId();
    client.started(id, document("sleep", "100").bind(volume, "/volume"));
    assertThat(content(id)).isEqualTo("outside\n");

    client.exec(id, "sh", "-c", "echo inside >> /volume/file");
    assertThat(file).hasContent("outside\ninside");
    Files.writeString(file, "again\n", java.nio.file.StandardOpenOption.APPEND);
    assertThat(content(id)).isEqualTo("outside\ninside\nagain\n");
    Files.writeString(file, "");
    assertThat(content(id)).isEmpty();
  }

  private static String content(String id) {
    return client.exec(id, "cat", "/volume/file").out();
  }

  @Test
  void resolveSymlinks() throws IOException {
    Path rootfs = services.owned().resolve("links");
    Services.makeRootfs(rootfs);
    Files.createDirectories(rootfs.resolve("real/place"));
    Files.createSymbolicLink(rootfs.resolve("absolute"), Path.of("/real"));
    Files.createSymbolicLink(rootfs.resolve("above"), Path.of("../../../../real/place"));
    Files.createSymbolicLink(rootfs.resolve("loop"), Path.of("/loop"));
    Path volume = services.newVolume();
    Files.writeString(volume.resolve("file"), "");
    Document document =
        new Document(rootfs, "ls", "/real/place/a", "/real/place/b")
            .bind(volume, "/absolute/place/a")
            .bind(volume, "/above/b");
    assertThat(out(document)).isEqualTo("/real/place/a:\nfile\n\n/real/place/b:\nfile\n");

    Document looping = new Document(rootfs, "true").bind(volume, "/loop/a");
    refused(Status.Code.INVALID_ARGUMENT, "INVALID_SPEC", () -> client.create(newId(), looping));
  }

  @Test
  void rootfsErofs() throws IOException {
    Path image = services.owned().resolve("image.erofs");
    Path tree = services.owned().resolve("tree");
    Services.makeRootfs(tree);
    for (String directory : List.of("dev", "proc", "sys")) {
      Files.createDirectory(tree.resolve(directory));
    }
    Services.done("mkfs.erofs", image.toString(), tree.toString());
    Path volume = services.newVolume();
    Files.writeString(volume.resolve("file"), "");
    assertThat(out(onImage(image, "grep", " / / ", "/proc/self/mountinfo")))
        .contains(" / / ro")
        .contains(" - erofs ");
    assertThat(out(onImage(image, "cat", "/tmp/file").bind(volume, "/tmp"))).isEmpty();
    assertThat(client.run(onImage(image, "touch", "/foo")).code()).isEqualTo(1);
  }

  private static Document onImage(Path image, String... args) {
    return new Document(services.rootfs(), args)
        .annotation("dev.gvisor.spec.rootfs.source", image.toString())
        .annotation("dev.gvisor.spec.rootfs.type", "erofs");
  }
}
