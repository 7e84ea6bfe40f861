package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What the host mounts, and which controller is used where. */
record Hierarchies(CgroupMode mode, List<Hierarchy> all) {
  Hierarchies {
    all = List.copyOf(all);
  }

  static Hierarchies detect(List<Mountinfo.Entry> mountinfo, ControlFiles files) {
    List<Mountinfo.Entry> mounts = Mountinfo.wholeFirst(mountinfo);
    Optional<Hierarchy> unified = unified(mounts, files);
    List<Hierarchy> v1 = v1(mounts, unified.isEmpty());
    if (v1.isEmpty() && unified.isEmpty()) {
      throw new CgroupException(
          CgroupException.Kind.MISSING,
          "find",
          "a cgroup hierarchy",
          "none is mounted; mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
    }
    List<Hierarchy> all = new ArrayList<>(v1);
    unified.ifPresent(all::add);
    return new Hierarchies(mode(!v1.isEmpty(), unified.isPresent()), all);
  }

  private static CgroupMode mode(boolean v1, boolean v2) {
    if (v1 && v2) {
      return CgroupMode.HYBRID;
    }
    return v1 ? CgroupMode.V1 : CgroupMode.V2;
  }

  private static Optional<Hierarchy> unified(List<Mountinfo.Entry> mounts, ControlFiles files) {
    return mounts.stream()
        .filter(m -> m.type().equals("cgroup2"))
        .findFirst()
        .map(m -> new Hierarchy(m.mountPoint(), true, available(m.mountPoint(), files)));
  }

  /** The controllers that a v2 directory can pass on to its children. */
  static Set<Controller> available(Path directory, ControlFiles files) {
    return controllersOf(directory.resolve("cgroup.controllers"), files);
  }

  /** Of a file that lists some in a line. */
  static Set<Controller> controllersOf(Path file, ControlFiles files) {
    try {
      return named(List.of(files.read(file).split(" ", -1)), true);
    } catch (LinuxException e) {
      throw new CgroupException("read", file, e);
    }
  }

  /** The first mount of each set of controllers; a hierarchy may be mounted many times. */
  private static List<Hierarchy> v1(List<Mountinfo.Entry> mounts, boolean withFreezer) {
    Set<Controller> left = EnumSet.allOf(Controller.class);
    if (!withFreezer) {
      left.remove(Controller.FREEZER);
      left.remove(Controller.DEVICES);
    }
    List<Hierarchy> found = new ArrayList<>();
    for (Mountinfo.Entry mount : mounts) {
      Set<Controller> controllers =
          mount.type().equals("cgroup") ? named(mount.superOptions(), false) : Set.of();
      if (!controllers.isEmpty() && left.containsAll(controllers)) {
        found.add(new Hierarchy(mount.mountPoint(), false, controllers));
        left.removeAll(controllers);
      }
    }
    return found;
  }

  private static Set<Controller> named(Iterable<String> names, boolean unified) {
    Set<Controller> controllers = EnumSet.noneOf(Controller.class);
    names.forEach(name -> Controller.named(name, unified).ifPresent(controllers::add));
    return controllers;
  }

  Optional<Hierarchy> unified() {
    return all.stream().filter(Hierarchy::unified).findFirst();
  }

  Optional<Hierarchy> of(Controller controller) {
    return all.stream().filter(h -> h.controllers().contains(controller)).findFirst();
  }

  /** v1 only, in the order of their first controllers. */
  List<Hierarchy> v1InOrder() {
    return Arrays.stream(Controller.values())
        .map(this::of)
        .flatMap(Optional::stream)
        .filter(h -> !h.unified())
        .distinct()
        .toList();
  }

  String explanation() {
    return mode.text()
        + ", "
        + mode.why()
        + ": "
        + all.stream().map(Hierarchies::describe).collect(Collectors.joining("; "));
  }

  private static String describe(Hierarchy hierarchy) {
    String controllers =
        hierarchy.controllers().stream()
            .sorted()
            .map(controller -> controller.kernelName(hierarchy.unified()))
            .collect(Collectors.joining(", "));
    String what = controllers.isEmpty() ? "no controller, for kill and freeze" : controllers;
    return what + " from " + (hierarchy.unified() ? "v2" : "v1") + " at " + hierarchy.mount();
  }
}
