package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import com.google.protobuf.TextFormat;
import dev.caisson.linux.Errno;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MountedCgroupsTest {
  private static final Resources NONE = Resources.getDefaultInstance();

  @TempDir Path root;
  private FakeKernel kernel;

  @BeforeEach
  void boot() {
    kernel = new FakeKernel(root);
  }

  @Test
  void createsInEveryHierarchyOfAHybridHost() throws IOException {
    Cgroup cgroup = kernel.hybrid().create("/box", NONE, Owner.ROOT);

    assertThat(
            List.of(
                "cpu/box",
                "cpuacct/box",
                "cpuset/box",
                "memory/box",
                "pids/box",
                "blkio/box",
                "unified/box"))
        .allMatch(kernel::has);
    assertThat(cgroup.birthDirectory()).contains(root.resolve("unified/box"));
    assertThat(cgroup.joins())
        .extracting(join -> root.relativize(join.directory()).toString())
        .containsExactly(
            "cpu/box", "cpuacct/box", "cpuset/box", "memory/box", "pids/box", "blkio/box");
  }

  @Test
  void writesLimitsInV1Files() throws IOException {
    kernel.hybrid().create("/box", everything(), Owner.ROOT);

    assertThat(kernel.get("memory/box/memory.limit_in_bytes")).isEqualTo("67108864");
    assertThat(kernel.get("memory/box/memory.memsw.limit_in_bytes")).isEqualTo("100000000");
    assertThat(kernel.get("memory/box/memory.soft_limit_in_bytes")).isEqualTo("33554432");
    assertThat(kernel.get("cpu/box/cpu.shares")).isEqualTo("512");
    assertThat(kernel.get("cpu/box/cpu.cfs_quota_us")).isEqualTo("50000");
    assertThat(kernel.get("cpu/box/cpu.cfs_period_us")).isEqualTo("200000");
    assertThat(kernel.get("cpuset/box/cpuset.cpus")).isEqualTo("1");
    assertThat(kernel.get("cpuset/box/cpuset.mems")).isEqualTo("0");
    assertThat(kernel.get("pids/box/pids.max")).isEqualTo("32");
  }

  /** Its processes are born there, and nobody writes to its cgroup.procs. */
  @Test
  void isJoinedByBirthAloneInVersion2() throws IOException {
    Cgroup cgroup = kernel.v2().create("/box", NONE, Owner.ROOT);

    assertThat(cgroup.joins()).isEmpty();
    assertThat(cgroup.birthDirectory()).contains(root.resolve("unified/box"));
    assertThat(kernel.writes).noneMatch(write -> write.startsWith("cgroup.procs="));
  }

  @Test
  void writesLimitsInV2Files() throws IOException {
    kernel.v2().create("/box", everything(), Owner.ROOT);

    assertThat(kernel.get("unified/box/memory.max")).isEqualTo("67108864");
    assertThat(kernel.get("unified/box/memory.swap.max")).isEqualTo("32891136");
    assertThat(kernel.get("unified/box/memory.low")).isEqualTo("33554432");
    assertThat(kernel.get("unified/box/cpu.weight")).isEqualTo("59");
    assertThat(kernel.get("unified/box/cpu.max")).isEqualTo("50000 200000");
    assertThat(kernel.get("unified/box/cpuset.cpus")).isEqualTo("1");
    assertThat(kernel.get("unified/box/pids.max")).isEqualTo("32");
  }

  @Test
  void writesUnlimitedInTheWordsOfEachVersion() throws IOException {
    Resources unlimited =
        Resources.newBuilder()
            .setMemory(Resources.Memory.newBuilder().setLimit(-1).setSwap(-1))
            .setCpu(Resources.Cpu.newBuilder().setQuota(-1))
            .setPids(Resources.Pids.newBuilder().setLimit(-1))
            .build();
    kernel.v2().create("/box", unlimited, Owner.ROOT);

    assertThat(kernel.writes)
        .contains("memory.max=max", "memory.swap.max=max", "cpu.max=max", "pids.max=max");
  }

  @Test
  void passesControllersOnInV2BeforeMakingAChild() throws IOException {
    Cgroups cgroups = kernel.v2();
    cgroups.ensure("/parent");
    cgroups.create("/parent/box", NONE, Owner.ROOT);

    assertThat(kernel.writes)
        .containsExactly(
            "cgroup.subtree_control=+cpu +cpuset +memory +pids +io",
            "cgroup.subtree_control=+cpu +cpuset +memory +pids +io");
  }

  @Test
  void passesOnInV2OnlyWhatIsNotPassedOnYet() throws IOException {
    Cgroups cgroups = kernel.v2();
    cgroups.ensure("/parent");
    kernel.set("unified/parent/cgroup.subtree_control", "cpu memory");
    kernel.writes.clear();
    cgroups.create("/parent/box", NONE, Owner.ROOT);

    assertThat(kernel.writes).containsExactly("cgroup.subtree_control=+cpuset +pids +io");
  }

  @Test
  void childrenOfAnEnsuredParentGetItsCpusetWithoutAWrite() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.ensure("/parent");
    kernel.writes.clear();
    cgroups.create("/parent/box", NONE, Owner.ROOT);
    cgroups.create("/parent/box/ctr", NONE, Owner.ROOT);

    assertThat(kernel.writes).isEmpty();
    assertThat(kernel.get("cpuset/parent/box/ctr/cpuset.cpus")).isEqualTo("0-1");
    assertThat(kernel.get("cpuset/parent/box/ctr/cpuset.mems")).isEqualTo("0");
  }

  @Test
  void makesALeafInTheV2TreeAlone() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    Cgroup box = cgroups.create("/sandbox-1", NONE, Owner.ROOT);
    Cgroup leaf = cgroups.createLeaf(box, SandboxLayout.LEAF, Owner.ROOT);

    assertThat(leaf.birthDirectory()).contains(root.resolve("unified/sandbox-1/init"));
    assertThat(leaf.joins()).isEqualTo(box.joins());
    assertThat(leaf.joins()).extracting(Cgroup.Join::hierarchy).startsWith("cpu", "cpuacct");
    assertThat(kernel.has("memory/sandbox-1/init")).isFalse();
    leaf.remove();
    assertThat(kernel.has("unified/sandbox-1/init")).isFalse();
    assertThat(kernel.has("memory/sandbox-1")).isTrue();
  }

  @Test
  void needsNoLeafWithoutAV2Tree() throws IOException {
    Cgroups cgroups = kernel.v1();
    Cgroup box = cgroups.create("/sandbox-1", NONE, Owner.ROOT);
    Cgroup leaf = cgroups.createLeaf(box, SandboxLayout.LEAF, Owner.ROOT);

    assertThat(leaf.birthDirectory()).isEmpty();
    assertThat(leaf.joins()).isEqualTo(box.joins());
    leaf.remove();
    assertThat(kernel.has("pids/sandbox-1")).isTrue();
  }

  /** Or the kernel visits every cgroup on the host. */
  @Test
  void letsGoOfProcessorsBeforeItRemoves() throws IOException {
    Cgroup box = kernel.v1().create("/sandbox-1", NONE, Owner.ROOT);
    kernel.writes.clear();
    box.remove();
    assertThat(kernel.writes).containsExactly("cpuset.cpus=\n");
  }

  @Test
  void removesWhatWouldNotLetGoOfItsProcessors() throws IOException {
    Cgroup box = kernel.v1().create("/sandbox-1", NONE, Owner.ROOT);
    kernel.broken("write cpuset/sandbox-1/cpuset.cpus", Errno.ENOSPC);
    box.remove();
    assertThat(kernel.removals).contains("cpuset/sandbox-1");
  }

  @Test
  void writesNothingToAUnifiedCgroupThatItRemoves() throws IOException {
    Cgroup box = kernel.v2().create("/sandbox-1", NONE, Owner.ROOT);
    kernel.writes.clear();
    box.remove();
    assertThat(kernel.writes).isEmpty();
  }

  @Test
  void removesASandboxWithoutLookingForItsLeaf() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    Cgroup box = cgroups.create("/sandbox-1", NONE, Owner.ROOT);
    cgroups.createLeaf(box, SandboxLayout.LEAF, Owner.ROOT);
    box.remove();

    assertThat(kernel.listings).isEmpty();
    assertThat(kernel.removals)
        .containsExactly(
            "cpu/sandbox-1",
            "cpuacct/sandbox-1",
            "cpuset/sandbox-1",
            "memory/sandbox-1",
            "pids/sandbox-1",
            "blkio/sandbox-1",
            "unified/sandbox-1/init",
            "unified/sandbox-1");
  }

  @Test
  void listsWhatIsBelowInAnyHierarchy() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    Cgroup box = cgroups.create("/sandbox-1", NONE, Owner.ROOT);
    var _ = cgroups.createLeaf(box, SandboxLayout.LEAF, Owner.ROOT);
    var _ = cgroups.create("/sandbox-1/ctr-a", NONE, Owner.ROOT);
    kernel.makeDirectory(root.resolve("memory/sandbox-1/ctr-b"));

    assertThat(box.children()).containsExactlyInAnyOrder("/sandbox-1/ctr-a", "/sandbox-1/ctr-b");
    assertThat(cgroups.open("/gone").children()).isEmpty();
  }

  /** Each waits for as long as is waited for a process that does not stop. */
  @Test
  void whatDoesNotFreezeInTimeIsThawedAgain() throws IOException {
    Cgroup v1 = kernel.v1().create("/box", NONE, Owner.ROOT);
    kernel.unfreezable = true;
    assertThatThrownBy(v1::freeze)
        .isInstanceOfSatisfying(
            CgroupException.class, e -> assertThat(e.kind()).isEqualTo(CgroupException.Kind.BUSY))
        .hasMessageEndingWith("not frozen within 5 s");
    assertThat(kernel.get("freezer/box/freezer.state")).isEqualTo("THAWED");
    assertThat(kernel.writes).endsWith("freezer.state=FROZEN", "freezer.state=THAWED");

    Cgroup v2 = kernel.v2().create("/box", NONE, Owner.ROOT);
    assertThatThrownBy(v2::freeze).hasMessageEndingWith("not frozen within 5 s");
    assertThat(kernel.writes).endsWith("cgroup.freeze=1", "cgroup.freeze=0");
  }

  @Test
  void freezesNothingToKillNobody() throws IOException {
    Cgroup box = kernel.v1().create("/box", NONE, Owner.ROOT);
    kernel.writes.clear();
    box.kill();

    assertThat(kernel.writes).isEmpty();
  }

  @Test
  void inheritsCpusAndNodesDownAChainOfEmptyV1Cpusets() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.ensure("/a");
    kernel.set("cpuset/a/cpuset.cpus", "");
    cgroups.create("/a/b", NONE, Owner.ROOT);

    assertThat(kernel.get("cpuset/a/cpuset.cpus")).isEqualTo("0-1");
    assertThat(kernel.get("cpuset/a/b/cpuset.cpus")).isEqualTo("0-1");
    assertThat(kernel.get("cpuset/a/b/cpuset.mems")).isEqualTo("0");
  }

  @Test
  void leavesNothingBehindWhenALimitIsRefusedByTheKernel() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    kernel.broken.add("write pids/box/pids.max");

    assertThatThrownBy(() -> cgroups.create("/box", everything(), Owner.ROOT))
        .isInstanceOf(CgroupException.class)
        .hasMessageMatching("Failed to write 32 to .*/pids/box/pids.max: EINVAL \\(22\\)");
    assertNothingLeft();
  }

  @Test
  void leavesNothingBehindWhenTheLastHierarchyRefuses() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    kernel.broken.add("mkdir unified/box");

    assertThatThrownBy(() -> cgroups.create("/box", NONE, Owner.ROOT))
        .isInstanceOf(CgroupException.class);
    assertNothingLeft();
  }

  private void assertNothingLeft() {
    assertThat(
            List.of(
                "cpu/box",
                "cpuacct/box",
                "cpuset/box",
                "memory/box",
                "pids/box",
                "blkio/box",
                "unified/box"))
        .noneMatch(kernel::has);
  }

  @Test
  void refusesAPathThatIsThereInOneHierarchyAndLeavesIt() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    kernel.makeDirectory(root.resolve("memory/box"));

    assertThatThrownBy(() -> cgroups.create("/box", NONE, Owner.ROOT))
        .isInstanceOfSatisfying(
            CgroupException.class,
            e -> assertThat(e.kind()).isEqualTo(CgroupException.Kind.EXISTS));
    assertThat(kernel.has("memory/box")).isTrue();
    assertThat(kernel.has("cpu/box")).isFalse();
  }

  @Test
  void refusesAParentThatIsNotThere() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    assertThatThrownBy(() -> cgroups.create("/none/box", NONE, Owner.ROOT))
        .isInstanceOfSatisfying(
            CgroupException.class,
            e -> assertThat(e.kind()).isEqualTo(CgroupException.Kind.MISSING));
  }

  @Test
  void refusesCpusThatTheParentDoesNotHave() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    Resources cpus =
        Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setCpus("0-2")).build();

    assertThatThrownBy(() -> cgroups.create("/box", cpus, Owner.ROOT))
        .isInstanceOf(InvalidResources.class)
        .hasMessage("resources.cpu.cpus must be within the parent cgroup's (0-1): 0-2");
    assertNothingLeft();
  }

  @Test
  void refusesALargerPartOfTheCpuThanAnAncestorHas() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.create("/a", quota(50_000), Owner.ROOT);

    assertThatThrownBy(() -> cgroups.create("/a/b", quota(60_000), Owner.ROOT))
        .isInstanceOfSatisfying(
            InvalidResources.class, e -> assertThat(e.field()).isEqualTo("resources.cpu.quota"));
    assertThat(cgroups.create("/a/b", quota(50_000), Owner.ROOT).path()).isEqualTo("/a/b");
  }

  /** What the cgroup above has | what is asked | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "cpu/a/cpu.cfs_quota_us=50000 | cpu { quota: 60000 } | not be a larger part of its period than that of /a (50000 of 100000)",
        "cpuset/a/cpuset.effective_cpus=1 | cpu { cpus: '0' } | be within the parent cgroup's (1)",
      })
  void knowsBeforehandWhatTheCgroupAboveDoesNotHave(String above, String asked, String words)
      throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.create("/a", NONE, Owner.ROOT);
    String[] file = above.split("=", 2);
    kernel.set(file[0], file[1]);
    kernel.writes.clear();
    Resources limits = TextFormat.parse(asked, Resources.class);

    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> cgroups.require("/a", limits),
            () -> cgroups.require("/a/b/c", limits),
            () -> cgroups.require("/a/b", NONE, limits))) {
      assertThatThrownBy(call).isInstanceOf(InvalidResources.class).hasMessageContaining(words);
    }
    assertThat(kernel.writes).isEmpty();
    assertThat(kernel.has("cpu/a/b")).isFalse();
  }

  /** One that is yet to be made will have none. */
  @Test
  void knowsBeforehandWhoHasNoTimeForRealtime() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.create("/a", NONE, Owner.ROOT);
    kernel.set("cpu/a/cpu.rt_runtime_us", "1000");

    cgroups.require("/a", limits("cpu { realtime_runtime: 1000 }"));
    assertNoTime(cgroups, "/a", 2000, "that of /a (1000 of 1000000)");
    assertNoTime(cgroups, "/a/b", 1000, "that of /a/b (0 of 1000000)");
  }

  private static void assertNoTime(Cgroups cgroups, String parent, long runtime, String words)
      throws IOException {
    Resources asked = limits("cpu { realtime_runtime: " + runtime + " }");
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> cgroups.require(parent, asked), () -> cgroups.require(parent, NONE, asked))) {
      assertThatThrownBy(call).isInstanceOf(InvalidResources.class).hasMessageContaining(words);
    }
  }

  /** What the sandbox is to have | what is asked in it | the field | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "cpu { cpus: '0' } | cpu { cpus: '0-1' } | cpu.cpus | be within the sandbox's (0): 0-1",
        "cpu { mems: '0' } | cpu { mems: '1' } | cpu.mems | be within",
        "cpu { quota: 50000 } | cpu { quota: 50001 } | cpu.quota | than that of the sandbox (50000 of 100000): 50001",
        "cpu { quota: 50000 period: 200000 } | cpu { quota: 50000 } | cpu.quota | (50000 of 200000)",
        "memory { limit: 67108864 } | cpu { realtime_runtime: 1 } | cpu.realtime_runtime | than that of the sandbox (0 of 1000000)",
        "cpu { realtime_runtime: 9 } | cpu { realtime_runtime: 10 } | cpu.realtime_runtime | than that of the sandbox (9 of 1000000)",
      })
  void refusesMoreThanTheSandboxIsToHave(String around, String asked, String field, String words)
      throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.ensure("/a");
    kernel.set("cpu/a/cpu.rt_runtime_us", "500000");

    assertThatThrownBy(() -> cgroups.require("/a", limits(around), limits(asked)))
        .isInstanceOfSatisfying(
            InvalidResources.class, e -> assertThat(e.field()).isEqualTo("resources." + field))
        .hasMessageContaining(words);
  }

  /** And what version 2 takes: a part of the time that is cut down to the sandbox's by itself. */
  @Test
  void takesAsMuchAsTheSandboxIsToHave() throws IOException {
    Cgroups v1 = kernel.v1();
    v1.ensure("/a");
    kernel.set("cpu/a/cpu.rt_runtime_us", "500000");
    v1.require(
        "/a",
        limits("cpu { quota: 50000 cpus: '0-1' realtime_runtime: 5 }"),
        limits("cpu { quota: 25000 period: 50000 cpus: '1' realtime_runtime: 5 }"));
    v1.require("/a", limits("cpu { quota: -1 }"), limits("cpu { quota: 50000 }"));
    Cgroups v2 = kernel.v2();
    v2.require("/", limits("cpu { quota: 50000 }"), limits("cpu { quota: 60000 }"));
    assertThatThrownBy(() ->
            v2.require(
                "/",
                limits("unified { key: 'cpuset.cpus' value: '0' }"),
                limits("cpu { cpus: '1' }")))
        .hasMessageContaining("be within the sandbox's (0): 1");
  }

  private static Resources limits(String text) throws IOException {
    return TextFormat.parse(text, Resources.class);
  }

  @Test
  void saysWhoIsInTheWayOfPassingControllersOn() throws IOException {
    Cgroups cgroups = kernel.v2();
    kernel.broken("write unified/cgroup.subtree_control", Errno.EBUSY);

    assertThatThrownBy(() -> cgroups.ensure("/caisson"))
        .isInstanceOf(CgroupException.class)
        .hasMessageEndingWith(
            "cgroup.subtree_control: EBUSY (16), since processes are in that cgroup: move them into"
                + " one of its children");
  }

  @Test
  void saysWhatItLacksToPassControllersOn() throws IOException {
    Cgroups cgroups = kernel.v2();
    kernel.broken("write unified/cgroup.subtree_control", Errno.EPERM);

    assertThatThrownBy(() -> cgroups.ensure("/caisson"))
        .isInstanceOf(CgroupException.class)
        .hasMessageEndingWith("EPERM (1): the executor needs CAP_SYS_NICE for it");
  }

  @Test
  void refusesALimitWhoseControllerIsNotDelegated() throws IOException {
    Cgroups cgroups = kernel.v2();
    kernel.set("unified/cgroup.controllers", "cpu memory");

    assertThatThrownBy(() -> cgroups.create("/box", everything(), Owner.ROOT))
        .isInstanceOfSatisfying(
            InvalidResources.class,
            e -> assertThat(e.kind()).isEqualTo(InvalidResources.Kind.UNSUPPORTED));
  }

  @Test
  void refusesSwapWhereTheKernelDoesNotCountIt() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    java.nio.file.Files.delete(root.resolve("memory/memory.memsw.limit_in_bytes"));

    assertThatThrownBy(() -> cgroups.create("/box", everything(), Owner.ROOT))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining("this kernel does not count swap");
  }

  @Test
  void readsCountersInNanosecondsInBothVersions() throws IOException {
    Cgroup hybrid = kernel.hybrid().create("/box", NONE, Owner.ROOT);
    kernel.set("cpuacct/box/cpuacct.usage", "123456789\n");
    kernel.set("memory/box/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");

    assertThat(hybrid.cpuNanos()).hasValue(123_456_789);
    assertThat(hybrid.oomKills()).isEqualTo(3);
  }

  @Test
  void readsV2Counters() throws IOException {
    Cgroup v2 = kernel.v2().create("/box", NONE, Owner.ROOT);
    kernel.set("unified/box/cpu.stat", "usage_usec 123456\nuser_usec 1\n");
    kernel.set("unified/box/memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\n");

    assertThat(v2.cpuNanos()).hasValue(123_456_000);
    assertThat(v2.oomKills()).isEqualTo(2);
  }

  @Test
  void tellsShortagesOfVersion1WithoutWhoseLimitItWas() throws IOException {
    Cgroup hybrid = kernel.hybrid().create("/box", NONE, Owner.ROOT);
    kernel.set("memory/box/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    kernel.set("pids/box/pids.events", "max 5\n");
    kernel.set("unified/box/memory.pressure", "some avg10=1.50 avg60=0.00 avg300=0.00 total=7\n");

    assertThat(hybrid.shortages()).isEqualTo(new Shortages(3, OptionalLong.empty(), 5));
    assertThat(hybrid.ownShortages()).isEqualTo(Shortages.NONE);
    assertThat(hybrid.memoryPressure().orElseThrow().getSome().getTotalMicroseconds()).isEqualTo(7);
  }

  @Test
  void tellsShortagesOfVersion2WithAndWithoutThoseOfDescendants() throws IOException {
    Cgroup v2 = kernel.v2().create("/box", NONE, Owner.ROOT);
    kernel.set("unified/box/memory.events", "low 0\nmax 7\noom 2\noom_kill 4\n");
    kernel.set("unified/box/memory.events.local", "low 0\nmax 7\noom 1\noom_kill 0\n");
    kernel.set("unified/box/pids.events", "max 9\n");
    kernel.set("unified/box/pids.events.local", "max 8\n");

    assertThat(v2.shortages()).isEqualTo(new Shortages(4, OptionalLong.of(2), 9));
    assertThat(v2.ownShortages()).isEqualTo(new Shortages(0, OptionalLong.of(1), 8));
  }

  @Test
  void saysInWhichCgroupsProcessesAre() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    Cgroup box = cgroups.create("/box", NONE, Owner.ROOT);
    var _ = cgroups.create("/box/a", NONE, Owner.ROOT);
    var _ = cgroups.create("/box/a/b", NONE, Owner.ROOT);
    kernel.set("unified/box/cgroup.procs", "0\n11\n12\n");
    kernel.set("unified/box/a/b/cgroup.procs", "13\n");

    assertThat(box.members()).containsOnly(entry(11, "/"), entry(12, "/"), entry(13, "/a/b"));
    assertThat(box.processes()).containsExactly(11, 12, 13);
  }

  @Test
  void answersEmptyForOneThatIsGone() throws IOException {
    Cgroup gone = kernel.hybrid().open("/gone");

    assertThat(gone.cpuNanos()).isEqualTo(OptionalLong.empty());
    assertThat(gone.statistics(true).build()).isEqualTo(Statistics.getDefaultInstance());
    assertThat(gone.oomKills()).isZero();
    assertThat(gone.shortages()).isEqualTo(Shortages.NONE);
    assertThat(gone.memoryPressure()).isEmpty();
    assertThat(gone.processes()).isEmpty();
    assertThat(gone.populated()).isFalse();
    gone.kill();
    gone.remove();
  }

  @Test
  void raisesMemoryAndSwapTogetherBeforeMemoryAndLowersThemAfter() throws IOException {
    Cgroup cgroup = kernel.hybrid().create("/box", memory(64 << 20, 64 << 20), Owner.ROOT);
    kernel.writes.clear();
    cgroup.update(memory(128 << 20, 128 << 20));
    cgroup.update(memory(32 << 20, 32 << 20));

    assertThat(kernel.writes)
        .containsExactly(
            "memory.memsw.limit_in_bytes=134217728",
            "memory.limit_in_bytes=134217728",
            "memory.limit_in_bytes=33554432",
            "memory.memsw.limit_in_bytes=33554432");
  }

  /** The kernel visits every cgroup of the machine for each of these writes. */
  @Test
  void doesNotWriteThePeriodThatANewV1CgroupHas() throws IOException {
    Resources usual =
        Resources.newBuilder()
            .setCpu(Resources.Cpu.newBuilder().setQuota(40_000).setPeriod(100_000))
            .build();
    kernel.hybrid().create("/box", usual, Owner.ROOT);

    assertThat(kernel.writes)
        .contains("cpu.cfs_quota_us=40000")
        .noneMatch(write -> write.startsWith("cpu.cfs_period_us"));
    assertThat(kernel.get("cpu/box/cpu.cfs_period_us")).isEqualTo("100000");
  }

  @Test
  void reportsWhatAnUpdateChanged() throws IOException {
    Cgroup cgroup = kernel.hybrid().create("/box", quota(20_000), Owner.ROOT);
    Resources both =
        Resources.newBuilder()
            .setCpu(Resources.Cpu.newBuilder().setQuota(40_000).setPeriod(50_000))
            .build();

    assertThat(cgroup.update(both))
        .containsExactlyInAnyOrder(
            new SettingChange("cpu.cfs_quota_us", "20000", "40000"),
            new SettingChange("cpu.cfs_period_us", "100000", "50000"));
    assertThat(kernel.writes)
        .containsSubsequence(
            "cpu.cfs_quota_us=-1", "cpu.cfs_period_us=50000", "cpu.cfs_quota_us=40000");
  }

  @Test
  void keepsTheQuotaWhenV2GetsOnlyAPeriod() throws IOException {
    Cgroup cgroup = kernel.v2().create("/box", quota(20_000), Owner.ROOT);
    kernel.set("unified/box/cpu.max", "20000 100000");
    cgroup.update(
        Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setPeriod(50_000)).build());

    assertThat(kernel.get("unified/box/cpu.max")).isEqualTo("20000 50000");
  }

  @Test
  void takesAnUpdateBackWhenOneWriteFails() throws IOException {
    Cgroup cgroup = kernel.hybrid().create("/box", everything(), Owner.ROOT);
    kernel.broken.add("write pids/box/pids.max");
    Resources update =
        memory(128 << 20, 256 << 20).toBuilder()
            .setPids(Resources.Pids.newBuilder().setLimit(5))
            .build();

    assertThatThrownBy(() -> cgroup.update(update)).isInstanceOf(CgroupException.class);
    assertThat(kernel.get("memory/box/memory.limit_in_bytes")).isEqualTo("67108864");
    assertThat(kernel.get("memory/box/memory.memsw.limit_in_bytes")).isEqualTo("100000000");
  }

  @Test
  void saysWhatOfAFailedUpdateCouldNotBeTakenBack() throws IOException {
    Cgroup cgroup = kernel.hybrid().create("/box", quota(20_000), Owner.ROOT);
    kernel.broken("write pids/box/pids.max", Errno.EBUSY);
    kernel.brokenOnceWritten("write cpu/box/cpu.shares");
    Resources.Builder update = Resources.newBuilder();
    update.getCpuBuilder().setShares(2);
    update.getPidsBuilder().setLimit(5);

    assertThatThrownBy(() -> cgroup.update(update.build()))
        .isInstanceOfSatisfying(
            CgroupException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(CgroupException.Kind.BUSY);
              assertThat(e.getSuppressed()).singleElement().asString().contains("cpu.shares");
            });
  }

  @Test
  void restoresAListThatWasEmpty() throws IOException {
    Cgroup cgroup = kernel.v2().create("/box", NONE, Owner.ROOT);
    kernel.broken.add("write unified/box/pids.max");
    Resources.Builder update = Resources.newBuilder();
    update.getCpuBuilder().setCpus("1");
    update.getPidsBuilder().setLimit(5);

    assertThatThrownBy(() -> cgroup.update(update.build())).isInstanceOf(CgroupException.class);
    assertThat(kernel.writes).contains("cpuset.cpus=1", "cpuset.cpus=\n");
  }

  @Test
  void refusesLessForOneThanIsInItInV1BeforeAnythingIsWritten() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    Cgroup sandbox = cgroups.create("/sandbox-1", quota(80_000), Owner.ROOT);
    var _ = cgroups.create("/sandbox-1/ctr-a", quota(40_000), Owner.ROOT);
    kernel.writes.clear();

    assertThatThrownBy(() -> sandbox.update(quota(39_999)))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining("/sandbox-1/ctr-a in it (40000 of 100000): lower that first");
    assertThatThrownBy(() -> sandbox.update(cpus("1")))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining("contain those of /sandbox-1/ctr-a in it (0-1)");
    assertThat(kernel.writes).isEmpty();
    sandbox.update(quota(40_000));
    sandbox.update(quota(-1));
  }

  @Test
  void leavesItToV2WhatIsInOne() throws IOException {
    Cgroups cgroups = kernel.v2();
    Cgroup sandbox = cgroups.create("/sandbox-1", quota(80_000), Owner.ROOT);
    var _ = cgroups.create("/sandbox-1/ctr-a", quota(40_000), Owner.ROOT);

    assertThat(sandbox.update(quota(20_000)))
        .extracting(SettingChange::file)
        .containsExactly("cpu.max");
  }

  private static Resources cpus(String list) {
    return Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setCpus(list)).build();
  }

  @Test
  void refusesAnUpdateOfMemoryAboveMemoryAndSwapTogether() throws IOException {
    Cgroup cgroup = kernel.hybrid().create("/box", memory(64 << 20, 64 << 20), Owner.ROOT);
    Resources update =
        Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(128 << 20)).build();

    assertThatThrownBy(() -> cgroup.update(update))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining("resources.memory.swap");
  }

  @Test
  void removesChildrenFirst() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    Cgroup parent = cgroups.create("/box", NONE, Owner.ROOT);
    cgroups.create("/box/ctr", NONE, Owner.ROOT);
    cgroups.create("/box/ctr/nested", NONE, Owner.ROOT);
    parent.remove();

    assertNothingLeft();
  }

  @Test
  void keepsASharedParentWhileItIsUsed() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.ensure("/parent");
    cgroups.ensure("/parent");
    Cgroup box = cgroups.create("/parent/box", NONE, Owner.ROOT);

    assertThat(cgroups.removeIfUnused("/parent")).isFalse();
    box.remove();
    assertThat(cgroups.removeIfUnused("/parent")).isTrue();
    assertThat(cgroups.removeIfUnused("/parent")).isTrue();
  }

  @Test
  void tellsWhatIsAtAPathInEveryMode() throws IOException {
    tellsWhatIsAtAPath(kernel.hybrid(), "memory");
    tellsWhatIsAtAPath(anew().v1(), "memory");
    tellsWhatIsAtAPath(anew().v2(), "unified");
  }

  private FakeKernel anew() throws IOException {
    kernel = new FakeKernel(Files.createTempDirectory(root, "kernel"));
    return kernel;
  }

  private void tellsWhatIsAtAPath(Cgroups cgroups, String tree) throws IOException {
    assertThat(cgroups.occupancy("/pod/c")).isEqualTo(Cgroups.Occupancy.NONE);
    cgroups.ensure("/pod/c");
    assertThat(cgroups.occupancy("/pod/c")).isEqualTo(Cgroups.Occupancy.EMPTY);
    kernel.set(tree + "/pod/c/cgroup.procs", "0");
    assertThat(cgroups.occupancy("/pod"))
        .as("of another PID namespace, below")
        .isEqualTo(Cgroups.Occupancy.USED);
    kernel.set(tree + "/pod/c/cgroup.procs", "");
    assertThat(cgroups.removeIfUnused("/pod/c")).isTrue();
    assertThat(cgroups.occupancy("/pod/c")).isEqualTo(Cgroups.Occupancy.NONE);
  }

  @Test
  void keepsWhatCannotBeRemovedForOthersReasonsAndSaysSo() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.ensure("/pod");
    kernel.broken("rmdir memory/pod", Errno.EBUSY);
    assertThat(cgroups.removeIfUnused("/pod")).isFalse();
    kernel.broken("rmdir memory/pod", Errno.EIO);
    assertThatThrownBy(() -> cgroups.removeIfUnused("/pod")).isInstanceOf(CgroupException.class);
  }

  @Test
  void explainsItsChoice() throws IOException {
    Cgroups cgroups = kernel.hybrid();

    assertThat(cgroups.mode()).isEqualTo(CgroupMode.HYBRID);
    assertThat(cgroups.explanation())
        .startsWith(
            "cgroupfs driver; hybrid, since controllers of version 1 are mounted, and a tree of"
                + " version 2: cpu from v1 at ")
        .contains("blkio from v1 at ")
        .contains("hugetlb from v2 at ");
    assertThat(cgroups.missing()).isEmpty();
  }

  @Test
  void saysWhatAHostWithoutAControllerCosts() throws IOException {
    kernel.makeDirectory(root.resolve("unified"));
    kernel.set("unified/cgroup.controllers", "cpu memory");
    var mounts =
        List.of(
            new Mountinfo.Entry("/", root.resolve("unified"), "cgroup2", java.util.Set.of("rw")));
    Cgroups cgroups = new MountedCgroups(Hierarchies.detect(mounts, kernel), kernel);

    assertThat(cgroups.mode()).isEqualTo(CgroupMode.V2);
    assertThat(cgroups.missing())
        .containsExactly(
            "The cgroup controller cpuset is missing: CPU and memory node lists are refused.",
            "The cgroup controller pids is missing: limits of processes are refused.",
            "The cgroup controller io is missing: limits of reading and writing are refused, and not"
                + " counted.");
  }

  @Test
  void saysWhatAHostWithoutAV2TreeCosts() throws IOException {
    Cgroups cgroups = kernel.v1();

    assertThat(cgroups.mode()).isEqualTo(CgroupMode.V1);
    assertThat(cgroups.create("/box", NONE, Owner.ROOT).birthDirectory()).isEmpty();
    assertThat(cgroups.missing())
        .hasSize(2)
        .contains(
            "The cgroup controller devices is missing: containers may use every device that they can"
                + " reach.");
  }

  @Test
  void writesNoMoreOfAListOfDevicesThanHasChanged() throws IOException {
    Path directory = java.nio.file.Files.createDirectory(root.resolve("devices"));
    V1Devices devices = new V1Devices(directory, kernel);
    kernel.set("devices/devices.list", "a *:* rwm");
    kernel.set("devices/devices.deny", "");
    kernel.set("devices/devices.allow", "");
    devices.allow(List.of("c 1:3 rwm"));
    assertThat(kernel.read(directory.resolve("devices.deny"))).isEqualTo("a");
    assertThat(kernel.read(directory.resolve("devices.allow"))).isEqualTo("c 1:3 rwm");
    kernel.set("devices/devices.list", "c 1:3 rwm\nb 8:0 r");
    kernel.set("devices/devices.allow", "");
    devices.allow(List.of("c 1:3 rwm"));
    assertThat(kernel.read(directory.resolve("devices.deny"))).isEqualTo("b 8:0 r");
    assertThat(kernel.read(directory.resolve("devices.allow"))).isEmpty();
  }

  @Test
  void refusesAHostWithoutCgroups() {
    assertThatThrownBy(() -> Hierarchies.detect(List.of(), kernel))
        .isInstanceOf(CgroupException.class)
        .hasMessageContaining("mount -t cgroup2");
  }

  private static Resources everything() {
    return Resources.newBuilder()
        .setMemory(
            Resources.Memory.newBuilder()
                .setLimit(64 << 20)
                .setSwap(100_000_000)
                .setReservation(32 << 20))
        .setCpu(
            Resources.Cpu.newBuilder()
                .setShares(512)
                .setQuota(50_000)
                .setPeriod(200_000)
                .setCpus("1")
                .setMems("0"))
        .setPids(Resources.Pids.newBuilder().setLimit(32))
        .build();
  }

  private static Resources quota(long micros) {
    return Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setQuota(micros)).build();
  }

  private static Resources memory(long limit, long swap) {
    return Resources.newBuilder()
        .setMemory(Resources.Memory.newBuilder().setLimit(limit).setSwap(swap))
        .build();
  }
}
