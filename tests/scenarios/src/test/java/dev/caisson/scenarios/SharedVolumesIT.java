package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the containers of a pod share, as the annotations of its first container say. */
class SharedVolumesIT extends OnServices {
  private static final String HINT = "dev.gvisor.spec.mount.test-mount.";
  private static final List<String> TYPES = List.of("tmpfs", "bind");

  private final String pod = newId();

  /** The first container of a pod. */
  private Document infrastructure(String type, Path source, String options) {
    return document("sleep", "100")
        .annotation("io.kubernetes.cri.container-type", "sandbox")
        .annotation(HINT + "source", source.toString())
        .annotation(HINT + "type", type)
        .annotation(HINT + "share", "pod")
        .annotation(HINT + "options", options);
  }

  private Document member() {
    return document("sleep", "100")
        .annotation("io.kubernetes.cri.container-type", "container")
        .annotation("io.kubernetes.cri.sandbox-id", pod);
  }

  private static int code(String id, String... args) {
    return client.exec(id, args).code();
  }

  private static Path anyone(Path volume) throws IOException {
    Files.setPosixFilePermissions(
        volume, java.nio.file.attribute.PosixFilePermissions.fromString("rwxrwxrwx"));
    return volume;
  }

  @Test
  void sharedMount() throws IOException {
    for (String hint : TYPES) {
      Path volume = anyone(services.newVolume());
      client.started(pod, infrastructure(hint, volume, "rw").bind(volume, "/mydir/test"));
      String other = newId();
      client.started(other, member().bind(volume, "/mydir2/test2"));
      isShared(pod, "/mydir/test", other, "/mydir2/test2");
      isShared(other, "/mydir2/test2", pod, "/mydir/test");
      client.deleteEverything();
    }
  }

  private static void isShared(String here, String path, String there, String same) {
    assertThat(code(here, "touch", path + "/abc")).isZero();
    assertThat(code(there, "test", "-f", same + "/abc")).isZero();
    assertThat(code(there, "rm", same + "/abc")).isZero();
    assertThat(code(here, "test", "-e", path + "/abc")).isEqualTo(1);
    assertThat(code(here, "mkdir", path + "/d")).isZero();
    assertThat(code(there, "test", "-d", same + "/d")).isZero();
    assertThat(code(there, "rmdir", same + "/d")).isZero();
    assertThat(code(here, "test", "-e", path + "/d")).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tmpfs", "bind"})
  void sharedMountReadonly(String hint) throws IOException {
    Path volume = services.newVolume();
    client.started(pod, infrastructure(hint, volume, "ro").bind(volume, "/mydir/test", "ro"));
    String other = newId();
    client.started(other, member().bind(volume, "/mydir/test", "ro"));
    for (String id : List.of(pod, other)) {
      assertThat(code(id, "touch", "/mydir/test/abc")).isEqualTo(1);
    }
    refused(
        Status.Code.INVALID_ARGUMENT,
        "INVALID_SPEC",
        () -> client.create(newId(), member().bind(volume, "/mydir/test")));
  }

  @Test
  void sharedMountUnsupportedOptions() {
    Path nowhere = Path.of("/any/where");
    client.started(
        pod,
        infrastructure("tmpfs", nowhere, "rw,rbind,relatime")
            .mount("tmpfs", nowhere, "/mydir/test", "rw", "nosuid"));
    String other = newId();
    client.started(other, member().mount("tmpfs", nowhere, "/mydir/test"));
    isShared(pod, "/mydir/test", other, "/mydir/test");
  }

  @Test
  void sharedMountsRepeated() {
    Path nowhere = Path.of("/any/where");
    client.started(
        pod,
        infrastructure("tmpfs", nowhere, "rw")
            .mount("tmpfs", nowhere, "/mydir/test1", "rw")
            .mount("tmpfs", nowhere, "/mydir/test2", "ro"));
    assertThat(code(pod, "touch", "/mydir/test2/abc")).isEqualTo(1);
    assertThat(code(pod, "touch", "/mydir/test1/abc")).isZero();
    for (String path : List.of("/mydir/test1/abc", "/mydir/test2/abc")) {
      assertThat(code(pod, "test", "-f", path)).isZero();
    }
  }

  @Test
  void sharedBindMount() throws IOException {
    Path volume = anyone(services.newVolume());
    client.started(pod, infrastructure("bind", volume, "rw").bind(volume, "/mydir/test"));
    assertThat(code(pod, "touch", "/mydir/test/abc")).isZero();
    assertThat(volume.resolve("abc")).exists();
  }

  @Test
  void shm() {
    Path nowhere = Path.of("/any/shm");
    client.started(pod, infrastructure("tmpfs", nowhere, "").mount("tmpfs", nowhere, "/dev/shm"));
    String other = newId();
    client.started(other, member().mount("tmpfs", nowhere, "/dev/shm"));
    isShared(pod, "/dev/shm", other, "/dev/shm");
    client.delete(
        dev.caisson.proto.v1.DeleteContainerRequest.newBuilder()
            .setName(Client.name(other))
            .setForce(true));
    assertThat(code(pod, "touch", "/dev/shm/abc")).isZero();
    client.started(other, member().mount("tmpfs", nowhere, "/dev/shm"));
    assertThat(code(other, "test", "-f", "/dev/shm/abc")).isZero();
  }

  /** The same without annotations, by the command line. */
  @Test
  void volumesOfTheClient() {
    said("sandbox", "create", "--volume", "shm:size=1m,noexec", "--volume", "data", pod);
    String rootfs = services.rootfs().toString();
    List<String> run = List.of("run", "--sandbox", pod, "--rootfs", rootfs);
    assertThat(said(run, "--volume", "shm:/dev/shm:noexec", "--", "sh", "-c", "echo 1 >/dev/shm/a"))
        .isEmpty();
    assertThat(said(run, "--volume", "shm:/d:ro,noexec", "--", "cat", "/d/a")).isEqualTo("1\n");
    assertThat(said(run, "--volume", "data:/d", "--", "ls", "/d")).isEmpty();
    Words refused = services.caisson(words(run, "--volume", "shm:/d", "--", "true"));
    assertThat(refused.code()).isEqualTo(125);
    assertThat(refused.err()).contains("must have noexec, as its volume shm has");
  }

  private static String said(List<String> first, String... more) {
    return said(words(first, more));
  }

  private static String said(String... words) {
    Words said = services.caisson(words);
    assertThat(said.code()).as("%s", said).isZero();
    return said.out();
  }

  private static String[] words(List<String> first, String... more) {
    return java.util.stream.Stream.concat(first.stream(), List.of(more).stream())
        .toArray(String[]::new);
  }
}
