package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.LowerChars;
import net.jqwik.api.constraints.NotEmpty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CgroupParsersTest {
  @Test
  void readsMountsWithAndWithoutOptionalFields() {
    List<Mountinfo.Entry> mounts =
        Mountinfo.parse(
            List.of(
                "35 31 0:32 / /sys/fs/cgroup/cpu\\040acct rw,relatime shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct",
                "41 31 0:38 /docker/a /sys/fs/cgroup/unified rw - cgroup2 cgroup2",
                "too short - cgroup2"));

    assertThat(mounts)
        .containsExactly(
            new Mountinfo.Entry(
                "/",
                Path.of("/sys/fs/cgroup/cpu acct"),
                "cgroup",
                java.util.Set.of("rw", "cpu", "cpuacct")),
            new Mountinfo.Entry(
                "/docker/a", Path.of("/sys/fs/cgroup/unified"), "cgroup2", java.util.Set.of()));
  }

  @Test
  void readsMembershipsWhosePathHasColons() {
    Membership membership =
        Membership.parse("4:cpu,cpuacct:/a:b\n1:name=systemd:/s\n0::/u\nbroken\n");

    assertThat(membership.paths())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("cpu", "/a:b", "cpuacct", "/a:b", "name=systemd", "/s", "", "/u"));
  }

  @Test
  void skipsValuesThatAreNoCounters() {
    FlatKeyed keyed =
        FlatKeyed.parse(
            "a 1\nb max\nc 99999999999999999999\nd -1\ne\nf 1 2\ng 9223372036854775807");

    assertThat(keyed.values())
        .containsExactlyInAnyOrderEntriesOf(Map.of("a", 1L, "g", Long.MAX_VALUE));
  }

  @Test
  void refusesUncleanPaths() {
    for (String path :
        new String[] {"", "a", "/a/", "//a", "/a/../b", "/./a", "/a\nb", "/" + "x".repeat(256)}) {
      assertThatThrownBy(() -> CgroupPath.require(path))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatCode(() -> CgroupPath.require("/a/b.c-d_e")).doesNotThrowAnyException();
  }

  @Test
  void namesASandboxsCgroups() {
    SandboxLayout layout = new SandboxLayout("/caisson", "0190a0b0-0000-7000-8000-000000000001");

    assertThat(layout.sandbox()).isEqualTo("/caisson/sandbox-0190a0b0-0000-7000-8000-000000000001");
    assertThat(layout.init()).isEqualTo(layout.sandbox() + "/init");
    assertThat(layout.container("0a")).isEqualTo(layout.sandbox() + "/ctr-0a");
    assertThatThrownBy(() -> layout.container("../x")).isInstanceOf(IllegalArgumentException.class);
  }

  @Property
  void parsersTakeAnyText(@ForAll String text) {
    assertThat(Mountinfo.parse(text.lines().toList())).isNotNull();
    assertThat(Membership.parse(text).paths()).isNotNull();
    assertThat(FlatKeyed.parse(text).values()).isNotNull();
  }

  @Property
  void countersComeBackAsTheyWereWritten(
      @ForAll @LowerChars @NotEmpty String key, @ForAll @LongRange(min = 0) long value) {
    assertThat(FlatKeyed.parse(key + " " + value + "\n").get(key)).hasValue(value);
  }

  @Property
  void mountPointsComeBackAsTheyWereEscaped(@ForAll @NotEmpty @LowerChars String name) {
    String escaped = name.replace("a", "\\040").replace("b", "\\134").replace("c", "\\011");
    String plain = name.replace("a", " ").replace("b", "\\").replace("c", "\t");

    assertThat(Mountinfo.unescape(escaped)).isEqualTo(plain);
  }

  @ParameterizedTest
  @CsvSource({
    "/, /a/b, /a/b",
    "/, /, /",
    "/a, /a/b, /b",
    "/a, /a, /",
    "/a, /ab, none",
    "/a/b, /a, none",
    "/.., /a, none",
    "/a, /../a/b, none"
  })
  void saysWhereAPathIsBelowAMount(String mounted, String path, String inside) {
    Mountinfo.Entry mount =
        new Mountinfo.Entry(mounted, Path.of("/m"), "cgroup2", java.util.Set.of());
    assertThat(mount.inside(path).orElse("none")).isEqualTo(inside);
  }

  @Test
  void takesAWholeTreeBeforeAPartOfOne() {
    Mountinfo.Entry part =
        new Mountinfo.Entry("/a", Path.of("/part"), "cgroup2", java.util.Set.of());
    Mountinfo.Entry whole =
        new Mountinfo.Entry("/", Path.of("/whole"), "cgroup2", java.util.Set.of());
    assertThat(Mountinfo.wholeFirst(List.of(part, whole))).containsExactly(whole, part);
  }
}
