package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.UserNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a container sees of its cgroups of version 1, and that it is what it could mount itself. */
class CgroupMountsIT extends OnNode {
  private static final Path HIERARCHIES = Path.of("/sys/fs/cgroup");
  private static final String RIGHT = "CAP_SYS_ADMIN";

  /** Whether in each hierarchy the mount that it has is as one that it makes. */
  private static final String COMPARES =
      """
      compare() {
        grep " $1 " /proc/self/mountinfo | cut -d' ' -f3,4,6- | sed 's/ \\(cgroup2*\\) [^ ]* / \\1 /'
        stat -c '%d %i %a %u %g' $1 | tr '\\n' ' '
        cd $1 && stat -c '%n %i %a %u %g' * | sort | md5sum
      }
      for hierarchy in $(ls /sys/fs/cgroup); do
        mkdir -p /tmp/anew
        case $hierarchy in
          unified) mount -t cgroup2 -o $OPTIONS cgroup2 /tmp/anew || exit 1 ;;
          *) mount -t cgroup -o $OPTIONS,$hierarchy cgroup /tmp/anew || exit 1 ;;
        esac
        ours=$(compare /sys/fs/cgroup/$hierarchy)
        anew=$(compare /tmp/anew)
        cd / && umount /tmp/anew
        [ "$ours" = "$anew" ] && echo "$hierarchy same" || echo "$hierarchy $ours differs: $anew"
      done
      """;

  @BeforeAll
  static void allowMounting() throws Exception {
    allow("capabilities = " + RIGHT, "user-namespace.host = true");
  }

  @BeforeEach
  void needsVersion1() {
    assumeTrue(
        Files.isDirectory(HIERARCHIES.resolve("memory")), "Skipped: no cgroups of version 1");
  }

  private static ContainerSpec.Builder mounting(
      ContainerSpec.Builder spec, UserNamespace.Mode users, String... options) {
    spec.getUserNamespaceBuilder().setMode(users);
    spec.getProcessBuilder()
        .setCapabilities(
            Capabilities.newBuilder().addBounding(RIGHT).addPermitted(RIGHT).addEffective(RIGHT));
    return spec.addMounts(
        Mount.newBuilder()
            .setDestination("/sys/fs/cgroup")
            .setType("cgroup")
            .setSource("cgroup")
            .addAllOptions(List.of(options)));
  }

  private static String compared(UserNamespace.Mode users, String... options) {
    ContainerSpec.Builder spec = mounting(node.shell(COMPARES), users, options);
    spec.getProcessBuilder().addEnv("OPTIONS=" + String.join(",", options));
    return out(spec);
  }

  @ParameterizedTest
  @EnumSource(
      value = UserNamespace.Mode.class,
      names = {"AUTO", "HOST"})
  void areWhatTheContainerCouldMountItself(UserNamespace.Mode users) throws Exception {
    String writable = compared(users, "rw", "relatime");
    assertThat(writable.lines()).contains("memory same", "cpuset same").allMatch(this::isSame);
    assertThat(writable.lines()).hasSameSizeAs(ours());
    assertThat(compared(users, "nosuid", "noexec", "nodev", "relatime", "ro").lines())
        .hasSameSizeAs(ours())
        .allMatch(this::isSame);
    assertThat(compared(users, "nosuid", "noatime", "ro").lines()).allMatch(this::isSame);
  }

  private boolean isSame(String line) {
    return line.endsWith(" same");
  }

  /** The names of the hierarchies that containers are in. */
  private static List<String> ours() throws IOException {
    try (Stream<Path> all = Files.list(HIERARCHIES)) {
      return all.filter(
              hierarchy -> Files.isDirectory(hierarchy.resolve(node.cgroupParent().substring(1))))
          .map(hierarchy -> hierarchy.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void areOfItsOwnCgroup() throws Exception {
    Container container =
        node.create("c", mounting(node.spec("true"), UserNamespace.Mode.AUTO, "ro"));
    List<String> seen =
        Files.readAllLines(Path.of("/proc/" + container.getPid() + "/mountinfo")).stream()
            .filter(line -> line.contains(" - cgroup"))
            .map(line -> line.split(" ", -1)[3])
            .toList();
    assertThat(seen).hasSameSizeAs(ours()).allMatch(container.getCgroup()::equals);
  }

  @ParameterizedTest
  @EnumSource(
      value = UserNamespace.Mode.class,
      names = {"AUTO", "HOST"})
  void leadNowhereElse(UserNamespace.Mode users) {
    String script =
        """
        cd /sys/fs/cgroup/memory
        stat -c %d . .. | uniq | wc -l
        ls ..
        mkdir -p /tmp/above
        mount --bind /sys/fs/cgroup/memory/.. /tmp/above && ls /tmp/above && umount /tmp/above
        umount -l /sys/fs/cgroup/memory
        ls -di . .. ../.. | tr -s ' ' | cut -d' ' -f1 | uniq | wc -l
        """;
    List<String> lines = out(mounting(node.shell(script), users, "rw")).lines().toList();
    assertThat(lines.getFirst()).as("filesystems on the way up").isEqualTo("2");
    assertThat(lines.getLast()).as("directories above a detached one").isEqualTo("1");
    assertThat(lines.subList(1, lines.size() - 1)).doesNotContain(node.cgroupParent().substring(1));
  }

  @Test
  void areReadOnlyWhereThatIsAskedFor() {
    ContainerSpec.Builder spec = node.shell("mkdir /sys/fs/cgroup/memory/below");
    mounting(spec, UserNamespace.Mode.HOST, "ro");
    Ended refused = node.run(spec);
    assertThat(refused.code()).isNotZero();
    assertThat(refused.err()).contains("Read-only");
  }

  @Test
  void canBeDividedByRootOfTheHost() {
    String script =
        "cd /sys/fs/cgroup/memory && mkdir below && echo $$ > below/cgroup.procs"
            + " && grep memory /proc/self/cgroup && echo $$ > cgroup.procs && rmdir below";
    assertThat(out(mounting(node.shell(script), UserNamespace.Mode.HOST, "rw")))
        .endsWith(":memory:/below\n");
  }

  @Test
  void areStillSeenByWhoIsExecuted() {
    node.started("c", mounting(node.spec("sleep", "60"), UserNamespace.Mode.AUTO, "ro"));
    assertThat(
            node.exec("c", "sh", "-c", "cat /sys/fs/cgroup/pids/cgroup.procs | head -n 1")
                .ended()
                .out())
        .isEqualTo("1\n");
  }

  @Test
  void keepNoCgroupFromBeingRemoved() throws Exception {
    ContainerSpec.Builder spec = mounting(node.spec("sleep", "60"), UserNamespace.Mode.AUTO, "ro");
    Container container = node.started("c", spec);
    Path directory = HIERARCHIES.resolve("memory" + container.getCgroup());
    assertThat(directory).isDirectory();
    node.delete("c", true);
    assertThat(directory).doesNotExist();
  }

  @Test
  void severalOfThemAreMountsOfTheirOwn() {
    ContainerSpec.Builder spec =
        node.shell("grep -c ' - cgroup' /proc/self/mountinfo; ls /tmp/again/memory | wc -l");
    mounting(spec, UserNamespace.Mode.AUTO, "ro");
    spec.addMounts(
        Mount.newBuilder().setDestination("/tmp/again").setType("cgroup").addOptions("ro"));
    List<String> lines = out(spec).lines().toList();
    assertThat(Integer.parseInt(lines.getFirst()) % 2).isZero();
    assertThat(Integer.parseInt(lines.getLast())).isPositive();
  }
}
