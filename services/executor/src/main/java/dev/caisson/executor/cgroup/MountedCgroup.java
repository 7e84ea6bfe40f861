package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** {@link Cgroup} of any mode. */
final class MountedCgroup implements Cgroup {
  private static final String PROCS = "cgroup.procs";

  private final String path;
  private final Hierarchies hierarchies;
  private final ControlFiles files;
  private final LimitsOnHost limitsOnHost;

  MountedCgroup(
      String path, Hierarchies hierarchies, ControlFiles files, LimitsOnHost limitsOnHost) {
    this.path = path;
    this.hierarchies = hierarchies;
    this.files = files;
    this.limitsOnHost = limitsOnHost;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<Path> joinFiles() {
    return hierarchies.v1InOrder().stream().map(h -> h.directory(path).resolve(PROCS)).toList();
  }

  @Override
  public Optional<Path> birthDirectory() {
    return hierarchies.unified().map(h -> h.directory(path));
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
    } catch (IOException e) {
      throw new CgroupException("change the owner of", file.toString(), e);
    }
  }

  @Override
  public OptionalLong cpuNanos() {
    Optional<Path> v1 = file(Controller.CPUACCT, "cpuacct.usage");
    if (v1.isPresent()) {
      return read(v1.get()).map(FlatKeyed::number).orElse(OptionalLong.empty());
    }
    OptionalLong micros =
        birthDirectory()
            .flatMap(d -> read(d.resolve("cpu.stat")))
            .map(text -> FlatKeyed.parse(text).get("usage_usec"))
            .orElse(OptionalLong.empty());
    return micros.isPresent() ? OptionalLong.of(micros.getAsLong() * 1_000) : micros;
  }

  @Override
  public OptionalLong memoryBytes() {
    return file(
            Controller.MEMORY, isV1(Controller.MEMORY) ? "memory.usage_in_bytes" : "memory.current")
        .flatMap(this::read)
        .map(FlatKeyed::number)
        .orElse(OptionalLong.empty());
  }

  @Override
  public long oomKills() {
    return file(Controller.MEMORY, isV1(Controller.MEMORY) ? "memory.oom_control" : "memory.events")
        .flatMap(this::read)
        .map(text -> FlatKeyed.parse(text).get("oom_kill").orElse(0))
        .orElse(0L);
  }

  private boolean isV1(Controller controller) {
    return hierarchies.of(controller).filter(h -> !h.unified()).isPresent();
  }

  private Optional<Path> file(Controller controller, String name) {
    return hierarchies.of(controller).map(h -> h.directory(path).resolve(name));
  }

  /** Empty: the cgroup is gone. */
  private Optional<String> read(Path file) {
    try {
      return Optional.of(files.read(file));
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (IOException e) {
      if (ErrnoText.of(e).startsWith("ENODEV")) {
        return Optional.empty();
      }
      throw new CgroupException("read", file.toString(), e);
    }
  }

  @Override
  public void freeze() {
    freezer().freeze();
  }

  @Override
  public void thaw() {
    freezer().thaw();
  }

  private Freezer freezer() {
    Optional<Path> unified = birthDirectory();
    if (unified.isPresent()) {
      return new UnifiedFreezer(unified.get(), files);
    }
    Path directory =
        hierarchies
            .of(Controller.FREEZER)
            .map(h -> h.directory(path))
            .orElseThrow(() ->
                new CgroupException(
                    CgroupException.Kind.MISSING,
                    "freeze",
                    path,
                    "this host has no cgroup freezer"));
    return new V1Freezer(directory, files);
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
    } catch (NoSuchFileException _) {
      // Nothing can be in a cgroup that is gone.
    } catch (IOException e) {
      throw new CgroupException("write " + value + " to", file.toString(), e);
    }
  }

  @Override
  public List<Integer> processes() {
    List<Integer> pids = new ArrayList<>();
    collect(mainDirectory(), pids);
    return List.copyOf(pids);
  }

  private Path mainDirectory() {
    return birthDirectory().orElseGet(() -> hierarchies.v1InOrder().getFirst().directory(path));
  }

  private void collect(Path directory, List<Integer> pids) {
    String text = read(directory.resolve(PROCS)).orElse("");
    text.lines()
        .mapToInt(line -> (int) FlatKeyed.number(line).orElse(0))
        .filter(pid -> pid > 0)
        .forEach(pids::add);
    children(directory).forEach(child -> collect(child, pids));
  }

  private List<Path> children(Path directory) {
    try {
      return files.childDirectories(directory);
    } catch (NoSuchFileException _) {
      return List.of();
    } catch (IOException e) {
      throw new CgroupException("list", directory.toString(), e);
    }
  }

  @Override
  public boolean populated() {
    Optional<Path> unified = birthDirectory();
    if (unified.isEmpty()) {
      return !processes().isEmpty();
    }
    String events = read(unified.get().resolve(CgroupEvents.FILE)).orElse("");
    return FlatKeyed.parse(events).get("populated").orElse(0) == 1;
  }

  @Override
  public boolean awaitEmpty(Duration timeout) {
    Optional<Path> unified = birthDirectory();
    if (unified.isEmpty()) {
      return Retry.until(timeout, () -> !populated());
    }
    return CgroupEvents.await(unified.get(), timeout, () -> !populated());
  }

  /** A new cgroup's limits. */
  void configure(Limits limits) {
    for (Setting setting : limitsOnHost.settings(limits, V2Files.MAX)) {
      Path file = file(setting.controller(), setting.file()).orElseThrow();
      try {
        files.write(file, setting.value());
      } catch (IOException e) {
        throw new CgroupException("write " + setting.value() + " to", file.toString(), e);
      }
    }
  }

  @Override
  public List<SettingChange> update(Resources resources) {
    Limits limits = Limits.of(resources);
    limitsOnHost.check(CgroupPath.parent(path), limits);
    return new Update(hierarchies, files, path).apply(limitsOnHost, limits);
  }

  @Override
  public void remove() {
    Removal removal = new Removal(files);
    hierarchies.all().forEach(h -> removal.remove(h.directory(path)));
  }
}
