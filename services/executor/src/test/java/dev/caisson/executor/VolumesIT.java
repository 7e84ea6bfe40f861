package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.PlanRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the containers of a sandbox share. */
class VolumesIT {
  private static final String SOURCE = "/var/lib/pods/one/data";

  private TestNode node;

  @BeforeEach
  void launch() throws Exception {
    node = TestNode.launchApart("user-namespace.host = true", "new-privileges = true");
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private static Volume.Builder volume(String name, String... options) {
    return Volume.newBuilder()
        .setName(name)
        .setType(Volume.Type.TMPFS)
        .setShare(Volume.Share.POD)
        .addAllOptions(List.of(options));
  }

  private static Mount.Builder mount(String destination, String... options) {
    return mountOf("volume", "data", destination, options);
  }

  private static Mount.Builder mountOf(
      String type, String source, String destination, String... options) {
    return Mount.newBuilder()
        .setDestination(destination)
        .setType(type)
        .setSource(source)
        .addAllOptions(List.of(options));
  }

  private CreateSandboxRequest.Builder box(Volume.Builder... volumes) {
    CreateSandboxRequest.Builder request =
        CreateSandboxRequest.newBuilder()
            .setActor(TestNode.actor())
            .setTenant(TestNode.TENANT)
            .setSandboxId("box")
            .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.AUTO));
    List.of(volumes).forEach(request::addVolumes);
    return request;
  }

  private Sandbox make(CreateSandboxRequest.Builder request) {
    return node.stub().createSandbox(request.build());
  }

  private ContainerSpec.Builder sleeping(Mount.Builder... mounts) {
    ContainerSpec.Builder spec = node.spec("sleep", "600");
    List.of(mounts).forEach(spec::addMounts);
    return spec;
  }

  private void start(String id, Mount.Builder... mounts) {
    var _ = node.createIn("box", id, sleeping(mounts));
    var _ = node.start(id);
  }

  private String in(String id, String script) {
    Ended ended = node.exec(id, "sh", "-c", script).ended();
    return ended.out() + ended.err();
  }

  private Problem refused(Mount.Builder... mounts) {
    return Problem.of(() -> node.createIn("box", "bad", sleeping(mounts)));
  }

  @Test
  void containersSeeWhatOthersDo() {
    make(box(volume("data")));
    start("one", mount("/data"));
    start("two", mount("/elsewhere/data"));
    assertThat(in("one", "echo hello > /data/file; mkdir /data/d")).isEmpty();
    assertThat(in("two", "cat /elsewhere/data/file; rm -r /elsewhere/data/*")).isEqualTo("hello\n");
    assertThat(in("one", "ls -a /data")).isEqualTo(".\n..\n");
    assertThat(in("one", "grep ' /data ' /proc/self/mounts"))
        .startsWith("none /data tmpfs rw,nodev,relatime");
  }

  /** As the hints of a pod have them: by the source, whatever is there on the host. */
  @ParameterizedTest
  @ValueSource(strings = {"bind", "tmpfs"})
  void theContainerThatMakesTheSandboxSaysWhatIsShared(String type) throws Exception {
    Path source = Files.createDirectory(node.base().resolve("volumes/shared"));
    Files.writeString(source.resolve("of-the-host"), "");
    Mount.Builder mount = mountOf(type, source.toString(), "/data");
    ContainerSpec.Builder root = sleeping(mount);
    root.addVolumes(volume("data").setSource(source.toString()).addOptions("mode=1777"));
    var _ = node.started("box", root);
    start("two", mount("/two"), mount);
    assertThat(in("box", "ls /data; echo 1 > /data/file")).isEmpty();
    assertThat(in("two", "cat /two/file /data/file")).isEqualTo("1\n1\n");
    assertThat(Files.exists(source.resolve("file"))).isFalse();
  }

  @Test
  void surviveTheContainersAndTheExecutor() throws Exception {
    make(box(volume("data", "size=1m")));
    start("one", mount("/data"));
    assertThat(in("one", "echo kept > /data/file")).isEmpty();
    node.delete("one", true);
    start("one", mount("/data"));
    assertThat(in("one", "cat /data/file")).isEqualTo("kept\n");
    node.delete("one", true);
    node.replace(true);
    start("one", mount("/data"));
    assertThat(in("one", "cat /data/file")).isEqualTo("kept\n");
    node.replace(false);
    start("two", mount("/data", "ro"));
    assertThat(in("one", "echo more >> /data/file")).isEmpty();
    assertThat(in("two", "cat /data/file")).isEqualTo("kept\nmore\n");
    assertThat(sandbox().getVolumesList()).containsExactly(volume("data", "size=1m").build());
  }

  private Sandbox sandbox() {
    return node.stub()
        .getSandbox(
            GetSandboxRequest.newBuilder().setTenant(TestNode.TENANT).setSandboxId("box").build());
  }

  @Test
  void areGoneWithTheirSandboxAndLeaveNothing() {
    make(box(volume("other")));
    start("one");
    node.deleteSandbox("box", true); // everything is warm from here on
    Left before = Left.now(node);
    for (String what : List.of("first", "second")) {
      make(box(volume("data"), volume("other")));
      start("one", mount("/data"), mount("/again", "ro"));
      assertThat(in("one", "ls /data; echo " + what + " > /data/file")).isEmpty();
      node.deleteSandbox("box", true);
    }
    TestNode.eventually("nothing is left", () -> Left.now(node).equals(before));
  }

  @Test
  void aMountMayDoLessThanItsVolume() {
    make(box(volume("data")));
    start("one", mount("/data"));
    start("two", mount("/data", "ro", "noexec", "nosuid", "noatime"));
    assertThat(in("two", "touch /data/file")).contains("Read-only file system");
    assertThat(in("two", "grep ' /data ' /proc/self/mounts"))
        .contains("ro,nosuid,nodev,noexec,noatime");
    assertThat(in("one", "touch /data/file")).isEmpty();
    assertThat(in("two", "ls /data")).isEqualTo("file\n");
  }

  private static Mount.Builder part(String destination, String subpath, String... options) {
    return mount(destination, options).setSubpath(subpath);
  }

  @Test
  void aContainerMayHaveADirectoryOfAVolumeAlone() {
    make(box(volume("data")));
    start("whole", mount("/data"));
    assertThat(in("whole", "echo secret > /data/secret; mkdir -m 0750 /data/there")).isEmpty();
    ContainerSpec.Builder user = sleeping(part("/logs", "logs/app"));
    user.getProcessBuilder().getUserBuilder().setUid(1000).setGid(1000);
    node.createIn("box", "part", user);
    node.start("part");
    assertThat(in("part", "ls -a /logs; echo line > /logs/file")).isEqualTo(".\n..\n");
    assertThat(in("whole", "cat /data/logs/app/file")).isEqualTo("line\n");
    assertThat(in("whole", "stat -c '%a %u' /data/logs /data/logs/app"))
        .isEqualTo("1777 0\n1777 0\n");
    start("again", part("/a", "logs//app/", "ro"), part("/b", "there"), part("/c", "."));
    assertThat(in("again", "cat /a/file; touch /a/x")).startsWith("line\n").contains("Read-only");
    assertThat(in("again", "stat -c %a /b; cat /c/secret")).isEqualTo("750\nsecret\n");
    assertThat(in("again", "cd /a; ls ..")).doesNotContain("app");
  }

  @Test
  void noLinkInAVolumeIsFollowed() {
    make(box(volume("data")));
    start("one", mount("/data"));
    assertThat(
            in(
                "one",
                "cd /data; mkdir a; ln -s .. a/up; ln -s / root; ln -s a there; ln -s no lost;"
                    + " echo > file"))
        .isEmpty();
    for (String subpath :
        List.of("a/up", "a/up/b", "root", "root/etc", "there", "lost", "file", "file/x")) {
      refused(part("/x", subpath)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    }
    for (String subpath : List.of("/a", "..", "a/../..", "x".repeat(256))) {
      refused(part("/x", subpath))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
          .says("subpath");
    }
    refused(mountOf("bind", node.base() + "/volumes", "/x").setSubpath("a"))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("of a volume that its sandbox keeps");
    assertThat(in("one", "ls /data /data/a")).doesNotContain("etc", "\nb\n", "\nx\n");
  }

  /** Who has a part swaps what is in it while others are given that. */
  @Test
  void aLinkThatComesMeanwhileLeadsNobodyOut() throws Exception {
    make(box(volume("data")));
    start("whole", mount("/data"));
    assertThat(in("whole", "echo > /data/secret")).isEmpty();
    ContainerSpec.Builder swapper =
        node.shell("cd /a; while :; do mkdir b; rmdir b; ln -s .. b; rm b; ln -s / b; rm b; done");
    node.createIn("box", "swapper", swapper.addMounts(part("/a", "a")));
    node.start("swapper");
    int made = 0;
    for (int i = 0; i < 60; i++) {
      try {
        node.createIn("box", "victim", sleeping(part("/b", "a/b")));
        node.start("victim");
        assertThat(in("victim", "ls /b; ls /b/..")).doesNotContain("secret");
        node.delete("victim", true);
        made++;
      } catch (StatusRuntimeException e) {
        assertThat(Problem.of(e).code()).isIn(Status.Code.INVALID_ARGUMENT, Status.Code.INTERNAL);
      }
    }
    assertThat(made).as("were made all the same").isPositive();
  }

  /** Nor can its program lift that. */
  @Test
  void aReadOnlyMountStaysOne() {
    make(box(volume("data")));
    start("one", mount("/data", "ro"));
    assertThat(in("one", "mount -o remount,rw /data")).contains("mount:");
    assertThat(in("one", "mount -o remount,rw,bind /data")).contains("mount:");
    assertThat(in("one", "touch /data/file")).contains("Read-only file system");
  }

  private static UserNamespace.Builder users(UserNamespace.Mode mode) {
    return UserNamespace.newBuilder().setMode(mode);
  }

  @Test
  void aMountMayNotDoMoreThanItsVolume() {
    make(box(volume("data", "ro", "noexec").setSource(SOURCE)));
    refused(mount("/data", "noexec"))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("mounts[0].options must have ro, as its volume data has: noexec");
    refused(mount("/data", "ro", "rw", "noexec")).says("must have ro");
    refused(mountOf("tmpfs", SOURCE, "/data", "ro")).says("must have noexec");
    start("one", mount("/data", "ro", "noexec"));
    start("two", mount("/data", "ro", "noexec"));
    for (String id : List.of("one", "two")) {
      assertThat(in(id, "touch /data/file")).contains("Read-only file system");
    }
  }

  @Test
  void oneSourceTwiceInAContainerIsOneFileSystem() {
    make(box(volume("data")));
    start("one", mount("/w"), mount("/r", "ro"));
    assertThat(in("one", "touch /r/file")).contains("Read-only file system");
    assertThat(in("one", "touch /w/file; ls /r")).isEqualTo("file\n");
    assertThat(in("one", "stat -c %d /w; stat -c %d /r").lines().distinct()).hasSize(1);
  }

  @Test
  void oneOfTheHostIsAnOrdinaryBind() throws Exception {
    Path source = Files.createDirectory(node.base().resolve("volumes/host"));
    onHost("chmod", "777", source.toString());
    Volume.Builder host = volume("host", "nosuid").setType(Volume.Type.BIND);
    make(box(host.setSource(source.toString()).setShare(Volume.Share.SHARED)));
    start("one", mountOf("bind", source.toString(), "/data", "nosuid"));
    assertThat(in("one", "echo 1 > /data/file")).isEmpty();
    assertThat(source.resolve("file")).hasContent("1\n");
    refused(mountOf("bind", source.toString(), "/data")).says("must have nosuid");
    refused(mountOf("volume", "host", "/data")).says("must name a volume that its sandbox keeps");
  }

  private static void onHost(String... command) throws Exception {
    assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
  }

  /** The guard knows of no volume: a bind of one is a bind to it. */
  @Test
  void theGuardsRulesHoldForBinds() {
    make(box(volume("data").setSource("/etc"), volume("b").setSource("/b")));
    refused(mountOf("bind", "/etc", "/data"))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
    start("one", mountOf("tmpfs", "/etc", "/data"));
    assertThat(in("one", "ls /data")).isEmpty();
  }

  @Test
  void whatIsNoVolumeIsRefusedAndLeavesNothing() {
    make(box(volume("data")));
    node.deleteSandbox("box", true);
    Left before = Left.now(node);
    refusedBox(volume("")).says("volumes[0].name must be 1 to 64 of");
    refusedBox(volume("../../etc")).says("volumes[0].name must be 1 to 64 of");
    refusedBox(volume("a"), volume("a")).says("volumes[1].name must be another");
    refusedBox(volume("a").setType(Volume.Type.BIND)).says("volumes[0].source must be");
    refusedBox(volume("a", "size=many")).says("set option size=many", "volumes[0].options");
    refusedBox(volume("a", "bogus")).says("set option bogus", "volumes[0].options");
    refusedBox(IntStream.range(0, 65).mapToObj(i -> volume("v" + i)).toArray(Volume.Builder[]::new))
        .says("volumes must have at most 64 entries");
    make(box(volume("data")));
    refused(mountOf("volume", "other", "/data"))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("mounts[0].source must name a volume that its sandbox keeps: other");
    refused(mount("/data", "size=1m")).says("leave what is of the whole volume to the sandbox");
    ContainerSpec.Builder late = sleeping();
    late.addVolumes(volume("late"));
    Problem.of(() -> node.createIn("box", "bad", late))
        .says("volumes must be given where the sandbox is made");
    node.deleteSandbox("box", true);
    TestNode.eventually("nothing is left", () -> Left.now(node).equals(before));
  }

  private Problem refusedBox(Volume.Builder... volumes) {
    return Problem.of(() -> make(box(volumes)));
  }

  @Test
  void asManyAsThereMayBeCanBeHad() {
    make(box(IntStream.range(0, 64).mapToObj(i -> volume("v" + i)).toArray(Volume.Builder[]::new)));
    start(
        "one",
        IntStream.range(0, 64)
            .mapToObj(i -> mountOf("volume", "v" + i, "/m" + i))
            .toArray(Mount.Builder[]::new));
    assertThat(in("one", "for i in /m*; do echo x > $i/f || exit; done; cat /m*/f | wc -l"))
        .isEqualTo("64\n");
  }

  @Test
  void isBoundedByTheSandboxesMemory() {
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(64 << 20);
    make(box(volume("data"), volume("small", "size=64k")).setResources(limits));
    start("one", mount("/data"), mountOf("volume", "small", "/small"));
    assertThat(in("one", "df -k /data | tail -1")).contains(" 65536 ");
    assertThat(in("one", "dd if=/dev/zero of=/small/x bs=1k count=65"))
        .contains("No space left on device");
  }

  /** What a container has written, its sandbox pays when that is gone. */
  @Test
  void isChargedToTheSandbox() throws Exception {
    Sandbox box = make(box(volume("data")));
    start("one", mount("/data"));
    assertThat(in("one", "dd if=/dev/zero of=/data/x bs=1M count=32 2>/dev/null")).isEmpty();
    node.delete("one", true);
    assertThat(memory(box)).isGreaterThan(32 << 20);
    start("one", mount("/data"));
    assertThat(in("one", "rm /data/x")).isEmpty();
    TestNode.eventually("it is free", () -> memory(box) < 32 << 20);
  }

  private static long memory(Sandbox box) {
    Path first = Path.of("/sys/fs/cgroup/memory" + box.getCgroup(), "memory.usage_in_bytes");
    Path second = Path.of("/sys/fs/cgroup" + box.getCgroup(), "memory.current");
    try {
      return Long.parseLong(Files.readString(Files.exists(first) ? first : second).strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void sharedMemoryOfASandbox() {
    make(box(volume("shm", "noexec", "nosuid")));
    Mount.Builder shm = mountOf("volume", "shm", "/dev/shm", "noexec", "nosuid");
    start("one", shm);
    start("two", shm);
    start("three");
    assertThat(in("one", "echo 1 > /dev/shm/segment")).isEmpty();
    assertThat(in("two", "cat /dev/shm/segment")).isEqualTo("1\n");
    assertThat(in("three", "ls /dev/shm")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = UserNamespace.Mode.class,
      names = {"AUTO", "HOST"})
  void belongsToRootOfTheSandbox(UserNamespace.Mode mode) {
    make(
        box(volume("data"), volume("mine", "uid=7", "gid=8", "mode=700"))
            .setUserNamespace(users(mode)));
    start("one", mount("/data"), mountOf("volume", "mine", "/mine"));
    assertThat(in("one", "stat -c '%u %g %a' /data /mine")).isEqualTo("0 0 1777\n7 8 700\n");
  }

  @Test
  void containersMadeAtOnceShareOne() throws Exception {
    make(box(volume("data")));
    List<CompletableFuture<Void>> starts =
        IntStream.range(0, 8)
            .mapToObj(i -> CompletableFuture.runAsync(() -> start("c" + i, mount("/data"))))
            .toList();
    starts.forEach(CompletableFuture::join);
    for (int i = 0; i < 8; i++) {
      assertThat(in("c" + i, "echo x >> /data/file")).isEmpty();
    }
    assertThat(in("c0", "wc -l < /data/file")).isEqualTo("8\n");
  }

  /** Whose places a volume takes, and whose it does not. */
  @Test
  void aContainerSeesOnlyWhatItMounts() {
    make(box(volume("data"), volume("other")));
    start("one", mount("/data"));
    assertThat(in("one", "grep -c tmpfs /proc/self/mounts; grep -c volumes /proc/self/mounts"))
        .endsWith("0\n");
    assertThat(in("one", "ls -d /volumes")).contains("No such file");
  }

  @Test
  void aPlanShowsThem() {
    ContainerSpec.Builder root = sleeping(mount("/data", "ro"));
    root.addVolumes(volume("data", "size=1m"));
    var plan =
        node.stub().plan(PlanRequest.newBuilder().setCreate(node.request("box", root)).build());
    assertThat(String.join("\n", plan.getSandboxStepsList()))
        .contains("\"size\", \"1m\"", "volumes/data");
    assertThat(String.join("\n", plan.getStepsList()))
        .contains("volumes/data", "{attr_set=MOUNT_ATTR_RDONLY|MOUNT_ATTR_NODEV}");
  }

  /** One that is not there any more by the time of the container's creation. */
  @Test
  void aSandboxOfTheSameNameIsAnother() {
    make(box(volume("data")));
    start("one", mount("/data"));
    assertThat(in("one", "touch /data/file")).isEmpty();
    node.deleteSandbox("box", true);
    make(box(volume("data")));
    start("one", mount("/data"));
    assertThat(in("one", "ls /data")).isEmpty();
    node.deleteSandbox("box", true);
    make(box());
    refused(mount("/data")).says("must name a volume that its sandbox keeps: data");
  }
}
