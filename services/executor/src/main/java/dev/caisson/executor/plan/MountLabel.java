package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The SELinux label of each filesystem that is made for a container, and of all files in it.
 *
 * @param label empty: what the host's policy gives
 */
record MountLabel(String label) {
  static final MountLabel NONE = new MountLabel("");

  /** Those whose files have labels, and that take one when they are made. */
  private static final Set<String> LABELLED = Set.of("tmpfs", "devpts", "overlay");

  /** Made with its namespace, so that it is labelled when it is there. */
  private static final String QUEUES = "mqueue";

  /** What a new filesystem of that type is told. */
  List<MountOption> options(NewFilesystem filesystem) {
    if (label.isEmpty() || !LABELLED.contains(filesystem.type())) {
      return filesystem.options();
    }
    List<MountOption> all = new ArrayList<>(filesystem.options());
    all.add(new MountOption("context", Optional.of(label)));
    return all;
  }

  /**
   * Queues are of one IPC namespace, and nobody else's: without the label, which root of a user
   * namespace may not set and not every policy knows, a program can do less, and never more.
   */
  void mark(Assembly assembly, String type, Slot mount) {
    if (!label.isEmpty() && type.equals(QUEUES)) {
      Slot top =
          assembly.fill(slot ->
              new FileStep.Open(
                  mount,
                  ".",
                  List.of(Flag.O_DIRECTORY, Flag.O_CLOEXEC),
                  List.of(Flag.RESOLVE_IN_ROOT, Flag.RESOLVE_NO_MAGICLINKS),
                  slot));
      assembly.add(
          new FileStep.SetLabel(top, label, type)
              .tolerating(Tolerable.EOPNOTSUPP, Tolerable.EPERM));
      assembly.release(top);
    }
  }
}
