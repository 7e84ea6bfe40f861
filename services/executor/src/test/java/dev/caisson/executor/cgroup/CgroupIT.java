package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.linux.Kernel;
import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The host's own trees, below a parent of its own. Needs root and busybox. */
class CgroupIT {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final dev.caisson.linux.Files FILES = Kernel.open().files();
  private static final Resources NONE = Resources.getDefaultInstance();

  private final String parent = "/caisson-test-" + UUID.randomUUID();
  private final List<Process> started = new ArrayList<>();
  private Cgroups cgroups;

  @BeforeEach
  void detect() {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root: cgroups are made");
    assumeTrue(
        Files.isExecutable(Path.of("/bin/busybox")),
        "needs /bin/busybox: apt-get install busybox-static");
    cgroups = Cgroups.detect(FILES, MOUNTINFO);
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
