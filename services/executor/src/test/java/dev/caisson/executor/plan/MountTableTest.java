package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.plan.PlannedMount.Bind;
import dev.caisson.executor.plan.PlannedMount.CopiedUp;
import dev.caisson.executor.plan.PlannedMount.Fresh;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Mount;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MountTableTest {
  private static List<PlannedMount> table(Mount... mounts) {
    return MountTable.of(List.of(mounts), Set.of());
  }

  private static List<String> destinations(Mount... mounts) {
    return table(mounts).stream().map(PlannedMount::destination).toList();
  }

  private static Bind bind(String... options) {
    return (Bind)
        MountTable.read(List.of(Specs.mount("/a", "bind", "/b", options)), Set.of()).getFirst();
  }

  @Test
  void addsWhatNoContainerLacks() {
    assertThat(destinations()).containsExactly("/proc", "/sys", "/dev", "/dev/pts", "/dev/shm");
  }

  @Test
  void addsEachWhereNothingThatComesLaterHidesIt() {
    assertThat(
            destinations(
                Specs.mount("/data", "tmpfs", "t"),
                Specs.mount("/dev", "tmpfs", "t"),
                Specs.mount("/dev/shm", "tmpfs", "t"),
                Specs.mount("/proc/sys/fs", "tmpfs", "t")))
        .containsExactly("/proc", "/sys", "/data", "/dev", "/dev/pts", "/dev/shm", "/proc/sys/fs");
  }

  @Test
  void leavesTheSpecificationsOwnInItsOrder() {
    assertThat(
            destinations(
                Specs.mount("/sys", "sysfs", "s"),
                Specs.mount("/dev/pts", "devpts", "d"),
                Specs.mount("/dev", "tmpfs", "t"),
                Specs.mount("/proc/", "proc", "p"),
                Specs.mount("/dev//shm", "tmpfs", "t")))
        .containsExactly("/sys", "/dev/pts", "/dev", "/proc", "/dev/shm");
  }

  @Test
  void fillsDevOnlyWhereThatIsAFreshFilesystem() {
    assertThat(MountTable.hasOwnDev(table())).isTrue();
    assertThat(MountTable.hasOwnDev(table(Specs.mount("/dev", "bind", "/dev", "rbind")))).isFalse();
    assertThat(
            MountTable.hasOwnDev(
                table(Specs.mount("/dev", "tmpfs", "t"), Specs.mount("/dev", "bind", "/dev"))))
        .isFalse();
  }

  @Test
  void makesDeviceFilesOfTheHostUselessUnlessAsked() {
    assertThat(bind().attributes().set()).containsExactly(Flag.MOUNT_ATTR_NODEV);
    assertThat(bind("dev").attributes().set()).isEmpty();
    assertThat(bind("dev", "nodev").attributes().set()).containsExactly(Flag.MOUNT_ATTR_NODEV);
  }

  @Test
  void letsTheLastOfContradictingOptionsHold() {
    assertThat(bind("ro", "rw", "dev").attributes().set()).isEmpty();
    assertThat(bind("rw", "ro", "dev").attributes().setBits()).isEqualTo(1);
  }

  @Test
  void neverTakesBackWhatTheHostForbids() {
    assertThat(bind("rw", "suid", "exec").attributes().clearBits()).isZero();
    assertThat(bind("noatime").attributes().clearBits()).isEqualTo(0x70);
  }

  @Test
  void keepsMountsPrivateUnlessTheyAreToFollowTheHost() {
    assertThat(bind("rbind").attributes().propagationBits()).isEqualTo(1 << 18);
    assertThat(bind("rslave").attributes().propagationBits()).isEqualTo(1 << 19);
    assertThat(bind("rbind").recursive()).isTrue();
    assertThat(bind().recursive()).isFalse();
  }

  @Test
  void passesToTheFilesystemWhatIsNoAttribute() {
    var mounts = List.of(Specs.mount("/a", "tmpfs", "t", "nosuid", "size=1m", "sync", "defaults"));
    Fresh fresh = (Fresh) MountTable.read(mounts, Set.of()).getFirst();
    assertThat(fresh.filesystem().attributes()).containsExactly(Flag.MOUNT_ATTR_NOSUID);
    assertThat(fresh.filesystem().options().stream().map(MountOption::text))
        .containsExactly("size=1m", "sync");
  }

  private static Fresh tmpfs(String... options) {
    var mounts = List.of(Specs.mount("/a/./b", "tmpfs", "t", options));
    var known =
        new MountTable.Known(
            Set.of(),
            Map.of("/a/b", new DirectoryFacts(01770, 5, 6)),
            Donation.Propagation.PRIVATE);
    return (Fresh) MountTable.of(mounts, known).getLast();
  }

  @Test
  void aTmpfsThatDoesNotSayItsModeHasThatOfWhatItCovers() {
    assertThat(tmpfs("mode=711").filesystem().options())
        .containsExactly(MountOption.parse("mode=711"));
    assertThat(tmpfs().filesystem().options()).containsExactly(MountOption.parse("mode=1770"));
  }

  @Test
  void aTmpfsThatBeginsWithWhatIsThereLooksLikeIt() {
    var known =
        new MountTable.Known(
            Set.of(), Map.of("/a", new DirectoryFacts(01770, 5, 6)), Donation.Propagation.PRIVATE);
    var mounts =
        List.of(
            Specs.mount("/a", "tmpfs", "t", "tmpcopyup"),
            Specs.mount("/a", "tmpfs", "t", "tmpcopyup", "mode=700", "uid=7"),
            Specs.mount("/b", "tmpfs", "t", "tmpcopyup"));
    assertThat(
            MountTable.of(mounts, known).stream()
                .filter(mount -> mount instanceof CopiedUp)
                .map(mount -> ((CopiedUp) mount).top()))
        .containsExactly(
            new DirectoryFacts(01770, 5, 6), new DirectoryFacts(0700, 7, 6), DirectoryFacts.TMPFS);
  }

  @Test
  void bindsFollowTheHostAsTheSpecificationSays() {
    var slave = new MountTable.Known(Set.of(), Map.of(), Donation.Propagation.SLAVE);
    var mounts =
        List.of(Specs.mount("/a", "bind", "/b"), Specs.mount("/c", "bind", "/d", "rprivate"));
    assertThat(
            MountTable.of(mounts, slave).stream()
                .filter(mount -> mount instanceof Bind)
                .map(mount -> ((Bind) mount).attributes().propagation()))
        .containsExactly(Donation.Propagation.SLAVE, Donation.Propagation.PRIVATE);
  }

  @Test
  void mapsWithoutAnOptionAreThoseOfIdmap() {
    IdMapping map = IdMapping.newBuilder().setContainerId(1).setHostId(2).setSize(3).build();
    Mount plain = Specs.mount("/a", "bind", "/b", "rbind");
    Mount mapped = plain.toBuilder().addUidMappings(map).addGidMappings(map).build();
    Mount whole = mapped.toBuilder().addOptions("ridmap").build();
    assertThat(
            MountTable.read(List.of(plain, mapped, whole), Set.of()).stream()
                .map(mount -> ((Bind) mount).idMap()))
        .containsExactly(
            Optional.empty(),
            Optional.of(new IdMap(IdMap.Extent.TOP, List.of(map), List.of(map))),
            Optional.of(new IdMap(IdMap.Extent.TREE, List.of(map), List.of(map))));
  }

  @Test
  void tellsTheGuardThePathsThatThePlanWillUse() {
    var mounts =
        List.of(
            Specs.mount("/a", "tmpfs", "/x"),
            Specs.mount("/b", "none", "//srv/./b/", "rbind", "dev"),
            Specs.mount("/c", "bind", "/srv/c"));
    assertThat(BindSource.of(mounts))
        .containsExactly(
            new BindSource("mounts[1].source", "/srv/b", true),
            new BindSource("mounts[2].source", "/srv/c", false));
  }
}
