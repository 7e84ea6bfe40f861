package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Flag;
import dev.caisson.linux.MountAttributes;
import dev.caisson.linux.MountFlag;
import dev.caisson.linux.Propagation;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a plan wants of a mount, in the words of the kernel's interface. */
final class Attributes {
  /** {@code MOUNT_ATTR_*} of linux/mount.h, by their bits. */
  private static final Map<Long, MountFlag> FLAGS =
      Map.of(
          0x1L, MountFlag.READ_ONLY,
          0x2L, MountFlag.NO_SUID,
          0x4L, MountFlag.NO_DEVICES,
          0x8L, MountFlag.NO_EXEC,
          0x10L, MountFlag.NO_ATIME,
          0x20L, MountFlag.STRICT_ATIME,
          0x80L, MountFlag.NO_DIRECTORY_ATIME,
          0x200000L, MountFlag.NO_SYMLINK_FOLLOWING);

  private Attributes() {}

  static Set<MountFlag> of(List<Flag> wanted) {
    return of(wanted.stream().mapToLong(Flag::hostBits).reduce(0, (a, b) -> a | b));
  }

  /** These alone, whatever the mount has, and private. */
  static MountAttributes exactly(List<Flag> wanted) {
    Set<MountFlag> set = of(wanted);
    Set<MountFlag> others = EnumSet.allOf(MountFlag.class);
    others.removeAll(set);
    return new MountAttributes(set, others, Optional.of(Propagation.PRIVATE), Optional.empty());
  }

  private static Set<MountFlag> of(long bits) {
    Set<MountFlag> set = EnumSet.noneOf(MountFlag.class);
    FLAGS.forEach((bit, flag) -> {
      if ((bits & bit) != 0) {
        set.add(flag);
      }
    });
    return set;
  }

  static MountAttributes of(dev.caisson.executor.plan.MountAttributes wanted) {
    Set<MountFlag> set = of(wanted.setBits());
    Propagation propagation =
        switch (wanted.propagation()) {
          case PRIVATE -> Propagation.PRIVATE;
          case SLAVE -> Propagation.SLAVE;
        };
    return new MountAttributes(set, Set.of(), Optional.of(propagation), Optional.empty());
  }
}
