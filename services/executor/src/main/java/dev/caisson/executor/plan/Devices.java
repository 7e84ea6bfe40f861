package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import java.util.ArrayList;
import java.util.List;

/** What is in {@code /dev}: runtime-spec config-linux.md, "Default Devices". */
final class Devices {
  private record Node(String path, int minor) {}

  private record Link(String target, String name) {}

  private static final int MEMORY_MAJOR = 1;
  private static final int TTY_MAJOR = 5;

  /** Major 1. Source: Documentation/admin-guide/devices.txt. */
  private static final List<Node> MEMORY =
      List.of(
          new Node("/dev/zero", 5),
          new Node("/dev/full", 7),
          new Node("/dev/random", 8),
          new Node("/dev/urandom", 9));

  private static final Node NULL = new Node("/dev/null", 3);
  private static final Node TTY = new Node("/dev/tty", 0);

  private static final List<Link> LINKS =
      List.of(
          new Link("pts/ptmx", "ptmx"),
          new Link("/proc/self/fd", "fd"),
          new Link("/proc/self/fd/0", "stdin"),
          new Link("/proc/self/fd/1", "stdout"),
          new Link("/proc/self/fd/2", "stderr"),
          new Link("/proc/kcore", "core"));

  private Devices() {}

  /** Each of them once. */
  static List<Donation.DeviceTree> all() {
    List<Donation.DeviceTree> all = new ArrayList<>();
    all.add(tree(NULL, MEMORY_MAJOR));
    MEMORY.forEach(node -> all.add(tree(node, MEMORY_MAJOR)));
    all.add(tree(TTY, TTY_MAJOR));
    return all;
  }

  private static Donation.DeviceTree tree(Node node, int major) {
    return new Donation.DeviceTree(node.path(), major, node.minor());
  }

  /** A fresh copy of the host's null device, checked to be one. */
  static Donated donateNull(Assembly assembly) {
    return donate(assembly, NULL, MEMORY_MAJOR);
  }

  /** Fills {@code /dev}, a filesystem that nobody else can reach yet. */
  static void fill(Assembly assembly, Targets targets) {
    Slot dev = targets.openDirectory(MountTable.DEV);
    mount(assembly, targets, dev, donateNull(assembly), NULL);
    MEMORY.forEach(
        node -> mount(assembly, targets, dev, donate(assembly, node, MEMORY_MAJOR), node));
    mount(assembly, targets, dev, donate(assembly, TTY, TTY_MAJOR), TTY);
    LINKS.forEach(link -> assembly.add(link(dev, link)));
    assembly.release(dev);
  }

  private static Donated donate(Assembly assembly, Node node, int major) {
    return assembly.donate(tree(node, major));
  }

  private static void mount(Assembly assembly, Targets targets, Slot dev, Donated tree, Node node) {
    // A mount of the specification may have made it.
    assembly.add(
        new FileStep.MakeFile(dev, Paths.name(node.path()), node.path())
            .tolerating(Tolerable.EEXIST));
    Slot target = targets.openAny(node.path());
    assembly.add(new MountStep.Attach(tree, target, tree.name(), node.path()));
    assembly.release(target);
  }

  private static Step link(Slot dev, Link link) {
    return new FileStep.Symlink(link.target(), dev, link.name(), MountTable.DEV + "/" + link.name())
        .tolerating(Tolerable.EEXIST);
  }
}
