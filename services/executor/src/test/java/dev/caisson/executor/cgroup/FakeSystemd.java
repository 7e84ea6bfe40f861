package dev.caisson.executor.cgroup;

import dev.caisson.executor.cgroup.UnitProperty.Pids;
import dev.caisson.executor.cgroup.UnitProperty.Text;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A systemd that makes directories in the tree of a {@link FakeKernel}, and fails on demand. */
final class FakeSystemd implements Systemd {
  private final FakeKernel kernel;
  private final Path tree;
  final List<String> calls = new ArrayList<>();
  final Map<String, String> states = new TreeMap<>();
  final Map<String, List<UnitProperty>> properties = new HashMap<>();

  /** Thrown by the method of this name. */
  final Map<String, SystemdException> broken = new HashMap<>();

  String version = "255 (255.4-1ubuntu8)";

  long ownPid = ProcessHandle.current().pid();

  /** Whether the process is another by then. */
  boolean elsewhere;

  FakeSystemd(FakeKernel kernel, Path tree) {
    this.kernel = kernel;
    this.tree = tree;
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public long ownPid() {
    return ownPid;
  }

  @Override
  public void startSlice(String unit) {
    call("startSlice", unit);
    makeSlice(unit);
  }

  private void makeSlice(String unit) {
    String path = "";
    for (String part : ScopeName.slicePath(unit).substring(1).split("/", -1)) {
      path = path + "/" + part;
      make(path);
    }
  }

  private void make(String path) {
    Path directory = tree.resolve(path.substring(1));
    if (!path.equals("/") && !Files.exists(directory)) {
      kernel.makeDirectory(directory);
    }
  }

  @Override
  public void startScope(String unit, List<UnitProperty> wanted) {
    call("startScope", unit);
    if (states.containsKey(unit)) {
      throw new SystemdException(
          SystemdException.Kind.EXISTS, "Unit " + unit + " was already loaded");
    }
    ScopeName name = null;
    String pid = "";
    for (UnitProperty property : wanted) {
      switch (property.value()) {
        case Text(String slice) when property.name().equals("Slice") ->
            name = new ScopeName(slice, unit);
        case Pids(List<Integer> pids) -> pid = pids.getFirst().toString();
        default -> {}
      }
    }
    makeSlice(name.slice());
    make(name.path());
    states.put(unit, "active");
    properties.put(unit, new ArrayList<>(wanted));
    write(name.path(), elsewhere ? "1" : pid);
  }

  private void write(String path, String pid) {
    try {
      Files.writeString(tree.resolve(path.substring(1)).resolve("cgroup.procs"), pid);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void set(String unit, List<UnitProperty> changed) {
    call("set", unit);
    requireThere(unit);
    properties.put(unit, changed);
  }

  private void requireThere(String unit) {
    if (!states.containsKey(unit)) {
      throw new SystemdException(SystemdException.Kind.GONE, "Unit " + unit + " not loaded");
    }
  }

  @Override
  public void stop(String unit) {
    call("stop", unit);
    requireThere(unit);
    states.remove(unit);
    properties.remove(unit);
  }

  @Override
  public void resetFailed(String unit) {
    call("resetFailed", unit);
    requireThere(unit);
    if (states.get(unit).equals("failed")) {
      states.remove(unit);
    }
  }

  @Override
  public List<Unit> units(String pattern) {
    String regex = pattern.replace(".", "\\.").replace("*", ".*");
    return states.entrySet().stream()
        .filter(unit -> unit.getKey().matches(regex))
        .map(unit -> new Unit(unit.getKey(), unit.getValue()))
        .toList();
  }

  @Override
  public void close() {}

  private void call(String method, String unit) {
    calls.add(method + " " + unit);
    if (broken.containsKey(method)) {
      throw broken.get(method);
    }
  }
}
