package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import java.util.List;

/**
 * A filesystem to be mounted.
 *
 * @param attributes of {@code MOUNT_ATTR_…}
 * @param on where, for words
 */
record NewFilesystem(String type, List<MountOption> options, List<Flag> attributes, String on) {
  NewFilesystem {
    options = List.copyOf(options);
    attributes = List.copyOf(attributes);
  }

  /** The same with other attributes. */
  NewFilesystem with(List<Flag> others) {
    return new NewFilesystem(type, options, others, on);
  }

  /** Makes the mount, detached. */
  Slot make(Assembly assembly) {
    Slot filesystem = assembly.fill(slot -> new MountStep.OpenFilesystem(type, on, slot));
    assembly.label().options(this).forEach(option -> assembly.add(setting(filesystem, option)));
    assembly.add(new MountStep.CreateFilesystem(filesystem, type, on));
    Slot mount =
        assembly.fill(slot -> new MountStep.MakeMount(filesystem, attributes, type, on, slot));
    assembly.release(filesystem);
    assembly.label().mark(assembly, type, mount);
    return mount;
  }

  /** The group of terminals is a wish: a small user namespace may have no such id. */
  private Step setting(Slot filesystem, MountOption option) {
    Step step = new MountStep.SetOption(filesystem, option, type, on);
    boolean wish = type.equals("devpts") && option.equals(MountTable.TERMINAL_GROUP);
    return wish ? step.tolerating(Tolerable.EINVAL) : step;
  }
}
