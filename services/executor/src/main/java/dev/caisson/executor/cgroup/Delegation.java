package dev.caisson.executor.cgroup;

import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds out what of the cgroups an executor without root may use. Source: the kernel's
 * Documentation/admin-guide/cgroup-v2.rst, "Delegation".
 */
final class Delegation {
  private static final System.Logger LOG = System.getLogger(Delegation.class.getName());

  /** How the kernel says that nobody has delegated anything. */
  private static final Set<Errno> NOT_OURS = EnumSet.of(Errno.EACCES, Errno.EROFS);

  /** The line of version 2, cgroups(7). */
  private static final String UNIFIED = "0::";

  private final ControlFiles files;
  private final PidNamespaces namespaces;

  Delegation(ControlFiles files, PidNamespaces namespaces) {
    this.files = files;
    this.namespaces = namespaces;
  }

  Cgroups cgroups(List<Mountinfo.Entry> mounts, String own, String parent) {
    CgroupPath.require(parent);
    return unified(mounts)
        .flatMap(mount -> usable(mount.mountPoint(), inside(mount, own), parent))
        .orElseGet(() -> new Ungrouped(namespaces));
  }

  private static Optional<Mountinfo.Entry> unified(List<Mountinfo.Entry> mounts) {
    return Mountinfo.wholeFirst(mounts).stream()
        .filter(mount -> mount.type().equals("cgroup2"))
        .findFirst();
  }

  /** Where that cannot be told, the root: then everything lies below it. */
  private static String inside(Mountinfo.Entry mount, String own) {
    return mount.inside(ownPath(own)).orElse("/");
  }

  private Optional<Cgroups> usable(Path mount, String own, String parent) {
    Hierarchy tree = new Hierarchy(mount, true, Set.of());
    try {
      make(tree, parent);
      requireEntry(tree, commonAncestor(own, parent));
      Set<Controller> controllers = Hierarchies.available(tree.directory(parent), files);
      Hierarchies ours =
          new Hierarchies(CgroupMode.V2, List.of(new Hierarchy(mount, true, controllers)));
      return Optional.of(new MountedCgroups(ours, files, true));
    } catch (LinuxException e) {
      if (NOT_OURS.contains(e.errno())) {
        LOG.log(System.Logger.Level.WARNING, "Cgroups are not used: {0}", e.getMessage());
        return Optional.empty();
      }
      throw e;
    }
  }

  private void make(Hierarchy tree, String path) {
    if (!path.equals("/")) {
      make(tree, CgroupPath.parent(path));
      try {
        files.makeDirectory(tree.directory(path));
      } catch (LinuxException e) {
        if (e.errno() != Errno.EEXIST) {
          throw e;
        }
      }
    }
  }

  /** Who is born in another cgroup must be allowed to leave the one it comes from. */
  private void requireEntry(Hierarchy tree, String ancestor) {
    files.requireWritable(tree.directory(ancestor).resolve("cgroup.procs"));
  }

  private static String ownPath(String own) {
    return own.lines()
        .filter(line -> line.startsWith(UNIFIED))
        .map(line -> line.substring(UNIFIED.length()))
        .findFirst()
        .orElse("/");
  }

  static String commonAncestor(String one, String other) {
    Path a = Path.of(one);
    Path b = Path.of(other);
    while (!b.startsWith(a)) {
      a = Optional.ofNullable(a.getParent()).orElse(Path.of("/"));
    }
    return a.toString();
  }
}
