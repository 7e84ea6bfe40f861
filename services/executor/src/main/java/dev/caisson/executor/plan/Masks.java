package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import java.util.List;
import java.util.function.Function;

/**
 * Paths that a container must not read, or not write. What is not there needs no hiding.
 *
 * <p>A file is hidden behind the null device, a directory behind an empty one. A program has no
 * branches, so there are steps for both, and what could be opened decides which ones are done. No
 * copy of a mount is made for nothing: to close one that is not attached, the kernel waits for a
 * grace period of RCU (namespace_unlock in fs/namespace.c).
 */
final class Masks {
  private static final List<MountOption> SMALL =
      List.of(MountOption.parse("mode=755"), MountOption.parse("nr_inodes=2"));
  private static final List<Flag> READONLY =
      List.of(
          Flag.MOUNT_ATTR_RDONLY,
          Flag.MOUNT_ATTR_NOSUID,
          Flag.MOUNT_ATTR_NODEV,
          Flag.MOUNT_ATTR_NOEXEC);

  private final Assembly assembly;
  private final Targets targets;

  private Masks(Assembly assembly, Targets targets) {
    this.assembly = assembly;
    this.targets = targets;
  }

  static void cover(
      Assembly assembly, Targets targets, List<String> masked, List<String> readonly) {
    Masks masks = new Masks(assembly, targets);
    assembly.concerns("");
    if (!masked.isEmpty()) {
      masks.hideAll(clean("masked_paths", masked));
    }
    assembly.concerns("readonly_paths");
    clean("readonly_paths", readonly).forEach(masks::makeReadonly);
  }

  private static List<String> clean(String field, List<String> paths) {
    return paths.stream().map(path -> Paths.clean(field, path)).distinct().toList();
  }

  private void hideAll(List<String> paths) {
    Donated device = attachNull();
    Slot directory = openEmpty();
    assembly.concerns("masked_paths");
    for (String path : paths) {
      hide(path, device, directory);
    }
    assembly.release(directory);
  }

  /**
   * A mount can be copied where it is attached: in the sandbox's root, where no image can reach it.
   */
  private Donated attachNull() {
    Donated device = Devices.donateNull(assembly);
    Slot place = assembly.openTrusted(SandboxPlan.NULL, Flag.O_PATH, Flag.O_CLOEXEC);
    assembly.add(new MountStep.Attach(device, place, "null", SandboxPlan.NULL));
    assembly.release(place);
    return device;
  }

  /**
   * In the sandbox's root: no filesystem of its own is needed for what is empty, but where only one
   * has the label that the container may look at.
   */
  private Slot openEmpty() {
    Slot place =
        assembly.openTrusted(SandboxPlan.EMPTY, Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    if (assembly.label().equals(MountLabel.NONE)) {
      return place;
    }
    Slot labelled = new NewFilesystem("tmpfs", SMALL, READONLY, SandboxPlan.EMPTY).make(assembly);
    assembly.add(new MountStep.Attach(labelled, place, "tmpfs", SandboxPlan.EMPTY));
    assembly.release(place);
    return labelled;
  }

  private void hide(String path, Donated device, Slot empty) {
    Slot directory = targets.openDirectoryIfThere(path);
    Slot any = targets.openAnyIfThere(path);
    cover(
        path,
        "an empty directory",
        directory,
        copy -> new MountStep.CloneTree(empty, false, path, copy).onlyIf(directory));
    cover(
        path,
        "null",
        any,
        copy ->
            new MountStep.CloneTree(device, false, path, copy).onlyIf(any).onlyUnless(directory));
    assembly.releaseIfOpen(any);
    assembly.releaseIfOpen(directory);
  }

  private void cover(String path, String what, Slot target, Function<Slot, Step> copying) {
    Slot copy = assembly.fill(copying);
    assembly.add(new MountStep.Attach(copy, target, what, path).tolerating(Tolerable.EBADF));
    assembly.releaseIfOpen(copy);
  }

  /** Covers a path, with all that is mounted beneath it, by a copy that cannot be written. */
  private void makeReadonly(String path) {
    Slot target = targets.openAnyIfThere(path);
    Slot copy =
        assembly.fill(
            slot -> new MountStep.CloneTree(target, true, path, slot).tolerating(Tolerable.EBADF));
    assembly.add(new MountStep.MakeReadonly(copy, true, path).tolerating(Tolerable.EBADF));
    assembly.add(
        new MountStep.Attach(copy, target, "a read-only copy", path).tolerating(Tolerable.EBADF));
    assembly.releaseIfOpen(copy);
    assembly.releaseIfOpen(target);
  }
}
