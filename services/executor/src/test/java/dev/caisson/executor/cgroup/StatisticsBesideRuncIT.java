package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.types.v1.HugePageStatistics;
import dev.caisson.proto.types.v1.IoStatistics.Device;
import dev.caisson.proto.types.v1.Statistics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What we read of a cgroup is what {@code runc events --stats} reads of the same one, which is that
 * of a container of runc's. A figure of runc's must lie between ours from just before and just
 * after: of a paused container, all of them; of one that runs, those that only grow. There is no
 * other tolerance.
 */
@Timeout(120)
class StatisticsBesideRuncIT {
  private static final Path BUSYBOX = Path.of("/usr/bin/busybox");
  private static final int TRIES = 50;

  /** Page cache, disk, CPU time beyond the quota, and processes. */
  private static final String LOAD =
      "busybox dd if=/bin/busybox of=/out bs=4k conv=fsync;"
          + " busybox dd if=/dev/disk of=/dev/null bs=4k iflag=direct;"
          + " i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done;"
          + " for i in 1 2 3 4 5 6 7 8 9; do busybox sleep 1000 & done;"
          + " busybox sleep 1000";

  @TempDir Path directory;
  private final String path = "/caisson-test-" + UUID.randomUUID();
  private Cgroups cgroups;

  /** From 6.10 on version 1 counts for no disk but those that somebody has a limit for. */
  private String disk;

  /**
   * A figure, or several.
   *
   * @param grows whether it never falls
   */
  private record Field(String path, boolean grows, Function<Statistics, List<Long>> ours) {
    static Field flag(String path, Predicate<Statistics> ours) {
      return one(path, false, statistics -> ours.test(statistics) ? 1 : 0);
    }

    static Field one(String path, boolean grows, ToLongFunction<Statistics> ours) {
      return new Field(path, grows, statistics -> List.of(ours.applyAsLong(statistics)));
    }
  }

  /** Of what version 1 has no limit. */
  private static final long UNLIMITED = Long.MAX_VALUE / 4_096 * 4_096;

  private static final String OF_SCHEDULERS =
      "counted by CFQ, which is gone since Linux 5.0, and by BFQ in kernels for its developers"
          + " (BFQ_CGROUP_DEBUG)";
  private static final String OF_OTHERS = "no cgroup counts it";
  private static final String NOT_OF_VERSION_2 = "0, since version 2 counts nothing of the kind";

  /** What runc has and is not compared, with what is in it: why. */
  private static final Map<String, String> LEFT_OUT =
      Map.ofEntries(
          Map.entry("memory.raw", "each line is compared with memory.stat"),
          Map.entry("hugetlb", "compared where runc has it: it does not know those of version 2"),
          Map.entry("blkio.ioQueuedRecursive", OF_SCHEDULERS),
          Map.entry("blkio.ioServiceTimeRecursive", OF_SCHEDULERS),
          Map.entry("blkio.ioWaitTimeRecursive", OF_SCHEDULERS),
          Map.entry("blkio.ioMergedRecursive", OF_SCHEDULERS),
          Map.entry("blkio.ioTimeRecursive", OF_SCHEDULERS),
          Map.entry("blkio.sectorsRecursive", OF_SCHEDULERS),
          Map.entry("intel_rdt", OF_OTHERS),
          Map.entry("network_interfaces", OF_OTHERS));

  /** The same where there is nothing but version 2. */
  private static final Map<String, String> LEFT_OUT2 =
      Map.of(
          "cpuset",
          "runc reads none of version 2",
          "memory.usage.max",
          "runc reads no memory.peak",
          "memory.usage.failcnt",
          NOT_OF_VERSION_2,
          "memory.swap",
          "its releases differ in whether memory is counted in; UnifiedCgroupIT reads the files",
          "memory.kernel",
          NOT_OF_VERSION_2,
          "memory.kernelTCP",
          NOT_OF_VERSION_2);

  /** Where runc has the same of both versions. */
  private static final List<Field> FIELDS =
      List.of(
          Field.one("cpu.usage.total", true, s -> s.getCpu().getUsageNanoseconds()),
          Field.one("cpu.usage.user", true, s -> s.getCpu().getUserNanoseconds()),
          Field.one("cpu.usage.kernel", true, s -> s.getCpu().getSystemNanoseconds()),
          Field.one("cpu.throttling.periods", true, s -> s.getCpu().getPeriods()),
          Field.one("cpu.throttling.throttledPeriods", true, s -> s.getCpu().getThrottledPeriods()),
          Field.one(
              "cpu.throttling.throttledTime", true, s -> s.getCpu().getThrottledNanoseconds()),
          Field.one("memory.usage.usage", false, s -> s.getMemory().getUsageBytes()),
          Field.one("memory.usage.limit", false, s -> s.getMemory().getLimitBytes()),
          Field.one("memory.cache", false, s -> s.getMemory().getFileBytes()),
          Field.one("pids.current", false, s -> s.getPids().getCurrent()),
          Field.one("pids.limit", false, s -> s.getPids().getLimit()),
          new Field("blkio.ioServiceBytesRecursive", true, s -> devices(s, true)),
          new Field("blkio.ioServicedRecursive", true, s -> devices(s, false)));

  /** Of version 1. */
  private static final List<Field> FIELDS1 =
      List.of(
          new Field("cpu.usage.percpu", true, s -> s.getCpu().getPerCpuNanosecondsList()),
          new Field("cpu.usage.percpu_user", true, s -> s.getCpu().getPerCpuUserNanosecondsList()),
          new Field(
              "cpu.usage.percpu_kernel", true, s -> s.getCpu().getPerCpuSystemNanosecondsList()),
          new Field("cpuset.cpus", false, s -> numbers(s.getCpuset().getCpus())),
          new Field("cpuset.mems", false, s -> numbers(s.getCpuset().getMemoryNodes())),
          Field.flag("cpuset.cpu_exclusive", s -> s.getCpuset().getCpuExclusive()),
          Field.flag("cpuset.mem_exclusive", s -> s.getCpuset().getMemoryExclusive()),
          Field.flag("cpuset.mem_hardwall", s -> s.getCpuset().getMemoryHardwall()),
          Field.flag("cpuset.memory_migrate", s -> s.getCpuset().getMemoryMigrate()),
          Field.flag("cpuset.memory_spread_page", s -> s.getCpuset().getMemorySpreadPage()),
          Field.flag("cpuset.memory_spread_slab", s -> s.getCpuset().getMemorySpreadSlab()),
          Field.one("cpuset.memory_pressure", false, s -> s.getCpuset().getMemoryPressure()),
          Field.flag("cpuset.sched_load_balance", s -> s.getCpuset().getSchedLoadBalance()),
          Field.one(
              "cpuset.sched_relax_domain_level",
              false,
              s -> s.getCpuset().getSchedRelaxDomainLevel()),
          Field.one("memory.usage.max", true, s -> s.getMemory().getMaxUsageBytes()),
          Field.one("memory.usage.failcnt", true, s -> s.getMemory().getLimitHits()),
          Field.one(
              "memory.swap.usage",
              false,
              s -> s.getMemory().getUsageBytes() + s.getMemory().getSwapBytes()),
          Field.one(
              "memory.swap.limit",
              false,
              s -> s.getMemory().getLimitBytes() + s.getMemory().getSwapLimitBytes()),
          Field.one("memory.swap.max", true, s -> s.getMemory().getMaxMemoryAndSwapBytes()),
          Field.one("memory.swap.failcnt", true, s -> s.getMemory().getSwapLimitHits()),
          Field.one("memory.kernel.usage", false, s -> s.getMemory().getKernelBytes()),
          Field.one("memory.kernel.max", true, s -> s.getMemory().getMaxKernelBytes()),
          Field.one(
              "memory.kernel.limit",
              false,
              s ->
                  s.getMemory().hasKernelLimitBytes()
                      ? s.getMemory().getKernelLimitBytes()
                      : UNLIMITED),
          Field.one("memory.kernel.failcnt", true, s -> s.getMemory().getKernelLimitHits()),
          Field.one("memory.kernelTCP.usage", false, s -> s.getMemory().getSocketBytes()),
          Field.one("memory.kernelTCP.max", true, s -> s.getMemory().getMaxSocketBytes()),
          Field.one(
              "memory.kernelTCP.limit",
              false,
              s ->
                  s.getMemory().hasSocketLimitBytes()
                      ? s.getMemory().getSocketLimitBytes()
                      : UNLIMITED),
          Field.one("memory.kernelTCP.failcnt", true, s -> s.getMemory().getSocketLimitHits()));

  /** In the order of the kernel's lists. */
  private static List<Long> devices(Statistics statistics, boolean bytes) {
    List<Long> all = new ArrayList<>();
    for (Device device : statistics.getIo().getDevicesList()) {
      all.add(bytes ? device.getReadBytes() : device.getReadOperations());
      all.add(bytes ? device.getWriteBytes() : device.getWriteOperations());
      all.add(bytes ? device.getDiscardBytes() : device.getDiscardOperations());
    }
    return all;
  }

  /** {@code 0-2,7} */
  private static List<Long> numbers(String list) {
    List<Long> all = new ArrayList<>();
    for (String range : list.split(",", -1)) {
      String[] ends = range.split("-", -1);
      long last = Long.parseLong(ends[ends.length - 1]);
      LongStream.rangeClosed(Long.parseLong(ends[0]), last).forEach(all::add);
    }
    return all;
  }

  @BeforeEach
  void prepare() throws Exception {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
        "Skipped: containers are made by root");
    assumeTrue(Files.isExecutable(BUSYBOX), "Skipped: needs " + BUSYBOX);
    assumeTrue(
        Files.isExecutable(Path.of("/usr/sbin/runc"))
            || Files.isExecutable(Path.of("/usr/bin/runc")),
        "Skipped: needs runc: apt-get install runc");
    cgroups = Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"));
    for (String name : List.of("bin", "dev", "proc")) {
      Files.createDirectories(directory.resolve("rootfs").resolve(name));
    }
    Files.copy(BUSYBOX, directory.resolve("rootfs/bin/busybox"));
    Path file = directory.resolve("disk");
    Files.write(file, new byte[1 << 20]);
    disk = command(List.of("losetup", "--find", "--show", file.toString())).strip();
  }

  @AfterEach
  void end() throws Exception {
    if (Files.exists(directory.resolve("runc"))) {
      var _ = runc("delete", "--force", "c");
    }
    if (disk != null) {
      var _ = command(List.of("losetup", "--detach", disk));
    }
  }

  private void start(String script) throws Exception {
    String number = said(Path.of("/sys/block", Path.of(disk).getFileName().toString(), "dev"));
    String device =
        "\"major\": %s, \"minor\": %s".formatted((Object[]) number.strip().split(":", -1));
    Files.writeString(
        directory.resolve("config.json"),
        """
        {"ociVersion": "1.0.2", "root": {"path": "rootfs"},
         "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "env": ["PATH=/bin"],
           "args": ["/bin/busybox", "sh", "-c", "%s"]},
         "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
           {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
         "linux": {"cgroupsPath": "%s",
           "devices": [{"path": "/dev/disk", "type": "b", %s}],
           "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "network"}],
           "resources": {"devices": [{"allow": true, "type": "b", %s, "access": "r"}],
             "blockIO": {"throttleReadBpsDevice": [{%s, "rate": 1073741824}]},
             "memory": {"limit": 33554432, "swap": 67108864},
             "pids": {"limit": 16}, "cpu": {"quota": 20000, "period": 100000}}}}
        """
            .formatted(script, path, device, device, device));
    var _ = runc("run", "--detach", "c");
  }

  private String runc(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("runc", "--root", directory + "/runc"));
    command.addAll(List.of(arguments));
    return command(command);
  }

  /** With files for its output: what it starts would keep a pipe open. */
  private String command(List<String> command) throws Exception {
    Path output = directory.resolve("output");
    Path error = directory.resolve("error");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(output.toFile())
            .redirectError(error.toFile())
            .start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(() -> said(error)).isZero();
    return said(output);
  }

  private static String said(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Statistics ours() {
    return cgroups.open(path).statistics(true).build();
  }

  private JsonObject runcs() throws Exception {
    return JsonParser.parseString(runc("events", "--stats", "c"))
        .getAsJsonObject()
        .getAsJsonObject("data");
  }

  private List<Field> fields() {
    List<Field> fields = new ArrayList<>(FIELDS);
    if (cgroups.mode() != CgroupMode.V2) {
      fields.addAll(FIELDS1);
    }
    return fields;
  }

  /** What it leaves out is 0; of what it counts for devices, all but its sums. */
  private static List<Long> theirs(JsonObject stats, Field field) {
    JsonElement at = stats;
    for (String name : field.path().split("\\.", -1)) {
      at =
          at.isJsonObject() && at.getAsJsonObject().has(name)
              ? at.getAsJsonObject().get(name)
              : new JsonPrimitive(0);
    }
    if (!at.isJsonArray()) {
      return field.path().startsWith("blkio") ? List.of() : List.of(at.getAsLong());
    }
    List<Long> all = new ArrayList<>();
    for (JsonElement one : at.getAsJsonArray()) {
      if (one.isJsonPrimitive()) {
        all.add(one.getAsLong());
      } else if (List.of("Read", "Write", "Discard").contains(operation(one))) {
        JsonElement value = one.getAsJsonObject().get("value");
        all.add(value == null ? 0 : value.getAsLong());
      }
    }
    return all;
  }

  private static String operation(JsonElement counted) {
    return counted.getAsJsonObject().get("op").getAsString();
  }

  private static boolean isBetween(List<Long> before, List<Long> theirs, List<Long> after) {
    if (before.size() != theirs.size() || after.size() != theirs.size()) {
      return false;
    }
    for (int i = 0; i < theirs.size(); i++) {
      if (theirs.get(i) < before.get(i) || theirs.get(i) > after.get(i)) {
        return false;
      }
    }
    return true;
  }

  /** In words. */
  private List<String> differences(boolean paused) throws Exception {
    Statistics before = ours();
    JsonObject stats = runcs();
    Statistics after = ours();
    List<String> different = new ArrayList<>();
    for (Field field : fields()) {
      List<Long> low = field.ours().apply(before);
      List<Long> high = field.ours().apply(after);
      List<Long> theirs = theirs(stats, field);
      if ((paused || field.grows()) && !isBetween(low, theirs, high)) {
        different.add("%s: %s to %s, runc's %s".formatted(field.path(), low, high, theirs));
      }
    }
    if (paused) {
      different.addAll(differencesOfMemoryStat(before.getMemory().getRawMap(), stats));
      different.addAll(differencesOfHugePages(before, stats));
    }
    return different;
  }

  private static List<String> differencesOfMemoryStat(Map<String, Long> ours, JsonObject stats) {
    JsonObject theirs = stats.getAsJsonObject("memory").getAsJsonObject("raw");
    return theirs.keySet().stream()
        .filter(name -> ours.getOrDefault(name, -1L) != theirs.get(name).getAsLong())
        .map(name ->
            "memory.stat %s: %s, runc's %s".formatted(name, ours.get(name), theirs.get(name)))
        .toList();
  }

  /** Of those sizes that runc has. */
  private static List<String> differencesOfHugePages(Statistics ours, JsonObject stats) {
    Map<String, String> read = new HashMap<>();
    for (HugePageStatistics pages : ours.getHugePagesList()) {
      read.put(
          pages.getSize(),
          List.of(pages.getUsageBytes(), pages.getMaxUsageBytes(), pages.getLimitHits())
              .toString());
    }
    JsonObject all =
        stats.has("hugetlb") && stats.get("hugetlb").isJsonObject()
            ? stats.getAsJsonObject("hugetlb")
            : new JsonObject();
    return all.keySet().stream()
        .filter(size -> !read.getOrDefault(size, "none").equals(pages(all.getAsJsonObject(size))))
        .map(size -> "hugetlb " + size + ": " + read.get(size) + ", runc's " + all.get(size))
        .toList();
  }

  /** What is 0 may be missing. */
  private static String pages(JsonObject theirs) {
    return Stream.of("usage", "max", "failcnt")
        .map(name -> theirs.has(name) ? theirs.get(name).getAsLong() : 0)
        .toList()
        .toString();
  }

  /** Of the fields, and of a list as a whole. */
  private static List<String> paths(JsonObject object, String prefix) {
    List<String> all = new ArrayList<>();
    for (String name : object.keySet()) {
      String path = prefix + name;
      if (object.get(name).isJsonObject()) {
        all.addAll(paths(object.getAsJsonObject(name), path + "."));
      } else {
        all.add(path);
      }
    }
    return all;
  }

  private boolean isLeftOut(String path) {
    Stream<String> names =
        cgroups.mode() == CgroupMode.V2
            ? Stream.concat(LEFT_OUT.keySet().stream(), LEFT_OUT2.keySet().stream())
            : LEFT_OUT.keySet().stream();
    return names.anyMatch(name -> path.equals(name) || path.startsWith(name + "."));
  }

  /** The kernel brings {@code memory.stat} up to date within 2 s. */
  private void agree(boolean paused) throws Exception {
    List<String> different = differences(paused);
    for (int tries = 1; tries < TRIES && !different.isEmpty(); tries++) {
      different = differences(paused);
    }
    assertThat(different).isEmpty();
  }

  @Test
  void everyFieldOfAPausedContainerIsTheSame() throws Exception {
    start(LOAD);
    awaitPids(10);
    var _ = runc("pause", "c");
    agree(true);
    Statistics statistics = ours();
    assertThat(statistics.getCpu().getThrottledPeriods()).as("there was a load").isPositive();
    assertThat(statistics.getMemory().getFileBytes()).isPositive();
    assertThat(statistics.getIo().getDevicesList())
        .anyMatch(device -> device.getReadBytes() > 0 && device.getReadOperations() > 0);
  }

  @Test
  void everyFieldOfRuncsIsComparedOrLeftOutForAReason() throws Exception {
    start("busybox sleep 1000");
    List<String> compared = fields().stream().map(Field::path).toList();
    assertThat(paths(runcs(), ""))
        .contains("cpu.usage.total", "memory.usage.usage", "pids.current")
        .allMatch(path -> compared.contains(path) || isLeftOut(path));
  }

  @Test
  void whatGrowsInOneThatRunsIsBetweenOurs() throws Exception {
    start("while :; do busybox dd if=/bin/busybox of=/out bs=4k conv=fsync; done");
    awaitPids(1);
    agree(false);
  }

  /** At most as long as the test may take. */
  private void awaitPids(long count) {
    while (ours().getPids().getCurrent() < count) {
      Thread.onSpinWait();
    }
  }
}
