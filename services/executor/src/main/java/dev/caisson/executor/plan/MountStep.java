package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Bits;
import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Here;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Instruction.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Mounts, made detached and attached onto descriptors. Source: linux/mount.h. */
sealed interface MountStep extends Step {

  /** Begins a filesystem; {@code on} is where in the container it will be, for words. */
  record OpenFilesystem(String type, String on, Slot into) implements MountStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.FSOPEN, new Text(type), Bits.of(Flag.FSOPEN_CLOEXEC)).into(into);
    }

    @Override
    public String describe() {
      return "mount " + type + " on " + on;
    }
  }

  record SetOption(Slot filesystem, MountOption option, String type, String on)
      implements MountStep {
    private static final Named SET_FLAG = new Named("FSCONFIG_SET_FLAG", 0);
    private static final Named SET_STRING = new Named("FSCONFIG_SET_STRING", 1);

    @Override
    public Instruction instruction() {
      Text key = new Text(option.key());
      Decimal unused = new Decimal(0);
      return option
          .value()
          .map(Text::new)
          .map(value -> Call.of(Syscall.FSCONFIG, filesystem, SET_STRING, key, value, unused))
          .orElseGet(
              () -> Call.of(Syscall.FSCONFIG, filesystem, SET_FLAG, key, new Decimal(0), unused));
    }

    @Override
    public String describe() {
      return "set option " + option.text() + " of " + type + " on " + on;
    }
  }

  record CreateFilesystem(Slot filesystem, String type, String on) implements MountStep {
    private static final Named CREATE = new Named("FSCONFIG_CMD_CREATE", 6);

    @Override
    public Instruction instruction() {
      Decimal none = new Decimal(0);
      return Call.of(Syscall.FSCONFIG, filesystem, CREATE, none, none, none);
    }

    @Override
    public String describe() {
      return "mount " + type + " on " + on;
    }
  }

  record MakeMount(Slot filesystem, List<Flag> attributes, String type, String on, Slot into)
      implements MountStep {
    @Override
    public Instruction instruction() {
      return Call.of(
              Syscall.FSMOUNT, filesystem, Bits.of(Flag.FSMOUNT_CLOEXEC), new Bits(attributes))
          .into(into);
    }

    @Override
    public String describe() {
      return "mount " + type + " on " + on;
    }
  }

  /** A detached copy of what is mounted at a descriptor. */
  record CloneTree(Descriptor of, boolean recursive, String on, Slot into) implements MountStep {
    @Override
    public Instruction instruction() {
      List<Flag> flags = new ArrayList<>();
      flags.add(Flag.AT_EMPTY_PATH);
      if (recursive) {
        flags.add(Flag.AT_RECURSIVE);
      }
      flags.add(Flag.OPEN_TREE_CLONE);
      flags.add(Flag.OPEN_TREE_CLOEXEC);
      return Call.of(Syscall.OPEN_TREE, of, new Text(""), new Bits(flags)).into(into);
    }

    @Override
    public String describe() {
      return "copy the mount for " + on;
    }
  }

  record Attach(Descriptor tree, Descriptor target, String what, String on) implements MountStep {
    @Override
    public Instruction instruction() {
      Text empty = new Text("");
      return Call.of(
          Syscall.MOVE_MOUNT,
          tree,
          empty,
          target,
          empty,
          Bits.of(Flag.MOVE_MOUNT_F_EMPTY_PATH, Flag.MOVE_MOUNT_T_EMPTY_PATH));
    }

    @Override
    public String describe() {
      return "mount " + what + " on " + on;
    }
  }

  record MakeReadonly(Descriptor mount, boolean recursive, String on) implements MountStep {
    @Override
    public Instruction instruction() {
      List<Flag> flags = new ArrayList<>(List.of(Flag.AT_EMPTY_PATH));
      if (recursive) {
        flags.add(Flag.AT_RECURSIVE);
      }
      return Call.of(
          Syscall.MOUNT_SETATTR,
          mount,
          new Text(""),
          new Bits(flags),
          Attributes.struct(List.of(Flag.MOUNT_ATTR_RDONLY), Optional.empty()),
          new Decimal(Attributes.BYTES));
    }

    @Override
    public String describe() {
      return "make " + on + " read-only";
    }
  }

  /** Adds attributes to those that a mount has. */
  record Restrict(Descriptor mount, List<Flag> attributes, String on) implements MountStep {
    public Restrict {
      attributes = List.copyOf(attributes);
    }

    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.MOUNT_SETATTR,
          mount,
          new Text(""),
          Bits.of(Flag.AT_EMPTY_PATH),
          Attributes.struct(attributes, Optional.empty()),
          new Decimal(Attributes.BYTES));
    }

    @Override
    public String describe() {
      return "restrict " + on;
    }
  }

  /** No mount of this namespace reaches another from now on, nor the other way round. */
  record MakePrivate() implements MountStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.MOUNT_SETATTR,
          new Here(),
          new Text("/"),
          Bits.of(Flag.AT_RECURSIVE),
          Attributes.struct(List.of(), Optional.of(Flag.MS_PRIVATE)),
          new Decimal(Attributes.BYTES));
    }

    @Override
    public String describe() {
      return "make the mounts private";
    }
  }

  /**
   * The current directory becomes the root, the old root is stacked upon it: pivot_root(2), NOTES.
   */
  record PivotRoot() implements MountStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PIVOT_ROOT, new Text("."), new Text("."));
    }

    @Override
    public String describe() {
      return "change the root";
    }
  }

  record DetachHere() implements MountStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.UMOUNT2, new Text("."), Bits.of(Flag.MNT_DETACH));
    }

    @Override
    public String describe() {
      return "detach the old root";
    }
  }

  /** Of a directory in the current one, with all that is mounted there. */
  record Detach(String name) implements MountStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.UMOUNT2, new Text(name), Bits.of(Flag.MNT_DETACH, Flag.UMOUNT_NOFOLLOW));
    }

    @Override
    public String describe() {
      return "detach " + name;
    }
  }

  /** {@code struct mount_attr}. */
  final class Attributes {
    /** {@code MOUNT_ATTR_SIZE_VER0}. */
    static final int BYTES = 32;

    private static final Named ATIME = new Named("MOUNT_ATTR__ATIME", MountAttributes.ATIME);

    private Attributes() {}

    static Struct struct(List<Flag> set, Optional<Flag> propagation) {
      List<Flag> kind = propagation.map(List::of).orElse(List.of());
      boolean atime = MountAttributes.clearsAtime(set);
      return new Struct(
          List.of(
              new Field(set.isEmpty() ? "" : "attr_set", 8, new Bits(set)),
              atime ? new Field("attr_clr", 8, ATIME) : new Field("", 8, new Decimal(0)),
              new Field(kind.isEmpty() ? "" : "propagation", 8, new Bits(kind)),
              new Field("", 8, new Decimal(0)))); // userns_fd
    }
  }
}
