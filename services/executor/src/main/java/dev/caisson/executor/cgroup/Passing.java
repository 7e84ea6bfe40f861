package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * v2: children get a controller only when their parent passes it on. What is passed on already is
 * not written again; two at once do no harm.
 */
record Passing(ControlFiles files) {

  /** Whatever every child has, as far as the parent has it. */
  void usual(Hierarchy hierarchy, String parent) {
    Set<Controller> wanted = EnumSet.noneOf(Controller.class);
    hierarchy.controllers().stream().filter(c -> !c.onDemand()).forEach(wanted::add);
    if (wanted.isEmpty()) {
      return;
    }
    Path directory = hierarchy.directory(parent);
    wanted.removeAll(passed(directory));
    if (!wanted.isEmpty()) {
      wanted.retainAll(Hierarchies.available(directory, files));
      passOn(directory, wanted);
    }
  }

  /** From the top of the tree, or the first cgroup that has them, down to the parent. */
  void onDemand(Hierarchy hierarchy, String parent, Set<Controller> wanted) {
    if (wanted.isEmpty()) {
      return;
    }
    Path directory = hierarchy.directory(parent);
    Set<Controller> left = EnumSet.copyOf(wanted);
    left.removeAll(passed(directory));
    if (left.isEmpty()) {
      return;
    }
    if (!parent.equals("/") && !Hierarchies.available(directory, files).containsAll(left)) {
      onDemand(hierarchy, CgroupPath.parent(parent), left);
    }
    passOn(directory, left);
  }

  private Set<Controller> passed(Path directory) {
    return Hierarchies.controllersOf(subtree(directory), files);
  }

  private static Path subtree(Path directory) {
    return directory.resolve("cgroup.subtree_control");
  }

  private void passOn(Path directory, Set<Controller> wanted) {
    if (wanted.isEmpty()) {
      return;
    }
    String all =
        wanted.stream().map(c -> "+" + c.kernelName(true)).collect(Collectors.joining(" "));
    try {
      files.write(subtree(directory), all);
    } catch (LinuxException e) {
      throw CgroupException.ofPassing(all, subtree(directory), e);
    }
  }
}
