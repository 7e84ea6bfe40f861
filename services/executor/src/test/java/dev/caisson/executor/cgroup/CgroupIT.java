package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.TextFormat;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The host's own trees, below a parent of its own. Needs root and busybox. */
class CgroupIT {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final dev.caisson.linux.Files FILES = Kernel.open().files();
  private static final Path POOL = Path.of("/proc/sys/vm/nr_hugepages");
  private static final Resources NONE = Resources.getDefaultInstance();

  private static final int KEPT_FILES = 64;
  private static final int BOMB = 60;

  private final String parent = "/caisson-test-" + UUID.randomUUID();
  private final List<Process> started = new ArrayList<>();
  private Cgroups cgroups;

  @BeforeEach
  void detect() {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root: cgroups are made");
    assumeTrue(
        Files.isExecutable(Path.of("/bin/busybox")),
        "needs /bin/busybox: apt-get install busybox-static");
    cgroups = Cgroups.detect(FILES, MOUNTINFO, KEPT_FILES);
    cgroups.ensure(parent);
  }

  @AfterEach
  void removeEverything() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
    cgroups.open(parent).kill();
    cgroups.open(parent).remove();
    assertThat(cgroups.removeIfUnused(parent)).isTrue();
  }

  @Test
  void limitsAreInForce() throws Exception {
    Resources limits =
        Resources.newBuilder()
            .setMemory(Resources.Memory.newBuilder().setLimit(64 << 20))
            .setPids(Resources.Pids.newBuilder().setLimit(1))
            .setCpu(
                Resources.Cpu.newBuilder()
                    .setShares(512)
                    .setQuota(50_000)
                    .setPeriod(100_000)
                    .setCpus("0"))
            .build();
    Cgroup cgroup = cgroups.create(parent + "/box", limits, Owner.ROOT);
    Process shell = spawn(cgroup, "read x; busybox true || exit 9");

    go(shell);
    assertThat(shell.waitFor()).as("fork beyond pids.max").isNotZero();
  }

  /** A little more would be refused by name: the kernel takes none of it. */
  @Test
  void takesTheMostThatTheKernelDoes() {
    Resources.Cpu.Builder cpu = Resources.Cpu.newBuilder().setQuota(Limits.MAX_QUOTA_MICROS - 1);
    Resources most =
        Resources.newBuilder()
            .setCpu(cpu.setBurst(1))
            .setPids(Resources.Pids.newBuilder().setLimit(Limits.MAX_PIDS))
            .build();
    cgroups.require(parent, most);
    assertThat(cgroups.create(parent + "/box", most, Owner.ROOT).path()).endsWith("/box");
  }

  /** As much as the kernel gives is asked of it, and no more. */
  @Test
  void knowsAsTheKernelWhatOthersLeaveOfRealTime() throws Exception {
    Optional<Path> runtime = realtimeFile(cgroups.open(parent));
    assumeTrue(runtime.isPresent(), "needs real-time groups of version 1");
    Files.writeString(runtime.get(), "100000");
    Cgroup one = cgroups.create(parent + "/one", realtime(60_000), Owner.ROOT);
    Cgroup other = cgroups.create(parent + "/other", NONE, Owner.ROOT);

    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> other.update(realtime(60_000)),
            () -> cgroups.create(parent + "/box", realtime(40_002), Owner.ROOT))) {
      assertThatThrownBy(call)
          .isInstanceOf(InvalidResources.class)
          .hasMessageContaining("leave to the others");
    }
    assertThat(cgroups.occupancy(parent + "/box")).isEqualTo(Cgroups.Occupancy.NONE);
    Path others = realtimeFile(other).orElseThrow();
    assertThatThrownBy(() -> Files.writeString(others, "40002")).isInstanceOf(IOException.class);
    other.update(realtime(40_000));
    var _ = cgroups.create(parent + "/one/in", realtime(30_000), Owner.ROOT);
    assertThatThrownBy(() -> one.update(realtime(29_998))).hasMessageContaining("lower that first");
    one.update(realtime(30_000));
    other.update(realtime(70_000));
  }

  private static Optional<Path> realtimeFile(Cgroup cgroup) {
    return cgroup.joins().stream()
        .map(join -> join.directory().resolve(V1Files.REALTIME_RUNTIME))
        .filter(Files::exists)
        .findFirst();
  }

  private static Resources realtime(long runtime) throws Exception {
    return TextFormat.parse("cpu { realtime_runtime: " + runtime + " }", Resources.class);
  }

  @Test
  void countsCpuTimeOfWhatRanInside() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    assertThat(cgroup.cpuNanos()).hasValue(0);
    Process shell = spawn(cgroup, "read x; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
    go(shell);
    shell.waitFor();

    assertThat(cgroup.cpuNanos().orElseThrow()).isGreaterThan(1_000_000);
    assertThat(cgroups.open(parent).cpuNanos().orElseThrow())
        .isGreaterThanOrEqualTo(cgroup.cpuNanos().orElseThrow());
  }

  @Test
  void countsOutOfMemoryKills() throws Exception {
    Resources limits =
        Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(8 << 20)).build();
    Cgroup cgroup = cgroups.create(parent + "/box", limits, Owner.ROOT);
    Process shell = spawn(cgroup, "read x; exec busybox tail -c 64m /dev/zero");
    go(shell);

    assertThat(shell.waitFor()).isEqualTo(137);
    assertThat(cgroup.oomKills()).isEqualTo(1);
  }

  @Test
  void countsAnewInOneThatSomebodyElseRemovedAndThatIsMadeAgain() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    Process shell = spawn(cgroup, "read x; exec busybox true");
    go(shell);
    assertThat(shell.waitFor()).isZero();
    assertThat(cgroup.cpuNanos().orElseThrow()).isPositive();
    assertThat(cgroup.shortages()).isEqualTo(Shortages.NONE);

    Cgroups.detect(FILES, MOUNTINFO).open(parent + "/box").remove();
    assertThat(cgroup.cpuNanos()).isEmpty();
    assertThat(cgroup.shortages()).isEqualTo(Shortages.NONE);

    Cgroup again = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    assertThat(again.cpuNanos()).hasValue(0);
    assertThat(cgroup.cpuNanos()).hasValue(0);
  }

  @Test
  void startsAProcessWithTheLeastMemoryThatIsAllowed() throws Exception {
    Resources limits =
        Resources.newBuilder()
            .setMemory(Resources.Memory.newBuilder().setLimit(Limits.MIN_MEMORY_BYTES))
            .build();
    Cgroup cgroup = cgroups.create(parent + "/box", limits, Owner.ROOT);
    Process shell = spawn(cgroup, "read x; busybox true && exit 7");
    go(shell);

    assertThat(shell.waitFor()).isEqualTo(7);
  }

  @Test
  void freezesAndThaws() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    spawn(cgroup, "while :; do :; done");
    cgroup.freeze();
    long before = cgroup.cpuNanos().orElseThrow();
    OptionalLong after = cgroup.cpuNanos();

    assertThat(after).hasValue(before);
    cgroup.thaw();
    assertThat(Retry.until(Duration.ofSeconds(5), () -> cgroup.cpuNanos().orElseThrow() > before))
        .isTrue();
  }

  @Test
  void killsEverythingAndIsThenRemoved() throws Exception {
    Cgroup outer = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    Cgroup cgroup = cgroups.create(parent + "/box/ctr", NONE, Owner.ROOT);
    Process shell = spawn(cgroup, "read x; busybox sleep 1000 & busybox sleep 1000 & wait");
    go(shell);
    assertThat(Retry.until(Duration.ofSeconds(5), () -> cgroup.processes().size() == 3)).isTrue();
    assertThat(outer.processes()).hasSize(3);
    assertThat(outer.populated()).isTrue();
    assertThat(outer.awaitEmpty(Duration.ofMillis(10))).isFalse();

    outer.kill();
    assertThat(outer.awaitEmpty(Duration.ofSeconds(5))).isTrue();
    assertThat(shell.waitFor()).isEqualTo(137);
    outer.remove();
    assertThat(outer.cpuNanos()).isEmpty();
    outer.remove();
  }

  @Test
  void removesWhatWasMadeInside() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    for (Path join : allProcs(cgroup)) {
      Files.createDirectories(join.resolveSibling("ctr/of/its own"));
    }
    cgroup.remove();

    assertThat(allProcs(cgroup)).noneMatch(Files::exists);
    assertThat(allProcs(cgroups.open(parent))).allMatch(Files::exists);
  }

  @Test
  void takesProcessesInALeafBesideChildren() throws Exception {
    Cgroup box = cgroups.create(parent + "/sandbox-1", NONE, Owner.ROOT);
    Cgroup leaf = cgroups.createLeaf(box, SandboxLayout.LEAF, new Owner(200_000, 200_001));
    cgroups.create(parent + "/sandbox-1/ctr-1", NONE, Owner.ROOT);
    Process shell =
        spawn(leaf, "read x; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; read x");
    shell.outputWriter().append("go\n").flush();
    assertThat(Retry.until(Duration.ofSeconds(5), () -> box.cpuNanos().orElseThrow() > 1_000_000))
        .isTrue();
    assertThat(box.processes()).containsExactly((int) shell.pid());

    box.kill();
    assertThat(box.awaitEmpty(Duration.ofSeconds(5))).isTrue();
    assertThat(shell.waitFor()).isEqualTo(137);
    box.remove();
    assertThat(allProcs(box)).noneMatch(Files::exists);
  }

  @Test
  void isToldWhenItEmpties() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    Process shell = spawn(cgroup, "read x");
    FutureTask<Boolean> waiting = new FutureTask<>(() -> cgroup.awaitEmpty(Duration.ofSeconds(60)));
    Thread.ofPlatform().start(waiting);
    go(shell);

    assertThat(waiting.get(30, TimeUnit.SECONDS)).isTrue();
    assertThat(cgroup.populated()).isFalse();
  }

  @Test
  void givesUpOnAPopulatedCgroupInTime() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    spawn(cgroup, "read x");
    long start = System.nanoTime();

    assertThatThrownBy(cgroup::remove)
        .isInstanceOfSatisfying(
            CgroupException.class, e -> assertThat(e.kind()).isEqualTo(CgroupException.Kind.BUSY))
        .hasMessageContaining("EBUSY (16)");
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isLessThan(Removal.TIMEOUT.multipliedBy(2));
  }

  @Test
  void handsOverOnlyTheProcsFileOfTheV2Tree() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, new Owner(200_000, 200_001));
    Path directory = cgroup.birthDirectory().orElseThrow();

    assertThat(Files.getAttribute(directory.resolve("cgroup.procs"), "unix:uid"))
        .isEqualTo(200_000);
    assertThat(Files.getAttribute(directory.resolve("cgroup.procs"), "unix:gid"))
        .isEqualTo(200_001);
    assertThat(Files.getAttribute(directory, "unix:uid")).isEqualTo(0);
    assertThat(Files.getAttribute(directory.resolve("cgroup.kill"), "unix:uid")).isEqualTo(0);
    for (Cgroup.Join join : cgroup.joins()) {
      assertThat(Files.getAttribute(join.directory().resolve("tasks"), "unix:uid")).isEqualTo(0);
    }
  }

  @Test
  void updatesLimitsOfALivingCgroup() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", memory(64 << 20, 64 << 20), Owner.ROOT);
    cgroup.update(memory(128 << 20, 160 << 20));

    // Version 1 counts swap together with memory, version 2 alone.
    String swap = cgroups.mode() == CgroupMode.V2 ? "33554432" : "167772160";
    assertThat(cgroup.update(memory(32 << 20, 32 << 20)))
        .extracting(SettingChange::before)
        .containsExactlyInAnyOrder("134217728", swap);
  }

  /** Where the host has the controller in version 1: what is asked, and what its file then says. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory | memory { swappiness: 0 } | memory.swappiness | 0",
        "memory | memory { disable_oom_killer: true } | memory.oom_control | oom_kill_disable 1",
        "cpu | cpu { quota: 50000 burst: 20000 } | cpu.cfs_burst_us | 20000",
        "cpu | cpu { idle: 1 } | cpu.idle | 1",
        "cpu | cpu { idle: 0 shares: 512 } | cpu.shares | 512",
        "cpu | cpu { realtime_runtime: 0 realtime_period: 500000 } | cpu.rt_period_us | 500000",
        "blkio | block_io { weight: 500 } | blkio.bfq.weight | 500",
        "blkio | block_io { throttle_read_bps_device { DISK rate: 1048576 } } | blkio.throttle.read_bps_device | 1048576",
        "blkio | block_io { throttle_write_iops_device { DISK rate: 30 } } | blkio.throttle.write_iops_device | 30",
      })
  void limitsOfVersion1AreTheKernels(String hierarchy, String asked, String name, String says)
      throws Exception {
    Optional<Cgroup.Join> join =
        cgroups.open(parent).joins().stream()
            .filter(one -> one.hierarchy().equals(hierarchy))
            .findFirst();
    assumeTrue(join.isPresent(), "needs a v1 hierarchy " + hierarchy);
    assumeTrue(
        Files.exists(join.orElseThrow().directory().resolve(name)), "needs a kernel with " + name);
    Resources limits = TextFormat.parse(asked.replace("DISK", disk()), Resources.class);
    Cgroup made = cgroups.create(parent + "/made", limits, Owner.ROOT);
    Cgroup changed = cgroups.create(parent + "/changed", NONE, Owner.ROOT);
    changed.update(limits);

    for (Cgroup cgroup : List.of(made, changed)) {
      String last = cgroup.path().substring(cgroup.path().lastIndexOf('/') + 1);
      Path file = join.orElseThrow().directory().resolve(last).resolve(name);
      assertThat(Files.readString(file)).contains(says);
    }
  }

  /** Where the host has nothing but version 2: the same. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { limit: 67108864 swap: 100663296 } | memory.swap.max | 33554432",
        "memory { limit: 67108864 reservation: 33554432 } | memory.low | 33554432",
        "cpu { quota: 50000 period: 200000 } | cpu.max | 50000 200000",
        "cpu { quota: 50000 burst: 20000 } | cpu.max.burst | 20000",
        "cpu { idle: 1 } | cpu.idle | 1",
        "cpu { idle: 0 shares: 262144 } | cpu.weight | 10000",
        "cpu { cpus: '0' } | cpuset.cpus | 0",
        "pids { limit: 7 } | pids.max | 7",
        "block_io { weight: 1000 } | io.weight | default 10000",
        "block_io { throttle_read_bps_device { DISK rate: 1048576 } } | io.max | rbps=1048576 wbps=max",
        "block_io { throttle_write_iops_device { DISK rate: 30 } } | io.max | wiops=30",
        "unified { key: 'memory.high' value: '48M' } | memory.high | 50331648",
        "unified { key: 'memory.oom.group' value: '1' } | memory.oom.group | 1",
        "unified { key: 'io.weight' value: '50' } | io.weight | default 50",
        "unified { key: 'cpu.weight.nice' value: '-20' } | cpu.weight | 8668",
      })
  void limitsOfVersion2AreTheKernels(String asked, String name, String says) throws Exception {
    assumeTrue(cgroups.mode() == CgroupMode.V2, "needs pure cgroup v2: tests/guest/run.sh has it");
    Resources limits = TextFormat.parse(asked.replace("DISK", disk()), Resources.class);
    Cgroup made = cgroups.create(parent + "/made", limits, Owner.ROOT);
    assumeTrue(
        Files.exists(made.birthDirectory().orElseThrow().resolve(name)),
        "needs a kernel with " + name);
    Cgroup changed = cgroups.create(parent + "/changed", NONE, Owner.ROOT);
    changed.update(limits);

    for (Cgroup cgroup : List.of(made, changed)) {
      Path file = cgroup.birthDirectory().orElseThrow().resolve(name);
      assertThat(Files.readString(file)).contains(says);
    }
  }

  /** The kernel refuses a burst above the quota at every moment, and shares of what is idle. */
  @Test
  void updatesGoBothWaysThroughWhatTheKernelTakes() throws Exception {
    Cgroup cgroup = cgroups.create(parent + "/box", NONE, Owner.ROOT);
    for (String asked :
        List.of(
            "cpu { quota: 90000 burst: 80000 }",
            "cpu { quota: 20000 burst: 10000 }",
            "cpu { quota: 90000 period: 200000 burst: 80000 }",
            "cpu { quota: -1 burst: 0 }",
            "cpu { idle: 1 }",
            "cpu { idle: 0 shares: 512 }",
            "memory { limit: 67108864 swap: 67108864 }",
            "memory { limit: -1 }",
            "memory { limit: 33554432 check_before_update: true }")) {
      assertThat(cgroup.update(TextFormat.parse(asked, Resources.class))).as(asked).isNotEmpty();
    }
    Resources idle = TextFormat.parse("cpu { idle: 1 }", Resources.class);
    cgroup.update(idle);
    Resources shares = TextFormat.parse("cpu { shares: 512 }", Resources.class);
    assertThatThrownBy(() -> cgroup.update(shares))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining("resources.cpu.idle 0");
  }

  /** The first whole disk, in the words of the limit. */
  private static String disk() throws IOException {
    try (var disks = Files.list(Path.of("/sys/block"))) {
      List<String> numbers = new ArrayList<>();
      for (Path disk : disks.sorted().toList()) {
        numbers.add(Files.readString(disk.resolve("dev")).strip());
      }
      assumeTrue(!numbers.isEmpty(), "needs a disk");
      return "major: " + numbers.getFirst().replace(":", " minor: ");
    }
  }

  @Test
  void limitsHugePagesInTheTreeOfVersion2(@TempDir Path directory) throws Exception {
    Path unified = cgroups.open("/").birthDirectory().orElse(Path.of("/none"));
    Path controllers = unified.resolve("cgroup.controllers");
    assumeTrue(
        Files.exists(controllers) && Files.readString(controllers).contains("hugetlb"),
        "needs hugetlb in the tree of version 2");
    Path subtree = unified.resolve("cgroup.subtree_control");
    boolean passedOn = Files.readString(subtree).contains("hugetlb");
    String pool = Files.readString(POOL).strip();
    try {
      Files.writeString(POOL, "8");
      assumeTrue(
          Integer.parseInt(Files.readString(POOL).strip()) >= 4, "needs memory for 4 huge pages");
      assertHugePagesAreLimited(directory);
    } finally {
      Files.writeString(POOL, pool);
      cgroups.open(parent).remove();
      if (!passedOn) {
        Files.writeString(subtree, "-hugetlb");
      }
      cgroups.ensure(parent);
    }
  }

  private void assertHugePagesAreLimited(Path directory) throws Exception {
    assertThat(
            new ProcessBuilder("mount", "-t", "hugetlbfs", "none", directory.toString())
                .start()
                .waitFor())
        .isZero();
    try {
      Resources limits =
          TextFormat.parse("hugepage_limits { page_size: '2MB' limit: 4194304 }", Resources.class);
      Cgroup cgroup = cgroups.create(parent + "/box", limits, Owner.ROOT);
      String file = directory + "/pages";
      Process two = spawn(cgroup, "read x; busybox fallocate -l 4m " + file);
      go(two);
      assertThat(two.waitFor()).as("two pages").isZero();
      Process three = spawn(cgroup, "read x; busybox fallocate -l 6m " + file);
      go(three);
      assertThat(three.waitFor()).as("a page more than the limit").isNotZero();
    } finally {
      assertThat(new ProcessBuilder("umount", directory.toString()).start().waitFor()).isZero();
    }
  }

  @Test
  void worksWithoutAV2Tree(@TempDir Path directory) throws Exception {
    assumeTrue(cgroups.mode() == CgroupMode.HYBRID, "needs v1 hierarchies beside a v2 tree");
    Cgroups v1 = Cgroups.detect(FILES, withoutV2(directory));
    v1.ensure(parent);
    Cgroup cgroup = v1.create(parent + "/box", memory(64 << 20, -1), Owner.ROOT);
    Process shell = spawn(cgroup, "while :; do :; done");

    assertThat(v1.mode()).isEqualTo(CgroupMode.V1);
    cgroup.freeze();
    cgroup.thaw();
    cgroup.kill();
    assertThat(shell.waitFor(5, TimeUnit.SECONDS)).isTrue();
    assertThat(cgroup.awaitEmpty(Duration.ofSeconds(5))).isTrue();
    v1.open(parent).remove();
  }

  @Test
  void killsWhatIsFrozenBelowWithoutAV2Tree(@TempDir Path directory) throws Exception {
    assumeTrue(cgroups.mode() == CgroupMode.HYBRID, "needs v1 hierarchies beside a v2 tree");
    Cgroups v1 = Cgroups.detect(FILES, withoutV2(directory));
    v1.ensure(parent);
    Cgroup outer = v1.create(parent + "/box", NONE, Owner.ROOT);
    Cgroup inner = v1.create(parent + "/box/ctr", NONE, Owner.ROOT);
    Process shell = spawn(inner, "while :; do :; done");
    inner.freeze();

    outer.kill();
    assertThat(shell.waitFor(5, TimeUnit.SECONDS)).isTrue();
    assertThat(outer.awaitEmpty(Duration.ofSeconds(5))).isTrue();
    v1.open(parent).remove();
  }

  /** As where one of them waits for a server that is dead. */
  @Test
  void aForkBombDoesNotOutrunItThoughItCannotBeFrozen(@TempDir Path directory) throws Exception {
    assumeTrue(cgroups.mode() == CgroupMode.HYBRID, "needs v1 hierarchies beside a v2 tree");
    ControlFiles files = new Unfreezable();
    Cgroups v1 =
        new MountedCgroups(Hierarchies.detect(Mountinfo.read(withoutV2(directory)), files), files);
    v1.ensure(parent);
    Resources limit =
        Resources.newBuilder().setPids(Resources.Pids.newBuilder().setLimit(BOMB)).build();
    Cgroup cgroup = v1.create(parent + "/box", limit, Owner.ROOT);
    go(spawn(cgroup, "read x; bomb() { while :; do bomb & done; }; exec 2>&-; bomb"));
    assertThat(Retry.until(Duration.ofSeconds(5), () -> tasks(cgroup) == BOMB)).isTrue();

    cgroup.kill();
    assertThat(cgroup.awaitEmpty(Duration.ofSeconds(5))).isTrue();
    v1.open(parent).remove();
  }

  /** With those that have ended, and nobody has asked how. */
  private static long tasks(Cgroup cgroup) {
    return cgroup.statistics(false).getPids().getCurrent();
  }

  private static final class Unfreezable extends ControlFiles {
    Unfreezable() {
      super(FILES);
    }

    @Override
    void write(Path file, String value) {
      if (!value.equals("FROZEN")) {
        super.write(file, value);
      }
    }
  }

  private static Path withoutV2(Path directory) throws IOException {
    return Files.write(
        directory.resolve("mountinfo"),
        Files.readAllLines(MOUNTINFO).stream().filter(l -> !l.contains(" cgroup2 ")).toList());
  }

  /** A shell, and where it is. */
  private Process spawn(Cgroup cgroup, String script) throws IOException {
    Process process = new ProcessBuilder("/bin/busybox", "sh", "-c", script).start();
    started.add(process);
    for (Path file : allProcs(cgroup)) {
      Files.writeString(file, Long.toString(process.pid()), StandardOpenOption.WRITE);
    }
    assertThat(cgroup.processes()).contains((int) process.pid());
    return process;
  }

  private static List<Path> allProcs(Cgroup cgroup) {
    List<Path> directories = new ArrayList<>();
    cgroup.joins().forEach(join -> directories.add(join.directory()));
    cgroup.birthDirectory().ifPresent(directories::add);
    return directories.stream().map(directory -> directory.resolve("cgroup.procs")).toList();
  }

  private static void go(Process shell) throws IOException {
    try (var stdin = shell.outputWriter()) {
      stdin.write("go\n");
    }
  }

  private static Resources memory(long limit, long swap) {
    return Resources.newBuilder()
        .setMemory(Resources.Memory.newBuilder().setLimit(limit).setSwap(swap))
        .build();
  }
}
