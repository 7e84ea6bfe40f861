package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Volume;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class VolumesTest {
  private static final Resources NO_LIMIT = Resources.getDefaultInstance();

  private static Volume volume(String name, String source, String... options) {
    return Volume.newBuilder()
        .setName(name)
        .setSource(source)
        .setType(Volume.Type.TMPFS)
        .setShare(Volume.Share.POD)
        .addAllOptions(List.of(options))
        .build();
  }

  private static Volume bind(String name, String source, String... options) {
    return volume(name, source, options).toBuilder().setType(Volume.Type.BIND).build();
  }

  private static ContainerSpec spec(Mount... mounts) {
    return Specs.least().addAllMounts(List.of(mounts)).build();
  }

  private static List<Mount> mounted(Volume volume, Mount... mounts) {
    return Volumes.mounted(spec(mounts), List.of(volume)).getMountsList();
  }

  private static void refuses(String field, ThrowingCallable call) {
    assertThatThrownBy(call)
        .asInstanceOf(throwable(RefusedException.class))
        .satisfies(e -> assertThat(e.refusal().metadata()).containsEntry("field", field));
  }

  // ---- Parts of one

  private static PlannedMount.Volume part(String subpath) {
    Mount mount = Specs.mount("/x", "volume", "data").toBuilder().setSubpath(subpath).build();
    return Volumes.read(
        "mounts[0]", mount, "/x", MountOptions.parse("mounts[0].options", List.of()));
  }

  @Test
  void readsADirectoryOfAVolume() {
    assertThat(part("").directory()).isEqualTo("/");
    assertThat(part("./").directory()).isEqualTo("/");
    assertThat(part("a//./b/").directory()).isEqualTo("/a/b");
    for (String wrong : List.of("/a", "a/..", "..", "a\0b", "x".repeat(256))) {
      refuses("mounts[0].subpath", () -> part(wrong));
    }
  }

  @Test
  void refusesADirectoryOfWhatIsNoVolume() {
    for (String type : List.of("bind", "tmpfs", "proc")) {
      Mount mount = Specs.mount("/x", type, "/y").toBuilder().setSubpath("a").build();
      refuses("mounts[0].subpath", () -> MountTable.read(List.of(mount), Set.of()));
    }
  }

  // ---- What a sandbox can have

  @Test
  void takesSeveralOfEachKind() {
    Volumes.check(
        List.of(
            volume("a", ""),
            volume("b", ""),
            volume("A-b_9", "/var/lib/x", "rbind", "rprivate", "ro", "size=1m", "mode=755"),
            bind("c", "/srv/data", "ro", "noexec")));
    assertThat(Volumes.kept(List.of(volume("a", ""), bind("b", "/srv"), volume("c", "/c"))))
        .extracting(kept -> kept.field() + kept.filesystem().on())
        .containsExactly("volumes[0].options/volumes/a", "volumes[2].options/volumes/c");
  }

  private static Arguments wrong(String field, Consumer<Volume.Builder> change) {
    return Arguments.of(field, change);
  }

  static Stream<Arguments> wrongs() {
    return Stream.of(
        wrong("name", volume -> volume.setName("")),
        wrong("name", volume -> volume.setName("..")),
        wrong("name", volume -> volume.setName("a/b")),
        wrong("name", volume -> volume.setName("a".repeat(65))),
        wrong("type", volume -> volume.clearType()),
        wrong("type", volume -> volume.setTypeValue(9)),
        wrong("share", volume -> volume.clearShare()),
        wrong("share", volume -> volume.setShareValue(9)),
        wrong("source", volume -> volume.setSource("a")),
        wrong("source", volume -> volume.setSource("/a/")),
        wrong("source", volume -> volume.setSource("/a/../b")),
        wrong("source", volume -> volume.setType(Volume.Type.BIND)),
        wrong("source", volume -> volume.setShare(Volume.Share.SHARED)),
        wrong("options", volume -> volume.addOptions("rslave")),
        wrong("options", volume -> volume.addOptions("rshared")),
        wrong("options", volume -> volume.addOptions("dev")),
        wrong("options", volume -> volume.addOptions("idmap")),
        wrong("options", volume -> volume.addOptions("tmpcopyup")),
        wrong("options", volume -> volume.addOptions("remount")),
        wrong("options", volume -> volume.addOptions("")),
        wrong(
            "options",
            volume -> volume.setType(Volume.Type.BIND).setSource("/a").addOptions("size=1m")));
  }

  @ParameterizedTest
  @MethodSource("wrongs")
  void refusesWhatIsNone(String field, Consumer<Volume.Builder> change) {
    Volume.Builder volume = volume("b", "").toBuilder();
    change.accept(volume);
    refuses("volumes[1]." + field, () -> Volumes.check(List.of(volume("a", ""), volume.build())));
  }

  @Test
  void refusesTwoOfOneNameOrSource() {
    refuses("volumes[1].name", () -> Volumes.check(List.of(volume("a", ""), volume("a", "/a"))));
    refuses("volumes[1].source", () -> Volumes.check(List.of(volume("a", "/a"), bind("b", "/a"))));
  }

  @Test
  void isBoundedByItsSandboxUnlessItSaysItsSize() {
    Resources limited =
        Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(1 << 20)).build();
    assertThat(
            Volumes.completed(
                List.of(volume("a", "", "ro"), volume("b", "", "size=1k"), bind("c", "/c")),
                limited,
                ""))
        .containsExactly(
            volume("a", "", "ro", "size=1048576"), volume("b", "", "size=1k"), bind("c", "/c"));
    Resources unlimited =
        Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(-1)).build();
    for (Resources none : List.of(NO_LIMIT, unlimited)) {
      assertThat(Volumes.completed(List.of(volume("a", "")), none, ""))
          .containsExactly(volume("a", ""));
    }
  }

  @Test
  void hasTheLabelOfItsSandbox() {
    String label = "system_u:object_r:container_file_t:s0:c1,c2";
    assertThat(Volumes.completed(List.of(volume("a", ""), bind("b", "/b")), NO_LIMIT, label))
        .containsExactly(volume("a", "", "context=" + label), bind("b", "/b"));
  }

  // ---- Mounts of them

  @ParameterizedTest
  @CsvSource({"bind,/a", "bind,//a/", "tmpfs,/a", "volume,v"})
  void isMountedByItsSourceAndByItsName(String type, String source) {
    Mount mount = Specs.mount("/m", type, source, "ro");
    assertThat(mounted(volume("v", "/a"), mount))
        .containsExactly(Specs.mount("/m", "volume", "v", "ro"));
  }

  @ParameterizedTest
  @CsvSource({"bind,/a/b", "bind,/", "tmpfs,/a/", "tmpfs,tmpfs", "tmpfs,''", "proc,/a"})
  void anotherSourceIsAnother(String type, String source) {
    Mount mount = Specs.mount("/m", type, source);
    assertThat(mounted(volume("v", "/a"), mount)).containsExactly(mount);
  }

  @Test
  void oneOfTheHostStaysABind() {
    Mount mount = Specs.mount("/m", "bind", "/a", "ro");
    assertThat(mounted(bind("v", "/a", "ro"), mount)).containsExactly(mount);
    Volume shared = volume("v", "/a").toBuilder().setShare(Volume.Share.SHARED).build();
    assertThat(mounted(shared, mount)).containsExactly(mount);
  }

  @Test
  void isMountedAsOftenAsOneLikes() {
    Mount readable = Specs.mount("/r", "bind", "/a", "ro");
    Mount writable = Specs.mount("/w", "bind", "/a");
    assertThat(mounted(volume("v", "/a"), readable, writable))
        .extracting(Mount::getSource)
        .containsExactly("v", "v");
  }

  @Test
  void refusesANameThatThereIsNot() {
    refuses("mounts[0].source", () -> mounted(volume("v", "/a"), Specs.mount("/m", "volume", "w")));
    refuses(
        "mounts[0].source", () -> mounted(volume("v", "/a"), Specs.mount("/m", "volume", "/a")));
    refuses("mounts[0].source", () -> mounted(bind("v", "/a"), Specs.mount("/m", "volume", "v")));
    refuses(
        "mounts[0].source",
        () -> Volumes.mounted(spec(Specs.mount("/m", "volume", "v")), List.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ro", "noexec", "noatime", "nosuid"})
  void refusesAMountThatMayDoMoreThanItsVolume(String option) {
    for (Volume volume : List.of(volume("v", "/a", option), bind("v", "/a", option))) {
      refuses("mounts[0].options", () -> mounted(volume, Specs.mount("/m", "bind", "/a", "rw")));
      assertThat(mounted(volume, Specs.mount("/m", "bind", "/a", option))).hasSize(1);
    }
    assertThat(mounted(volume("v", "/a", "rw"), Specs.mount("/m", "bind", "/a", option)))
        .hasSize(1);
  }

  @Test
  void takesOptionsThatRestrictNothing() {
    Volume volume = volume("v", "/a", "rw", "rbind", "relatime", "nodiratime");
    assertThat(mounted(volume, Specs.mount("/m", "bind", "/a", "rw", "nosuid"))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"size=1m", "mode=755", "sync", "rslave", "tmpcopyup", "idmap", "dev"})
  void refusesOptionsThatAMountOfAVolumeCannotHave(String option) {
    ContainerSpec spec = spec(Specs.mount("/m", "volume", "v", option));
    refuses("mounts[0].options", () -> ContainerPlan.compile(spec, Specs.facts()));
  }
}
