package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import dev.caisson.proto.types.v1.Resources;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@link Cgroups} on a host whose systemd makes the scopes that sandboxes lie in. What is below a
 * scope is made as elsewhere: it is delegated. Version 2 only.
 */
final class SystemdCgroups implements Cgroups {
  private static final System.Logger LOG = System.getLogger(SystemdCgroups.class.getName());

  /** The first with all that is asked of it. */
  private static final int LEAST_VERSION = 244;

  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

  private static final String OWN_SCOPES = "caisson-*.scope";

  private final Hierarchies hierarchies;
  private final MountedCgroups mounted;
  private final Hierarchy tree;
  private final ControlFiles files;
  private final Systemd systemd;
  private final IntSupplier keepers;
  private final int version;

  /**
   * @param keepers starts a process that does nothing, and says its pid
   */
  SystemdCgroups(
      Hierarchies hierarchies, ControlFiles files, Systemd systemd, IntSupplier keepers) {
    this.hierarchies = hierarchies;
    this.mounted = new MountedCgroups(hierarchies, files);
    this.tree = hierarchies.unified().orElseThrow();
    this.files = files;
    this.systemd = systemd;
    this.keepers = keepers;
    this.version = number(systemd.version());
  }

  /**
   * Of a host that has what this needs.
   *
   * @param booted is there where systemd is the init: sd_booted(3)
   */
  static SystemdCgroups on(
      Hierarchies hierarchies,
      ControlFiles files,
      Systemd systemd,
      IntSupplier keepers,
      Path booted) {
    require(
        hierarchies.mode() == CgroupMode.V2,
        "The systemd driver needs a host with nothing but cgroup v2, and this one is "
            + hierarchies.mode().text()
            + ": boot with systemd.unified_cgroup_hierarchy=1");
    require(
        files.exists(booted),
        "The systemd driver needs a host that systemd has booted (" + booted + " is missing)");
    require(
        systemd.ownPid() == ProcessHandle.current().pid(),
        "The systemd driver needs the PID namespace of systemd, and runs in another");
    SystemdCgroups cgroups = new SystemdCgroups(hierarchies, files, systemd, keepers);
    require(
        cgroups.version >= LEAST_VERSION,
        "The systemd driver needs systemd " + LEAST_VERSION + ", and this is " + cgroups.version);
    return cgroups;
  }

  private static void require(boolean holds, String sentence) {
    if (!holds) {
      throw new SystemdException(
          SystemdException.Kind.FAILED,
          sentence + "; or start the executor with --cgroup-driver cgroupfs.");
    }
  }

  /** The first number in it: distributions put theirs around it. */
  static int number(String version) {
    Matcher matcher = NUMBER.matcher(version);
    return matcher.find() ? Integer.parseInt(matcher.group()) : 0;
  }

  static CgroupException failed(String operation, String unit, SystemdException cause) {
    return new CgroupException(operation, unit, cause);
  }

  @Override
  public CgroupMode mode() {
    return mounted.mode();
  }

  @Override
  public String explanation() {
    return "systemd driver, by --cgroup-driver: systemd "
        + version
        + " makes the scopes of sandboxes; "
        + hierarchies.explanation();
  }

  @Override
  public List<String> missing() {
    return mounted.missing();
  }

  @Override
  public List<String> unenforced(Resources limits) {
    return mounted.unenforced(limits);
  }

  @Override
  public void require(String parent, Resources limits) {
    mounted.require(known(parent), limits);
  }

  @Override
  public void require(String parent, Resources around, Resources limits) {
    mounted.require(known(parent), around, limits);
  }

  /**
   * Of a scope that is yet to be made the root of the tree says what it will have: systemd passes
   * controllers on to it then, and not before.
   */
  private static String known(String parent) {
    return SandboxLayout.isSandbox(parent) ? parent : "/";
  }

  @Override
  public String named(String asked) {
    return asked.isEmpty() ? "" : ScopeName.parse(asked).path();
  }

  @Override
  public Optional<String> ownParent(String parent, String sandboxUid) {
    return Optional.of((parent.equals("/") ? "" : parent) + "/" + ScopeName.own(sandboxUid));
  }

  /** A slice, in which an earlier life may have left scopes. */
  @Override
  public void ensure(String path) {
    CgroupPath.require(path);
    if (!path.equals("/")) {
      startSlice(path);
    }
    sweep(path);
  }

  private void startSlice(String path) {
    String slice = ScopeName.last(path);
    try {
      systemd.startSlice(slice);
    } catch (SystemdException e) {
      throw failed("start", slice, e);
    }
    requireMade(slice, path);
  }

  private void requireMade(String unit, String path) {
    if (!files.exists(tree.directory(path))) {
      throw new CgroupException(
          CgroupException.Kind.MISSING,
          "find",
          unit,
          "systemd made it, but not at "
              + tree.directory(path)
              + "; the executor must see the cgroups that the host sees");
    }
  }

  /**
   * Scopes in which no sandbox is, or which have failed. Those with one are found by what it has
   * left elsewhere.
   */
  private void sweep(String slice) {
    for (Systemd.Unit unit : systemd.units(OWN_SCOPES)) {
      String path = (slice.equals("/") ? "" : slice) + "/" + unit.name();
      if (!ScopeName.isOwn(unit.name())) {
        continue;
      }
      if (unit.isDead()) {
        forget(unit.name());
      } else if (files.exists(tree.directory(path)) && removeScope(path)) {
        LOG.log(Level.WARNING, "Scope {0}, which was left behind, is stopped", unit.name());
      }
    }
  }

  @Override
  public Cgroup create(String path, Resources limits, Owner owner) {
    if (ScopeName.isScope(path)) {
      startScope(path);
      return open(path);
    }
    Cgroup made = mounted.create(path, limits, owner);
    return scoped(path).map(cgroup -> follow(cgroup, limits)).orElse(made);
  }

  private static Cgroup follow(ScopedCgroup cgroup, Resources limits) {
    try {
      cgroup.follow(limits);
      return cgroup;
    } catch (CgroupException e) {
      cgroup.remove();
      throw e;
    }
  }

  /** Of a sandbox's, and no other's. */
  private Optional<ScopedCgroup> scoped(String path) {
    if (!SandboxLayout.isSandbox(path) || !ScopeName.isScope(CgroupPath.parent(path))) {
      return Optional.empty();
    }
    String scope = ScopeName.last(CgroupPath.parent(path));
    return Optional.of(new ScopedCgroup(mounted.open(path), files, systemd, scope));
  }

  private void startScope(String path) {
    ScopeName name = ScopeName.at(path);
    int keeper = keepers.getAsInt();
    try {
      start(name, keeper);
    } catch (SystemdException e) {
      end(keeper);
      throw failed("start", name.unit(), e);
    }
    settle(name, path, keeper);
  }

  private void settle(ScopeName name, String path, int keeper) {
    try {
      requireMade(name.unit(), path);
      requireIn(tree.directory(path), keeper);
    } catch (CgroupException e) {
      end(keeper); // and nothing is stopped: that would end whoever is in there
      throw e;
    }
    try {
      move(keeper, tree.directory(path).resolve(ScopeKeeper.NAME));
    } catch (CgroupException e) {
      end(keeper);
      stop(name.unit());
      throw e;
    }
  }

  private static void end(int keeper) {
    ProcessHandle.of(keeper).ifPresent(ProcessHandle::destroyForcibly);
  }

  private void start(ScopeName name, int keeper) {
    List<UnitProperty> properties = UnitProperties.ofScope(name, keeper);
    try {
      systemd.startScope(name.unit(), properties);
    } catch (SystemdException e) {
      if (e.kind() != SystemdException.Kind.EXISTS || !isDead(name.unit())) {
        throw e;
      }
      forget(name.unit());
      systemd.startScope(name.unit(), properties);
    }
  }

  private boolean isDead(String unit) {
    String pattern = unit.replace("\\", "\\\\"); // fnmatch(3)
    return systemd.units(pattern).stream().allMatch(Systemd.Unit::isDead);
  }

  /** v2 allows no process beside child groups: the keeper gets one of its own. */
  private void move(int keeper, Path own) {
    try {
      files.makeDirectory(own);
      files.write(own.resolve(MountedCgroup.PROCS), Integer.toString(keeper));
    } catch (LinuxException e) {
      throw new CgroupException("move the keeper of a scope to", own, e);
    }
  }

  /** systemd may have moved another of that pid, where ours has ended by then. */
  private void requireIn(Path scope, int keeper) {
    boolean there =
        files
            .readIfThere(scope.resolve(MountedCgroup.PROCS))
            .filter(text -> text.lines().anyMatch(Integer.toString(keeper)::equals))
            .isPresent();
    if (!there) {
      throw new CgroupException(
          CgroupException.Kind.FAILED,
          "find the keeper in",
          scope.toString(),
          "it ended before it was there");
    }
  }

  @Override
  public Cgroup createLeaf(Cgroup cgroup, String name, Owner owner) {
    return mounted.createLeaf(cgroup, name, owner);
  }

  /** A directory without processes is no scope: systemd makes one of it. */
  @Override
  public Occupancy occupancy(String path) {
    Occupancy found = mounted.occupancy(path);
    return found == Occupancy.EMPTY && ScopeName.isScope(path) ? Occupancy.NONE : found;
  }

  @Override
  public Cgroup open(String path) {
    return scoped(path).<Cgroup>map(cgroup -> cgroup).orElseGet(() -> mounted.open(path));
  }

  @Override
  public boolean removeIfUnused(String path) {
    return ScopeName.isScope(path) ? removeScope(path) : mounted.removeIfUnused(path);
  }

  private boolean removeScope(String path) {
    if (hasOthers(tree.directory(path))) {
      return false;
    }
    Cgroup keeper = mounted.open(path + "/" + ScopeKeeper.NAME);
    keeper.kill();
    stop(ScopeName.last(path));
    keeper.remove();
    return mounted.removeIfUnused(path);
  }

  private boolean hasOthers(Path scope) {
    try {
      return files
              .readIfThere(scope.resolve(MountedCgroup.PROCS))
              .filter(text -> !text.isBlank())
              .isPresent()
          || files.childDirectories(scope).stream()
              .anyMatch(child -> !child.endsWith(ScopeKeeper.NAME));
    } catch (LinuxException e) {
      if (ControlFiles.isGone(e)) {
        return false;
      }
      throw new CgroupException("list", scope, e);
    }
  }

  /** An empty scope ends by itself too, and one that ended is forgotten. */
  private void stop(String unit) {
    try {
      systemd.stop(unit);
    } catch (SystemdException e) {
      if (e.kind() != SystemdException.Kind.GONE) {
        LOG.log(Level.WARNING, "Failed to stop {0}: {1}", unit, e.getMessage());
      }
    }
    forget(unit);
  }

  private void forget(String unit) {
    try {
      systemd.resetFailed(unit);
    } catch (SystemdException e) {
      if (e.kind() != SystemdException.Kind.GONE) {
        LOG.log(Level.WARNING, "Failed to reset {0}: {1}", unit, e.getMessage());
      }
    }
  }
}
