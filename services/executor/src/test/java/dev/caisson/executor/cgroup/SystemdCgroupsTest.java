package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.TextFormat;
import dev.caisson.executor.cgroup.Cgroups.Occupancy;
import dev.caisson.executor.cgroup.UnitProperty.Count;
import dev.caisson.executor.cgroup.UnitProperty.Flag;
import dev.caisson.executor.cgroup.UnitProperty.Pids;
import dev.caisson.executor.cgroup.UnitProperty.Text;
import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SystemdCgroupsTest {
  private static final Resources NONE = Resources.getDefaultInstance();

  /** Above every pid that there can be: PID_MAX_LIMIT. */
  private static final int KEEPER = 1 << 23;

  private static final String UID = "01234567-0123-7123-8123-0123456789ab";
  private static final String SCOPE = "/caisson.slice/cri-7f3a.scope";
  private static final String SANDBOX = SCOPE + "/sandbox-" + UID;

  @TempDir Path root;
  private FakeKernel kernel;
  private FakeSystemd systemd;
  private Cgroups cgroups;

  @BeforeEach
  void boot() throws IOException {
    kernel = new KernelWithProcesses(root);
    kernel.v2();
    systemd = new FakeSystemd(kernel, root.resolve("unified"));
    cgroups = life();
  }

  private SystemdCgroups life() {
    return SystemdCgroups.on(hierarchies(), kernel, systemd, () -> KEEPER, root);
  }

  private Hierarchies hierarchies() {
    return Hierarchies.detect(
        List.of(new Mountinfo.Entry("/", root.resolve("unified"), "cgroup2", Set.of("rw"))),
        kernel);
  }

  /** In which a process is in one cgroup, and a killed one in none. */
  private static final class KernelWithProcesses extends FakeKernel {
    KernelWithProcesses(Path root) {
      super(root);
    }

    @Override
    void write(Path file, String value) {
      super.write(file, value);
      try {
        if (file.endsWith("cgroup.procs")) {
          Files.writeString(file.getParent().resolveSibling("cgroup.procs"), "");
        } else if (file.endsWith("cgroup.kill")) {
          Files.writeString(file.resolveSibling("cgroup.procs"), "");
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private boolean has(String path) {
    return kernel.has("unified" + path);
  }

  private String get(String path) {
    return kernel.get("unified" + path);
  }

  @Test
  void makesAScopeWithItsKeeperInACgroupOfItsOwn() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);

    assertThat(get(SCOPE + "/cgroup.procs")).isEmpty();
    assertThat(get(SCOPE + "/keeper/cgroup.procs")).isEqualTo(Integer.toString(KEEPER));
    assertThat(systemd.properties.get("cri-7f3a.scope"))
        .contains(
            new UnitProperty("Slice", new Text("caisson.slice")),
            new UnitProperty("PIDs", new Pids(List.of(KEEPER))),
            new UnitProperty("Delegate", new Flag(true)),
            new UnitProperty("DefaultDependencies", new Flag(false)),
            new UnitProperty("TasksMax", new Count(UnitProperty.INFINITY)));
  }

  @Test
  void passesControllersOnBelowTheScopeOnly() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    cgroups.create(SANDBOX, NONE, Owner.ROOT);

    assertThat(get(SCOPE + "/cgroup.subtree_control")).contains("+memory");
    assertThat(get("/caisson.slice/cgroup.subtree_control")).isEmpty();
    assertThat(get("/cgroup.subtree_control")).isEmpty();
  }

  @Test
  void toldTwiceOfAScopeSaysThatItIsThere() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);

    assertThatThrownBy(() -> cgroups.create(SCOPE, NONE, Owner.ROOT))
        .isInstanceOfSatisfying(
            CgroupException.class, e -> assertThat(e.kind()).isEqualTo(CgroupException.Kind.EXISTS))
        .hasMessageContaining("cri-7f3a.scope was already loaded");
    assertThat(cgroups.occupancy(SCOPE)).isEqualTo(Occupancy.USED);
  }

  @Test
  void takesTheNameOfAScopeThatFailed() {
    systemd.states.put("cri-7f3a.scope", "failed");

    cgroups.create(SCOPE, NONE, Owner.ROOT);

    assertThat(systemd.calls)
        .containsSubsequence(
            "startScope cri-7f3a.scope", "resetFailed cri-7f3a.scope", "startScope cri-7f3a.scope");
    assertThat(has(SCOPE + "/keeper")).isTrue();
  }

  @Test
  void triesTheNameOfADeadScopeOnce() {
    systemd.states.put("cri-7f3a.scope", "inactive"); // which resetting does not help

    assertThatThrownBy(() -> cgroups.create(SCOPE, NONE, Owner.ROOT))
        .isInstanceOf(CgroupException.class);
    assertThat(systemd.calls.stream().filter("startScope cri-7f3a.scope"::equals)).hasSize(2);
  }

  @Test
  void leavesNothingOfAScopeThatItCannotMoveTheKeeperIn() {
    kernel.broken.add("mkdir unified" + SCOPE + "/keeper");

    assertThatThrownBy(() -> cgroups.create(SCOPE, NONE, Owner.ROOT))
        .isInstanceOf(CgroupException.class);
    assertThat(systemd.states).isEmpty();
  }

  @Test
  void refusesAScopeWithSomebodyElseInIt() {
    systemd.elsewhere = true;

    assertThatThrownBy(() -> cgroups.create(SCOPE, NONE, Owner.ROOT))
        .hasMessageContaining("it ended before it was there");
    assertThat(systemd.calls).doesNotContain("stop cri-7f3a.scope");
  }

  @Test
  void setsLimitsInTheSandboxAndShowsThemInTheScope() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    cgroups.create(SANDBOX, NONE, Owner.ROOT).configure(limits(67_108_864, 32));

    assertThat(get(SANDBOX + "/memory.max")).isEqualTo("67108864");
    assertThat(get(SANDBOX + "/pids.max")).isEqualTo("32");
    assertThat(systemd.properties.get("cri-7f3a.scope"))
        .contains(count("MemoryMax", 67_108_864 + (1 << 20)), count("TasksMax", 33));
  }

  @Test
  void changesLimitsInBoth() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    cgroups.create(SANDBOX, limits(67_108_864, 32), Owner.ROOT);

    List<SettingChange> changes = cgroups.open(SANDBOX).update(limits(-1, 64));

    assertThat(changes).contains(new SettingChange("pids.max", "32", "64"));
    assertThat(systemd.properties.get("cri-7f3a.scope"))
        .contains(count("MemoryMax", UnitProperty.INFINITY), count("TasksMax", 65));
  }

  /** What was there | what is asked | what is written, with the scope taking none of it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory.max=67108864 | memory { limit: 134217728 } pids { limit: 64 } | memory.max=134217728 pids.max=64 pids.max=max memory.max=67108864",
        "io.max= | block_io { throttle_read_bps_device { major: 8 rate: 9 } } | io.max=8:0 rbps=9 io.max=8:0 rbps=max",
        "io.max=8:0 rbps=5 | block_io { throttle_write_bps_device { major: 8 rate: 9 } } | io.max=8:0 wbps=9 io.max=8:0 rbps=5",
        "io.weight=default 100 | block_io { weight_device { major: 8 weight: 10 } } | io.weight=8:0 1 io.weight=8:0 default",
        "cpuset.cpus= | cpu { cpus: '1' } | cpuset.cpus=1 cpuset.cpus=\\n",
        "cpu.max.burst=30000 | cpu { quota: 20000 period: 100000 burst: 10000 } | cpu.max.burst=0 cpu.max=20000 100000 cpu.max.burst=10000 cpu.max.burst=0 cpu.max=max 100000 cpu.max.burst=30000",
        "cpu.weight=59 | cpu { idle: 1 } | cpu.idle=1 cpu.idle=0 cpu.weight=59",
      })
  void keepsAllLimitsWhenTheScopeDoesNotTakeThem(String there, String asked, String written)
      throws IOException {
    kernel.setUp("dev/block/8:0");
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    cgroups.create(SANDBOX, NONE, Owner.ROOT);
    String[] file = there.split("=", 2);
    kernel.set("unified" + SANDBOX + "/" + file[0], file[1]);
    kernel.writes.clear();
    systemd.broken.put(
        "set", new SystemdException(SystemdException.Kind.UNREACHABLE, "Nobody answers."));
    Resources limits = TextFormat.parse(asked, Resources.class);

    assertThatThrownBy(() -> cgroups.open(SANDBOX).update(limits))
        .isInstanceOf(CgroupException.class)
        .hasMessage("Failed to set the limits of cri-7f3a.scope: Nobody answers.")
        .satisfies(e -> assertThat(e.getSuppressed()).isEmpty());
    assertThat(String.join(" ", kernel.writes)).isEqualTo(written.replace("\\n", "\n"));
  }

  @Test
  void saysWhichLimitItCouldNotTakeBack() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    cgroups.create(SANDBOX, limits(67_108_864, 32), Owner.ROOT);
    systemd.broken.put(
        "set", new SystemdException(SystemdException.Kind.UNREACHABLE, "Nobody answers."));
    kernel.brokenOnceWritten("write unified" + SANDBOX + "/pids.max");

    assertThatThrownBy(() -> cgroups.open(SANDBOX).update(limits(134_217_728, 64)))
        .satisfies(e ->
            assertThat(e.getSuppressed())
                .singleElement()
                .extracting(Throwable::getMessage)
                .asString()
                .startsWith("Failed to restore 32 in ")
                .endsWith("pids.max: EINVAL (22)"));
    assertThat(get(SANDBOX + "/memory.max")).isEqualTo("67108864");
    assertThat(get(SANDBOX + "/pids.max")).isEqualTo("64");
  }

  /** What is asked | the field. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { swappiness: 5 } | memory.swappiness",
        "block_io { leaf_weight: 10 } | block_io.leaf_weight",
        "block_io { throttle_read_bps_device { major: 8 minor: 7 rate: 9 } } | block_io.throttle_read_bps_device[0]",
        "hugepage_limits { page_size: '4MB' } | hugepage_limits",
        "cpu { cpus: '4000' } | cpu.cpus",
        "cpu { realtime_runtime: 1 } | cpu.realtime_runtime",
        "unified { key: 'cpuset.cpus' value: '4000' } | unified",
        "pids { limit: 4194305 } | pids.limit",
      })
  void refusesWhatCannotBeBeforeThereIsAScope(String asked, String field) throws IOException {
    Resources limits = TextFormat.parse(asked, Resources.class);

    assertRefused(() -> cgroups.require("/caisson.slice", limits), field);
    assertRefused(() -> cgroups.require(SCOPE, limits), field);
    assertRefused(() -> cgroups.require(SCOPE, NONE, limits), field);
    assertThat(systemd.calls).isEmpty();
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    cgroups.create(SANDBOX, NONE, Owner.ROOT);
    assertRefused(() -> cgroups.require(SANDBOX, limits), field);
  }

  private static void assertRefused(ThrowingCallable call, String field) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            InvalidResources.class, e -> assertThat(e.field()).isEqualTo("resources." + field));
  }

  /** systemd enables them for the first scope that is delegated: systemd.resource-control(5). */
  @Test
  void takesLimitsWhoseControllersTheSliceDoesNotHaveYet() throws IOException {
    systemd.startSlice("caisson.slice");
    kernel.set("unified/caisson.slice/cgroup.controllers", "memory pids");
    Files.delete(root.resolve("unified/caisson.slice/cpu.idle"));

    Resources limits = TextFormat.parse("cpu { idle: 1 cpus: '1' }", Resources.class);
    cgroups.require("/caisson.slice", limits);
    cgroups.require(SCOPE, limits, limits);
    assertRefused(() -> cgroups.require("/caisson.slice/sandbox-x", limits), "cpu.idle");
  }

  @Test
  void leavesNoSandboxWhoseScopeDoesNotTakeItsLimits() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    systemd.broken.put("set", new SystemdException(SystemdException.Kind.FAILED, "No."));

    assertThatThrownBy(() -> cgroups.create(SANDBOX, limits(67_108_864, 32), Owner.ROOT))
        .isInstanceOf(CgroupException.class);
    assertThat(has(SANDBOX)).isFalse();
  }

  @Test
  void asksNothingOfSystemdForASandboxWithoutLimits() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    systemd.calls.clear();

    Cgroup sandbox = cgroups.create(SANDBOX, NONE, Owner.ROOT);
    sandbox.configure(NONE);
    cgroups.createLeaf(sandbox, "init", Owner.ROOT);
    cgroups.create(SANDBOX + "/ctr-" + UID, limits(67_108_864, 32), Owner.ROOT);

    assertThat(systemd.calls).isEmpty();
  }

  @Test
  void removesAScopeWithItsKeeper() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    Cgroup sandbox = cgroups.create(SANDBOX, NONE, Owner.ROOT);

    assertThat(cgroups.removeIfUnused(SCOPE)).isFalse();
    sandbox.remove();
    assertThat(cgroups.removeIfUnused(SCOPE)).isTrue();

    assertThat(has(SCOPE)).isFalse();
    assertThat(systemd.states).isEmpty();
    assertThat(cgroups.removeIfUnused(SCOPE)).isTrue();
  }

  @Test
  void removesAScopeWhileNobodyAnswers() {
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    systemd.broken.put("stop", new SystemdException(SystemdException.Kind.UNREACHABLE, "Gone."));

    assertThat(cgroups.removeIfUnused(SCOPE)).isTrue();
    assertThat(has(SCOPE)).isFalse();
  }

  @Test
  void makesAScopeOfADirectoryWithoutProcesses() {
    systemd.startSlice("caisson.slice");
    kernel.makeDirectory(root.resolve("unified" + SCOPE));

    assertThat(cgroups.occupancy(SCOPE)).isEqualTo(Occupancy.NONE);
    cgroups.create(SCOPE, NONE, Owner.ROOT);
    assertThat(has(SCOPE + "/keeper")).isTrue();
  }

  @Test
  void stopsWhatAnEarlierLifeHasLeftAndNothingElse() {
    String left = own("a");
    String failed = own("b");
    String used = own("c");
    String elsewhere = "/other.slice/caisson-d" + UID.substring(1) + ".scope";
    for (String scope : List.of(left, used, elsewhere, SCOPE)) {
      cgroups.create(scope, NONE, Owner.ROOT);
    }
    cgroups.create(used + "/sandbox-" + UID, NONE, Owner.ROOT);
    systemd.states.put(ScopeName.last(failed), "failed");

    life().ensure("/caisson.slice");

    assertThat(systemd.states)
        .containsOnlyKeys(ScopeName.last(used), ScopeName.last(elsewhere), "cri-7f3a.scope");
    assertThat(has(left)).isFalse();
    assertThat(has(used + "/sandbox-" + UID)).isTrue();
  }

  private static String own(String first) {
    return "/caisson.slice/" + ScopeName.own(first + UID.substring(1));
  }

  @Test
  void givesEachSandboxAScope() {
    assertThat(cgroups.ownParent("/caisson.slice", UID))
        .contains("/caisson.slice/caisson-" + UID + ".scope");
    assertThat(cgroups.ownParent("/", UID)).contains("/caisson-" + UID + ".scope");
    assertThat(cgroups.named("a-b.slice:cri:x")).isEqualTo("/a.slice/a-b.slice/cri-x.scope");
    assertThat(cgroups.named("")).isEmpty();
  }

  @Test
  void saysThatSystemdMakesItsCgroupsElsewhere() {
    systemd.broken.put("startSlice", new SystemdException(SystemdException.Kind.FAILED, "No."));

    assertThatThrownBy(() -> cgroups.ensure("/caisson.slice"))
        .isInstanceOf(CgroupException.class)
        .hasMessage("Failed to start caisson.slice: No.");
  }

  @ParameterizedTest
  @CsvSource({
    "255 (255.4-1ubuntu8), 255",
    "v249.11, 249",
    "systemd 244~rc1, 244",
    "none, 0",
    "'', 0",
    "99999999999, 999999999"
  })
  void readsVersionsLeniently(String text, int number) {
    assertThat(SystemdCgroups.number(text)).isEqualTo(number);
  }

  @Test
  void refusesWhatIsTooOldOrNotThere() {
    systemd.version = "243";
    assertThatThrownBy(this::life)
        .isInstanceOf(SystemdException.class)
        .hasMessage(
            "The systemd driver needs systemd 244, and this is 243; or start the executor with"
                + " --cgroup-driver cgroupfs.");
    assertThatThrownBy(() ->
            SystemdCgroups.on(hierarchies(), kernel, systemd, () -> KEEPER, root.resolve("none")))
        .hasMessageContaining("a host that systemd has booted");
  }

  @Test
  void refusesAnotherPidNamespace() {
    systemd.ownPid = 1;
    assertThatThrownBy(this::life).hasMessageContaining("needs the PID namespace of systemd");
  }

  @Test
  void refusesAHostWithVersion1() {
    kernel.makeDirectory(root.resolve("memory"));
    Hierarchies hybrid =
        Hierarchies.detect(
            List.of(
                new Mountinfo.Entry("/", root.resolve("unified"), "cgroup2", Set.of("rw")),
                new Mountinfo.Entry("/", root.resolve("memory"), "cgroup", Set.of("memory"))),
            kernel);
    assertThatThrownBy(() -> SystemdCgroups.on(hybrid, kernel, systemd, () -> KEEPER, root))
        .hasMessageContaining("nothing but cgroup v2, and this one is hybrid");
  }

  @Test
  void explainsWhoMakesWhat() {
    assertThat(cgroups.explanation())
        .startsWith(
            "systemd driver, by --cgroup-driver: systemd 255 makes the scopes of sandboxes; v2,"
                + " since nothing of version 1 is mounted: cpu");
  }

  private static UnitProperty count(String name, long number) {
    return new UnitProperty(name, new Count(number));
  }

  private static Resources limits(long memory, long pids) {
    return Resources.newBuilder()
        .setMemory(Resources.Memory.newBuilder().setLimit(memory))
        .setPids(Resources.Pids.newBuilder().setLimit(pids))
        .build();
  }
}
