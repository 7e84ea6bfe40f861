package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Slot;
import java.util.List;

/**
 * A filesystem that shows a lower tree, of which nothing changes: what is written goes into an
 * upper one. overlayfs, Documentation/filesystems/overlayfs.rst.
 *
 * <p>overlayfs is told of its layers by paths. These are in the sandbox's own root, which nobody
 * but its programs has made: no path of the host or of an image is looked up.
 */
final class Overlay {
  /** What only holds changes needs none of this by itself. */
  static final List<Flag> SAFE = List.of(Flag.MOUNT_ATTR_NOSUID, Flag.MOUNT_ATTR_NODEV);

  private static final String TYPE = "overlay";
  private static final String CHANGES = "upper";
  private static final String WORK = "work";
  private static final int PRIVATE_MODE = 0700;

  private final Assembly assembly;
  private final String on;

  /**
   * @param on where it will be, for words
   */
  Overlay(Assembly assembly, String on) {
    this.assembly = assembly;
    this.on = on;
  }

  /**
   * Makes the mount, detached. The layers are attached meanwhile, and stay so until the sandbox's
   * root is left.
   *
   * @param lower a detached mount
   * @param upper a detached mount with nothing in it
   * @param top what its root directory is to look like
   */
  Slot make(Descriptor lower, Descriptor upper, DirectoryFacts top, List<Flag> attributes) {
    makeUpper(upper, top);
    attach(lower, SandboxPlan.LOWER, "the lower layer");
    attach(upper, SandboxPlan.UPPER, "the upper layer");
    return new NewFilesystem(TYPE, options(), attributes, on).make(assembly);
  }

  private static List<MountOption> options() {
    return List.of(
        MountOption.parse("lowerdir=" + SandboxPlan.LOWER),
        MountOption.parse("upperdir=" + SandboxPlan.UPPER + "/" + CHANGES),
        MountOption.parse("workdir=" + SandboxPlan.UPPER + "/" + WORK),
        // Marks of overlayfs that a user namespace may set, and that redirect nothing.
        MountOption.parse("userxattr"),
        // It is gone with the container: nothing need reach a disk.
        MountOption.parse("volatile"));
  }

  private void makeUpper(Descriptor upper, DirectoryFacts top) {
    String path = SandboxPlan.UPPER + "/" + CHANGES;
    assembly.add(new FileStep.MakeDirectory(upper, CHANGES, PRIVATE_MODE, path));
    if (top.uid() != 0 || top.gid() != 0) {
      assembly.add(new FileStep.SetOwner(upper, CHANGES, top.uid(), top.gid(), path));
    }
    assembly.add(new FileStep.SetMode(upper, CHANGES, top.mode(), path));
    assembly.add(
        new FileStep.MakeDirectory(upper, WORK, PRIVATE_MODE, SandboxPlan.UPPER + "/" + WORK));
  }

  private void attach(Descriptor tree, String place, String what) {
    Slot target = assembly.openTrusted(place, Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    assembly.add(new MountStep.Attach(tree, target, what, place));
    assembly.release(target);
  }
}
