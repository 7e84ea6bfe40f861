package dev.caisson.executor.cgroup;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Trees of cgroups in a temporary directory, whose new directories get control files; fails where
 * it is told to.
 */
class FakeKernel extends ControlFiles {
  private static final Map<String, List<String>> V1 =
      Map.of(
          "cpu",
              List.of(
                  "cpu.shares=1024",
                  "cpu.cfs_quota_us=-1",
                  "cpu.cfs_period_us=100000",
                  "cpu.cfs_burst_us=0",
                  "cpu.rt_period_us=1000000",
                  "cpu.rt_runtime_us=0",
                  "cpu.idle=0"),
          "cpuacct", List.of("cpuacct.usage=0"),
          "cpuset",
              List.of(
                  "cgroup.clone_children=0",
                  "cpuset.cpus=",
                  "cpuset.mems=",
                  "cpuset.effective_cpus=0-1",
                  "cpuset.effective_mems=0"),
          "memory",
              List.of(
                  "memory.limit_in_bytes=9223372036854771712",
                  "memory.memsw.limit_in_bytes=9223372036854771712",
                  "memory.soft_limit_in_bytes=9223372036854771712",
                  "memory.usage_in_bytes=0",
                  "memory.swappiness=60",
                  "memory.oom_control=oom_kill_disable 0\nunder_oom 0\noom_kill 0"),
          "pids", List.of("pids.max=max"),
          "blkio",
              List.of(
                  "blkio.bfq.weight=100",
                  "blkio.bfq.weight_device=",
                  "blkio.throttle.read_bps_device=",
                  "blkio.throttle.read_iops_device=",
                  "blkio.throttle.write_bps_device=",
                  "blkio.throttle.write_iops_device="),
          "hugetlb",
              List.of(
                  "hugetlb.2MB.limit_in_bytes=9223372036852678656",
                  "hugetlb.2MB.rsvd.limit_in_bytes=9223372036852678656"),
          "net", List.of("net_cls.classid=0", "net_prio.ifpriomap=lo 0\neth0 0"),
          "rdma", List.of("rdma.max=mlx5_0 hca_handle=max hca_object=max"),
          "freezer", List.of("freezer.state=THAWED"));
  private static final List<String> V2 =
      List.of(
          "cgroup.controllers=cpu cpuset memory pids io hugetlb rdma",
          "cgroup.subtree_control=",
          "cgroup.events=populated 0\nfrozen 0",
          "cgroup.freeze=0",
          "cgroup.kill=",
          "cpu.max=max 100000",
          "cpu.max.burst=0",
          "cpu.weight=100",
          "cpu.idle=0",
          "cpu.stat=usage_usec 0\nuser_usec 0",
          "cpuset.cpus=",
          "cpuset.mems=",
          "cpuset.cpus.effective=0-1",
          "cpuset.mems.effective=0",
          "memory.max=max",
          "memory.high=max",
          "memory.low=0",
          "memory.oom.group=0",
          "memory.swap.max=max",
          "memory.current=0",
          "memory.events=low 0\noom_kill 0",
          "io.weight=default 100",
          "io.max=",
          "hugetlb.2MB.max=max",
          "hugetlb.2MB.rsvd.max=max",
          "rdma.max=mlx5_0 hca_handle=max hca_object=max",
          "pids.max=max");

  private final Path root;
  final List<String> writes = new ArrayList<>();

  /** Files that some kernels have, of every new cgroup. */
  List<String> more = List.of();

  final List<String> removals = new ArrayList<>();
  final List<String> listings = new ArrayList<>();
  final Set<String> broken = new HashSet<>();
  boolean unfreezable;
  private final Set<String> brokenNext = new HashSet<>();
  private final Map<String, Errno> errnos = new HashMap<>();

  FakeKernel(Path root) {
    super(Kernel.open().files());
    this.root = root;
  }

  Cgroups v1() throws IOException {
    return mounted(
        List.of(
            "cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "hugetlb", "net", "rdma",
            "freezer"),
        "");
  }

  Cgroups hybrid() throws IOException {
    return mounted(List.of("cpu", "cpuacct", "cpuset", "memory", "pids", "blkio"), "hugetlb");
  }

  Cgroups v2() throws IOException {
    return mounted(List.of(), "cpu cpuset memory pids io hugetlb rdma");
  }

  private Cgroups mounted(List<String> v1, String v2Controllers) throws IOException {
    List<Mountinfo.Entry> mounts = new ArrayList<>();
    for (String controller : v1) {
      makeDirectory(root.resolve(controller));
      mounts.add(
          new Mountinfo.Entry("/", root.resolve(controller), "cgroup", superOptions(controller)));
    }
    if (v1.contains("cpuset")) {
      set("cpuset/cpuset.cpus", "0-1");
      set("cpuset/cpuset.mems", "0");
    }
    if (!v2Controllers.isEmpty()) {
      makeDirectory(root.resolve("unified"));
      set("unified/cgroup.controllers", v2Controllers);
      mounts.add(new Mountinfo.Entry("/", root.resolve("unified"), "cgroup2", Set.of("rw")));
    }
    writes.clear();
    return new MountedCgroups(Hierarchies.detect(mounts, this), this);
  }

  private static Set<String> superOptions(String hierarchy) {
    return hierarchy.equals("net") ? Set.of("rw", "net_cls", "net_prio") : Set.of("rw", hierarchy);
  }

  String get(String file) {
    return read(root.resolve(file));
  }

  void set(String file, String value) throws IOException {
    Files.writeString(root.resolve(file), value);
  }

  boolean has(String path) {
    return exists(root.resolve(path));
  }

  /** Something of the machine's own, as {@code dev/block/8:0} in /sys. */
  void setUp(String inSysfs) throws IOException {
    Files.createDirectories(root.resolve("sys").resolve(inSysfs));
  }

  @Override
  boolean exists(Path path) {
    return super.exists(own(path));
  }

  @Override
  String read(Path file) {
    return super.read(own(file));
  }

  private Path own(Path path) {
    return path.startsWith("/sys")
        ? root.resolve("sys").resolve(Path.of("/sys").relativize(path))
        : path;
  }

  @Override
  void makeDirectory(Path directory) {
    failIfBroken("mkdir", directory);
    super.makeDirectory(directory);
    try {
      for (String file : filesOf(root.relativize(directory).getName(0).toString())) {
        String[] nameAndValue = file.split("=", 2);
        Files.writeString(directory.resolve(nameAndValue[0]), nameAndValue[1]);
      }
      for (String file : more) {
        String[] nameAndValue = file.split("=", 2);
        Files.writeString(directory.resolve(nameAndValue[0]), nameAndValue[1]);
      }
      Files.writeString(directory.resolve("cgroup.procs"), "");
      cloneCpuset(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void cloneCpuset(Path directory) throws IOException {
    Path parents = directory.resolveSibling("cgroup.clone_children");
    if (Files.exists(parents) && Files.readString(parents).equals("1")) {
      for (String name : List.of("cgroup.clone_children", "cpuset.cpus", "cpuset.mems")) {
        Files.copy(
            directory.resolveSibling(name),
            directory.resolve(name),
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static List<String> filesOf(String hierarchy) {
    return hierarchy.equals("unified") ? V2 : V1.get(hierarchy);
  }

  @Override
  void removeDirectory(Path directory) {
    removals.add(root.relativize(directory).toString());
    failIfBroken("rmdir", directory);
    if (Files.exists(directory) && !super.childDirectories(directory).isEmpty()) {
      throw new LinuxException("remove directory", directory.toString(), Errno.EBUSY);
    }
    removeFiles(directory);
    super.removeDirectory(directory);
  }

  private static void removeFiles(Path directory) {
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    } catch (NoSuchFileException _) {
      // Then there is none.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Nothing comes to a standstill here, and nobody waits for what a file cannot tell. */
  @Override
  boolean awaitEvents(Path events, Duration timeout, Predicate<FlatKeyed> condition) {
    return condition.test(FlatKeyed.parse(readIfThere(events).orElse("")));
  }

  @Override
  List<Path> childDirectories(Path directory) {
    if (directory.equals(Accounting.HUGE_PAGES)) {
      return List.of(
          directory.resolve("hugepages-2048kB"), directory.resolve("hugepages-1048576kB"));
    }
    listings.add(root.relativize(directory).toString());
    return super.childDirectories(directory);
  }

  @Override
  void write(Path file, String value) {
    failIfBroken("write", file);
    writes.add(file.getFileName() + "=" + value);
    if (!exists(file)) {
      throw new LinuxException("open", file.toString(), Errno.ENOENT);
    }
    try {
      Files.writeString(file, unfreezable && value.equals("FROZEN") ? "FREEZING" : value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As with {@link #broken}, from the second time. */
  void brokenOnceWritten(String what) {
    brokenNext.add(what);
  }

  /** As with {@link #broken}, by another errno. */
  void broken(String what, Errno errno) {
    errnos.put(what, errno);
    broken.add(what);
  }

  @Override
  void requireWritable(Path file) {
    failIfBroken("open", file);
    super.requireWritable(file);
  }

  private void failIfBroken(String operation, Path path) {
    String what = operation + " " + root.relativize(path);
    if (broken.contains(what)) {
      throw new LinuxException(operation, path.toString(), errnos.getOrDefault(what, Errno.EINVAL));
    }
    if (brokenNext.remove(what)) {
      broken.add(what);
    }
  }
}
