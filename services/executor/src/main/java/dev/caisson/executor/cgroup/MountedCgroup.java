package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import dev.caisson.proto.types.v1.Pressure;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** {@link Cgroup} of any mode. */
class MountedCgroup implements Cgroup {
  static final String EVENTS = "cgroup.events";

  static final String PROCS = "cgroup.procs";

  private final String path;
  private final String v1Path;
  private final Hierarchies hierarchies;
  private final ControlFiles files;
  private final LimitsOnHost limitsOnHost;
  private final List<Join> joins;

  private final Counters counters;

  /**
   * @param v1Path the same, but for a leaf, which exists in v2 only
   */
  MountedCgroup(
      String path,
      String v1Path,
      Hierarchies hierarchies,
      ControlFiles files,
      LimitsOnHost limitsOnHost) {
    this.path = path;
    this.v1Path = v1Path;
    this.hierarchies = hierarchies;
    this.files = files;
    this.limitsOnHost = limitsOnHost;
    this.joins = hierarchies.v1InOrder().stream().map(h -> join(h, v1Path)).toList();
    this.counters = new Counters(hierarchies, files, this::directory);
  }

  /** The same. */
  MountedCgroup(MountedCgroup other) {
    this(other.path, other.v1Path, other.hierarchies, other.files, other.limitsOnHost);
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<Join> joins() {
    return joins;
  }

  private static Join join(Hierarchy hierarchy, String path) {
    Path mount = hierarchy.mount();
    String name = mount.getName(mount.getNameCount() - 1).toString();
    return new Join(name, hierarchy.directory(path));
  }

  private Path directory(Hierarchy hierarchy) {
    return hierarchy.directory(hierarchy.unified() ? path : v1Path);
  }

  @Override
  public Optional<Path> birthDirectory() {
    return hierarchies.unified().map(this::directory);
  }

  @Override
  public void delegate(int uid, int gid) {
    Owner owner = new Owner(uid, gid);
    if (!owner.equals(Owner.ROOT)) {
      birthDirectory().ifPresent(directory -> give(directory.resolve(PROCS), owner));
    }
  }

  private void give(Path file, Owner owner) {
    try {
      files.give(file, owner);
    } catch (LinuxException e) {
      throw new CgroupException("change the owner of", file, e);
    }
  }

  @Override
  public OptionalLong cpuNanos() {
    return counters.cpuNanos();
  }

  @Override
  public Statistics.Builder statistics(boolean raw) {
    boolean alone = !SandboxLayout.isSandbox(path);
    return new Accounting(hierarchies, files, this::directory).read(alone, raw);
  }

  @Override
  public long oomKills() {
    return counters.oomKills();
  }

  @Override
  public Shortages shortages() {
    return counters.shortages();
  }

  @Override
  public Shortages ownShortages() {
    return counters.ownShortages();
  }

  @Override
  public Optional<Pressure> memoryPressure() {
    return birthDirectory()
        .flatMap(directory -> files.readIfThere(directory.resolve("memory.pressure")))
        .map(NestedKeyed::pressure);
  }

  private Optional<Path> file(Controller controller, String name) {
    return hierarchies.of(controller).map(h -> directory(h).resolve(name));
  }

  @Override
  public void freeze() {
    freezer().freeze();
  }

  /** Where nothing can be frozen, nothing is. */
  @Override
  public void thaw() {
    if (birthDirectory().isPresent() || hierarchies.of(Controller.FREEZER).isPresent()) {
      freezer().thaw();
    }
  }

  private Freezer freezer() {
    Optional<Path> unified = birthDirectory();
    return unified.isPresent()
        ? new UnifiedFreezer(unified.get(), files)
        : new V1Freezer(v1FreezerDirectory(), files);
  }

  private Path v1FreezerDirectory() {
    return hierarchies
        .of(Controller.FREEZER)
        .map(this::directory)
        .orElseThrow(() ->
            new CgroupException(
                CgroupException.Kind.MISSING, "freeze", path, "this host has no cgroup freezer"));
  }

  /** v1: and its descendants, which stand still on their own account if they were frozen first. */
  void thawTree() {
    thawTree(v1FreezerDirectory());
  }

  private void thawTree(Path directory) {
    new V1Freezer(directory, files).thaw();
    children(directory).forEach(this::thawTree);
  }

  @Override
  public boolean endsFrozen() {
    return birthDirectory().isPresent();
  }

  @Override
  public void kill() {
    Optional<Path> unified = birthDirectory();
    if (unified.isPresent()) {
      write(unified.get().resolve("cgroup.kill"), "1");
    } else {
      new OneByOne(this).kill();
    }
  }

  private void write(Path file, String value) {
    try {
      files.write(file, value);
    } catch (LinuxException e) {
      // Nothing can be in a cgroup that is gone.
      if (!ControlFiles.isGone(e)) {
        throw new CgroupException("write " + value + " to", file, e);
      }
    }
  }

  @Override
  public Map<Integer, String> members() {
    Map<Integer, String> members = new LinkedHashMap<>();
    collect(mainDirectory(), "/", members);
    return Collections.unmodifiableMap(members);
  }

  @Override
  public List<String> children() {
    return hierarchies.all().stream()
        .flatMap(hierarchy -> children(directory(hierarchy)).stream())
        .map(child -> child.getFileName().toString())
        .filter(name -> !name.equals(SandboxLayout.LEAF))
        .distinct()
        .map(name -> path + "/" + name)
        .toList();
  }

  private Path mainDirectory() {
    return birthDirectory().orElseGet(() -> directory(hierarchies.v1InOrder().getFirst()));
  }

  private void collect(Path directory, String path, Map<Integer, String> members) {
    String text = files.readIfThere(directory.resolve(PROCS)).orElse("");
    text.lines()
        .mapToInt(line -> (int) FlatKeyed.number(line).orElse(0))
        .filter(pid -> pid > 0)
        .forEach(pid -> members.put(pid, path));
    for (Path child : children(directory)) {
      collect(child, (path.equals("/") ? path : path + "/") + child.getFileName(), members);
    }
  }

  private List<Path> children(Path directory) {
    try {
      return files.childDirectories(directory);
    } catch (LinuxException e) {
      if (ControlFiles.isGone(e)) {
        return List.of();
      }
      throw new CgroupException("list", directory, e);
    }
  }

  @Override
  public boolean populated() {
    Optional<Path> unified = birthDirectory();
    if (unified.isEmpty()) {
      return !processes().isEmpty();
    }
    String events = files.readIfThere(unified.get().resolve(EVENTS)).orElse("");
    return populated(FlatKeyed.parse(events));
  }

  @Override
  public boolean awaitEmpty(Duration timeout) {
    Optional<Path> unified = birthDirectory();
    if (unified.isEmpty()) {
      return Retry.until(timeout, () -> !populated());
    }
    return files.awaitEvents(unified.get().resolve(EVENTS), timeout, events -> !populated(events));
  }

  private static boolean populated(FlatKeyed events) {
    return events.get("populated").orElse(0) == 1;
  }

  @Override
  public void configure(Resources resources) {
    Limits limits = Limits.of(resources);
    limitsOnHost.check(path, limits);
    configure(limits);
  }

  void configure(Limits limits) {
    passOn(limits);
    for (Setting setting : limitsOnHost.settings(limits, V2Files.MAX, path)) {
      if (hasFromBirth(setting)) {
        continue;
      }
      Path file = file(setting.controller(), setting.file()).orElseThrow();
      try {
        files.write(file, setting.value());
      } catch (LinuxException e) {
        throw CgroupException.ofWriting(setting, file, e);
      }
    }
  }

  /** v2: what few have a limit of is there only now. */
  private void passOn(Limits limits) {
    hierarchies
        .unified()
        .ifPresent(h ->
            new Passing(files).onDemand(h, CgroupPath.parent(path), limitsOnHost.onDemand(limits)));
  }

  /** Whether a write would change nothing, while the kernel visited every cgroup for it. */
  private static boolean hasFromBirth(Setting setting) {
    return setting.file().equals(V1Files.PERIOD)
        && setting.value().equals(Long.toString(Limits.DEFAULT_PERIOD_MICROS));
  }

  @Override
  public void allowDevices(List<String> allowed) {
    hierarchies
        .of(Controller.DEVICES)
        .ifPresent(devices -> new V1Devices(directory(devices), files).allow(allowed));
  }

  @Override
  public List<SettingChange> update(Resources resources) {
    Limits limits = Limits.of(resources);
    limitsOnHost.checkChange(path, limits);
    passOn(limits);
    return new Update(hierarchies, files, path).apply(limitsOnHost, limits, this::changed);
  }

  /**
   * After an update has written its last file.
   *
   * @throws CgroupException then all of them are taken back
   */
  void changed() {}

  @Override
  public void remove() {
    Removal removal = new Removal(files);
    boolean leaf = !path.equals(v1Path);
    hierarchies.all().stream().filter(h -> h.unified() || !leaf).forEach(h -> remove(removal, h));
  }

  private void remove(Removal removal, Hierarchy hierarchy) {
    Path directory = hierarchy.directory(path);
    if (hierarchy.unified() && SandboxLayout.isSandbox(path)) {
      removal.removeLeaf(directory.resolve(SandboxLayout.LEAF));
    }
    if (!hierarchy.unified() && hierarchy.controllers().contains(Controller.CPUSET)) {
      letGoOfProcessors(directory);
    }
    removal.remove(directory);
  }

  /**
   * v1: or else the kernel, where a cgroup with processors goes that balances load, visits every
   * cgroup that there is (cpuset_css_offline in kernel/cgroup/cpuset-v1.c). What is still in use
   * keeps its processors, and is then not removed either.
   */
  private void letGoOfProcessors(Path directory) {
    try {
      files.write(directory.resolve(V1Files.CPUS), "\n");
    } catch (LinuxException e) {
      // It costs time, nothing else.
    }
  }
}
