package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every option that runc and crun document, mount(8). */
class MountOptionsTest {
  private static MountOptions options(String... options) {
    return MountOptions.parse("mounts[0].options", List.of(options));
  }

  @ParameterizedTest
  @CsvSource({
    "ro,RDONLY,rw",
    "nosuid,NOSUID,suid",
    "nodev,NODEV,dev",
    "noexec,NOEXEC,exec",
    "noatime,NOATIME,atime",
    "noatime,NOATIME,relatime",
    "strictatime,STRICTATIME,nostrictatime",
    "strictatime,STRICTATIME,relatime",
    "nodiratime,NODIRATIME,diratime",
    "nosymfollow,NOSYMFOLLOW,symfollow"
  })
  void anAttributeIsAddedAndTakenBackInBothForms(String adds, String attribute, String removes) {
    Flag flag = Flag.valueOf("MOUNT_ATTR_" + attribute);
    for (String add : List.of(adds, "r" + adds)) {
      assertThat(options(add).orderedAttributes()).containsExactly(flag);
      assertThat(options(removes, add).orderedAttributes()).containsExactly(flag);
      assertThat(options(add, removes).orderedAttributes()).isEmpty();
      assertThat(options(add, "r" + removes).orderedAttributes()).isEmpty();
    }
  }

  @Test
  void ofTwoWaysToKeepAccessTimesTheLastHolds() {
    assertThat(options("noatime", "strictatime").orderedAttributes())
        .containsExactly(Flag.MOUNT_ATTR_STRICTATIME);
    assertThat(options("rstrictatime", "rnoatime").orderedAttributes())
        .containsExactly(Flag.MOUNT_ATTR_NOATIME);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "defaults",
        "async",
        "nosync",
        "nomand",
        "noiversion",
        "nolazytime",
        "silent",
        "acl",
        "loud",
        "relatime",
        "rrelatime",
        "norelatime",
        "rnorelatime",
        "rw",
        "suid",
        "exec",
        "atime",
        "diratime",
        "symfollow"
      })
  void whatTheKernelDoesByItselfChangesNothing(String option) {
    assertThat(options(option)).isEqualTo(options());
  }

  @Test
  void optionsOfAFilesystemAreTakenBackToo() {
    assertThat(options("sync", "lazytime", "dirsync", "async", "nolazytime").data())
        .containsExactly(MountOption.parse("dirsync"));
  }

  @Test
  void optionsOfAFilesystemMayBeWrittenAsRecursive() {
    assertThat(options("rsync", "rdirsync", "rasync", "rnomand")).isEqualTo(options("dirsync"));
  }

  @Test
  void anOptionThatBeginsLikeARecursiveOneIsItself() {
    assertThat(options("rootmode=7").data()).containsExactly(MountOption.parse("rootmode=7"));
    assertThat(options("rbind").recursive()).isTrue();
    assertThat(options("rbind").bind()).isTrue();
  }

  @Test
  void deviceFilesAreAskedForByEitherName() {
    assertThat(options("dev").deviceFiles()).isTrue();
    assertThat(options("rdev").deviceFiles()).isTrue();
    assertThat(options("rdev", "rnodev").deviceFiles()).isFalse();
    assertThat(options("rw").deviceFiles()).isFalse();
  }

  @Test
  void propagationIdsAndCopiesAreToldApart() {
    assertThat(options().propagation()).isEmpty();
    assertThat(options("rslave", "private").propagation())
        .isEqualTo(Optional.of(Donation.Propagation.PRIVATE));
    assertThat(options("idmap").idMap()).contains(IdMap.Extent.TOP);
    assertThat(options("ridmap").idMap()).contains(IdMap.Extent.TREE);
    assertThat(options("tmpcopyup").copyUp()).isTrue();
    assertThat(options("idmap", "tmpcopyup", "rslave").data()).isEmpty();
  }
}
