package dev.caisson.executor.cgroup;

import java.nio.file.Path;
import java.util.Set;

/**
 * One mounted tree of cgroups.
 *
 * @param unified whether it is the v2 tree
 * @param controllers those of ours that live in it
 */
record Hierarchy(Path mount, boolean unified, Set<Controller> controllers) {
  Hierarchy {
    controllers = Set.copyOf(controllers);
  }

  /**
   * Where a path is in this tree.
   *
   * @param path absolute in the tree
   */
  Path directory(String path) {
    return mount.resolve(path.substring(1));
  }
}
