package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import java.util.List;

/**
 * Paths that a container must not read, or not write. What is not there needs no hiding.
 *
 * <p>A file is hidden behind the null device, a directory behind an empty one. A program has no
 * branches, so both are tried, and what the path is decides which one the kernel takes: it does not
 * mount a file on a directory (EINVAL of do_move_mount in fs/namespace.c), and no directory can be
 * opened where there is a file.
 */
final class Masks {
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
    Slot directory = attachEmpty();
    assembly.concerns("masked_paths");
    for (String path : paths) {
      hideFile(path, device);
      hideDirectory(path, directory);
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

  private Slot attachEmpty() {
    List<MountOption> small =
        List.of(MountOption.parse("mode=755"), MountOption.parse("nr_inodes=2"));
    List<Flag> attributes =
        List.of(
            Flag.MOUNT_ATTR_RDONLY,
            Flag.MOUNT_ATTR_NOSUID,
            Flag.MOUNT_ATTR_NODEV,
            Flag.MOUNT_ATTR_NOEXEC);
    Slot empty = new NewFilesystem("tmpfs", small, attributes, SandboxPlan.EMPTY).make(assembly);
    Slot place =
        assembly.openTrusted(SandboxPlan.EMPTY, Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    assembly.add(new MountStep.Attach(empty, place, "tmpfs", SandboxPlan.EMPTY));
    assembly.release(place);
    return empty;
  }

  private void hideFile(String path, Donated device) {
    Slot target = targets.openAnyIfThere(path);
    Slot cover = assembly.fill(slot -> new MountStep.CloneTree(device, false, path, slot));
    assembly.add(
        new MountStep.Attach(cover, target, "null", path)
            .tolerating(Tolerable.EBADF, Tolerable.EINVAL));
    assembly.release(cover);
    assembly.releaseIfOpen(target);
  }

  private void hideDirectory(String path, Slot empty) {
    Slot target = targets.openDirectoryIfThere(path);
    Slot cover = assembly.fill(slot -> new MountStep.CloneTree(empty, false, path, slot));
    assembly.add(new MountStep.Attach(cover, target, "tmpfs", path).tolerating(Tolerable.EBADF));
    assembly.release(cover);
    assembly.releaseIfOpen(target);
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
