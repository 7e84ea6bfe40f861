package dev.caisson.executor.cgroup;

import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.types.v1.Resources;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** {@link Cgroups} of any mode: a mode is only which controller is in which hierarchy. */
final class MountedCgroups implements Cgroups {
  private static final System.Logger LOG = System.getLogger(MountedCgroups.class.getName());

  private final Hierarchies hierarchies;
  private final ControlFiles files;
  private final LimitsOnHost limitsOnHost;

  MountedCgroups(Hierarchies hierarchies, ControlFiles files) {
    this(hierarchies, files, false);
  }

  /**
   * @param delegated as in {@link LimitsOnHost}
   */
  MountedCgroups(Hierarchies hierarchies, ControlFiles files, boolean delegated) {
    this.hierarchies = hierarchies;
    this.files = files;
    this.limitsOnHost = new LimitsOnHost(hierarchies, files, delegated);
  }

  @Override
  public CgroupMode mode() {
    return hierarchies.mode();
  }

  @Override
  public String explanation() {
    return CgroupDriver.CGROUPFS.text() + " driver; " + hierarchies.explanation();
  }

  @Override
  public List<String> unenforced(Resources limits) {
    return limitsOnHost.unenforced(Limits.of(limits)).stream()
        .map(setting ->
            setting.field()
                + ": not in force, since cgroup controller "
                + setting.controller().kernelName(true)
                + " is not delegated to the executor's user")
        .toList();
  }

  @Override
  public void require(String parent, Resources limits) {
    CgroupPath.require(parent);
    limitsOnHost.require(parent, Limits.of(limits));
  }

  @Override
  public void require(String parent, Resources around, Resources limits) {
    CgroupPath.require(parent);
    limitsOnHost.require(parent, Limits.of(around), Limits.of(limits));
  }

  @Override
  public List<String> missing() {
    List<String> sentences = new ArrayList<>();
    missing(sentences, Controller.CPU, "CPU shares and quotas are refused");
    missing(sentences, Controller.CPUSET, "CPU and memory node lists are refused");
    missing(
        sentences,
        Controller.MEMORY,
        "memory limits are refused, and out-of-memory kills are not told");
    missing(sentences, Controller.PIDS, "limits of processes are refused");
    missing(sentences, Controller.IO, "limits of reading and writing are refused, and not counted");
    if (hierarchies.unified().isEmpty()) {
      missing(sentences, Controller.FREEZER, "containers cannot be paused");
      missing(sentences, Controller.DEVICES, "containers may use every device that they can reach");
      missing(sentences, Controller.CPUACCT, "CPU time of cgroups is not known");
      sentences.add(
          "No cgroup v2 tree is mounted: processes are killed one by one, and not born in their cgroup.");
    }
    return List.copyOf(sentences);
  }

  private void missing(List<String> sentences, Controller controller, String cost) {
    if (hierarchies.of(controller).isEmpty()) {
      sentences.add(
          "The cgroup controller "
              + controller.kernelName(mode() == CgroupMode.V2)
              + " is missing: "
              + cost
              + ".");
    }
  }

  @Override
  public void ensure(String path) {
    CgroupPath.require(path);
    if (!path.equals("/")) {
      ensure(CgroupPath.parent(path));
      hierarchies.all().forEach(h -> make(h, path, true));
      hierarchies.of(Controller.CPUSET).ifPresent(h -> cloneCpusets(h, path));
    }
  }

  /**
   * v1: children are born with their parent's CPUs and memory nodes, and their children too: one
   * write here, once, for two for each of them. Source: the kernel's
   * Documentation/admin-guide/cgroup-v1/cpusets.rst, 1.4 and cgroups.rst, 1.5.
   */
  private void cloneCpusets(Hierarchy hierarchy, String path) {
    if (hierarchy.unified()) {
      return;
    }
    Path file = hierarchy.directory(path).resolve("cgroup.clone_children");
    try {
      files.write(file, "1");
    } catch (LinuxException e) {
      throw new CgroupException("write 1 to", file, e);
    }
  }

  @Override
  public Cgroup create(String path, Resources limits, Owner owner) {
    CgroupPath.require(path);
    Limits valid = Limits.of(limits);
    limitsOnHost.check(path, valid);
    Deque<Path> made = new ArrayDeque<>();
    try {
      for (Hierarchy hierarchy : hierarchies.all()) {
        made.push(make(hierarchy, path, false));
      }
      MountedCgroup cgroup = open(path);
      cgroup.configure(valid);
      cgroup.delegate(owner.uid(), owner.gid());
      return cgroup;
    } catch (CgroupException | InvalidResources e) {
      made.forEach(this::undo);
      throw e;
    }
  }

  @Override
  public Occupancy occupancy(String path) {
    CgroupPath.require(path);
    List<Path> there =
        hierarchies.all().stream().map(h -> h.directory(path)).filter(files::exists).toList();
    if (there.isEmpty()) {
      return Occupancy.NONE;
    }
    return there.stream().anyMatch(this::isUsed) ? Occupancy.USED : Occupancy.EMPTY;
  }

  /** By processes outside our PID namespace too: those are listed as 0. */
  private boolean isUsed(Path directory) {
    boolean own =
        files.readIfThere(directory.resolve(MountedCgroup.PROCS)).stream()
            .anyMatch(text -> !text.isBlank());
    try {
      return own || files.childDirectories(directory).stream().anyMatch(this::isUsed);
    } catch (LinuxException e) {
      if (ControlFiles.isGone(e)) {
        return false;
      }
      throw new CgroupException("list", directory, e);
    }
  }

  @Override
  public MountedCgroup open(String path) {
    CgroupPath.require(path);
    return new MountedCgroup(path, path, hierarchies, files, limitsOnHost);
  }

  @Override
  public Cgroup createLeaf(Cgroup cgroup, String name, Owner owner) {
    String path = cgroup.path() + "/" + name;
    CgroupPath.require(path);
    MountedCgroup leaf = new MountedCgroup(path, cgroup.path(), hierarchies, files, limitsOnHost);
    Optional<Path> made = hierarchies.unified().map(unified -> make(unified, path, false));
    try {
      leaf.delegate(owner.uid(), owner.gid());
      return leaf;
    } catch (CgroupException e) {
      made.ifPresent(this::undo);
      throw e;
    }
  }

  @Override
  public boolean removeIfUnused(String path) {
    CgroupPath.require(path);
    boolean gone = true;
    for (Hierarchy hierarchy : hierarchies.all()) {
      gone &= removeIfUnused(hierarchy.directory(path));
    }
    return gone;
  }

  private boolean removeIfUnused(Path directory) {
    try {
      files.removeDirectory(directory);
      return true;
    } catch (LinuxException e) {
      if (e.errno() == Errno.EBUSY || e.errno() == Errno.ENOTEMPTY) {
        return false;
      }
      if (ControlFiles.isGone(e)) {
        return true;
      }
      throw new CgroupException("remove cgroup", directory, e);
    }
  }

  private Path make(Hierarchy hierarchy, String path, boolean mayExist) {
    if (hierarchy.unified()) {
      new Passing(files).usual(hierarchy, CgroupPath.parent(path));
    }
    Path directory = hierarchy.directory(path);
    if (makeDirectory(directory, mayExist) && !hierarchy.unified()) {
      inheritCpuset(hierarchy, directory);
    }
    return directory;
  }

  private boolean makeDirectory(Path directory, boolean mayExist) {
    try {
      files.makeDirectory(directory);
      return true;
    } catch (LinuxException e) {
      if (mayExist && e.errno() == Errno.EEXIST) {
        return false;
      }
      throw new CgroupException("create cgroup", directory, e);
    }
  }

  /**
   * v1: a cpuset is born without CPUs and memory nodes, and takes no process until it has both,
   * unless its parent was told to give it its own ({@link #cloneCpusets}).
   */
  private void inheritCpuset(Hierarchy hierarchy, Path directory) {
    if (!hierarchy.controllers().contains(Controller.CPUSET)) {
      return;
    }
    try {
      if (files.read(directory.resolve(V1Files.CPUS)).isEmpty()) {
        inherit(hierarchy, directory, V1Files.CPUS);
        inherit(hierarchy, directory, "cpuset.mems");
      }
    } catch (LinuxException e) {
      undo(directory);
      throw new CgroupException("inherit the cpuset of", directory, e);
    }
  }

  private String inherit(Hierarchy hierarchy, Path directory, String file) {
    String own = files.read(directory.resolve(file));
    Path parent = directory.getParent();
    if (!own.isEmpty() || parent == null || directory.equals(hierarchy.mount())) {
      return own;
    }
    String inherited = inherit(hierarchy, parent, file);
    files.write(directory.resolve(file), inherited);
    return inherited;
  }

  private void undo(Path directory) {
    try {
      files.removeDirectory(directory);
    } catch (LinuxException e) {
      if (!ControlFiles.isGone(e)) {
        LOG.log(
            System.Logger.Level.WARNING,
            "Failed to remove cgroup {0}: {1}",
            directory,
            CgroupException.text(e));
      }
    }
  }
}
