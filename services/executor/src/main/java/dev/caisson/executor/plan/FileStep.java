package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Bits;
import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Octal;
import dev.caisson.executor.plan.Argument.OpenText;
import dev.caisson.executor.plan.Argument.Rest;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Instruction.Call;
import java.util.List;

/** Files and descriptors. */
sealed interface FileStep extends Step {

  /** openat2(2), the only way in which a path is opened. */
  record Open(Descriptor directory, String path, List<Flag> flags, List<Flag> resolve, Slot into)
      implements FileStep {
    /** {@code sizeof(struct open_how)}, linux/openat2.h. */
    private static final int OPEN_HOW_BYTES = 24;

    @Override
    public Instruction instruction() {
      Struct how =
          new Struct(
              List.of(
                  new Field("flags", 8, new Bits(flags)),
                  new Field("", 8, new Decimal(0)), // mode: nothing is created by opening
                  new Field("resolve", 8, new Bits(resolve))));
      return Call.of(Syscall.OPENAT2, directory, new Text(path), how, new Decimal(OPEN_HOW_BYTES))
          .into(into);
    }

    @Override
    public String describe() {
      return "open " + Paths.absolute(path);
    }
  }

  /** Makes one directory; {@code path} is where that is in the container, for words. */
  record MakeDirectory(Descriptor parent, String name, int mode, String path) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.MKDIRAT, parent, new Text(name), new Octal(mode));
    }

    @Override
    public String describe() {
      return "make directory " + path;
    }
  }

  /** Of a directory that was just made: mkdirat(2) takes the umask off. */
  record SetMode(Descriptor parent, String name, int mode, String path) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.FCHMODAT, parent, new Text(name), new Octal(mode));
    }

    @Override
    public String describe() {
      return "set the mode of " + path;
    }
  }

  /** Ids as the process's user namespace has them, unsigned. */
  record SetOwner(Descriptor parent, String name, int uid, int gid, String path)
      implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.FCHOWNAT,
          parent,
          new Text(name),
          new Decimal(Integer.toUnsignedLong(uid)),
          new Decimal(Integer.toUnsignedLong(gid)),
          new Decimal(0));
    }

    @Override
    public String describe() {
      return "set the owner of " + path;
    }
  }

  /** What SELinux knows a file by: {@code XATTR_NAME_SELINUX}, linux/xattr.h. */
  record SetLabel(Descriptor file, String label, String what) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.FSETXATTR,
          file,
          new Text("security.selinux"),
          new Text(label),
          new Decimal(label.length()),
          new Decimal(0));
    }

    @Override
    public String describe() {
      return "set SELinux label " + label + " of " + what;
    }
  }

  /** An empty regular file, for a mount to cover. */
  record MakeFile(Descriptor parent, String name, String path) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.MKNODAT,
          parent,
          new Text(name),
          // Nobody reads it: without permissions, a mount that is undone opens nothing.
          Bits.of(Flag.S_IFREG),
          new Decimal(0));
    }

    @Override
    public String describe() {
      return "make file " + path;
    }
  }

  /** A named pipe. */
  record MakeFifo(Descriptor parent, String name, int mode, String path) implements FileStep {
    private static final int S_IFIFO = 0x1000;

    @Override
    public Instruction instruction() {
      Octal node = new Octal(S_IFIFO | mode);
      return Call.of(Syscall.MKNODAT, parent, new Text(name), node, new Decimal(0));
    }

    @Override
    public String describe() {
      return "make FIFO " + path;
    }
  }

  /** Ids as the process's user namespace has them. */
  record Own(Descriptor parent, String name, int uid, int gid, String path) implements FileStep {
    private static final Named AT_SYMLINK_NOFOLLOW = new Named("AT_SYMLINK_NOFOLLOW", 0x100);

    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.FCHOWNAT,
          parent,
          new Text(name),
          new Decimal(Integer.toUnsignedLong(uid)),
          new Decimal(Integer.toUnsignedLong(gid)),
          AT_SYMLINK_NOFOLLOW);
    }

    @Override
    public String describe() {
      return "change the owner of " + path;
    }
  }

  record Symlink(String target, Descriptor parent, String name, String path) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.SYMLINKAT, new Text(target), parent, new Text(name));
    }

    @Override
    public String describe() {
      return "make symbolic link " + path;
    }
  }

  /** The process moves itself: {@code 0} is the writer, whatever its number is elsewhere. */
  record JoinCgroup(Donated procs, String hierarchy) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.WRITE, procs, new Text("0"), new Decimal(1));
    }

    @Override
    public String describe() {
      return "join cgroup " + hierarchy;
    }
  }

  /** Writes a kernel parameter; {@code name} is with dots, for words. */
  record WriteParameter(Descriptor file, String value, String name) implements FileStep {
    @Override
    public Instruction instruction() {
      int length = value.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
      return Call.of(Syscall.WRITE, file, new Text(value), new Decimal(length));
    }

    @Override
    public String describe() {
      return "set kernel parameter " + name;
    }
  }

  record Close(Descriptor descriptor) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.CLOSE, descriptor);
    }

    @Override
    public String describe() {
      return "close " + descriptor.text();
    }
  }

  record Redirect(Descriptor source, Donation.Stream stream) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.DUP3, source, new Decimal(stream.number()), new Decimal(0));
    }

    @Override
    public String describe() {
      return "set " + stream.name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** The rest of a string, from a pipe that holds it already. */
  record ReadRest(Donated pipe, OpenText of) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.READ, pipe, new Rest(of), new Decimal(of.room()));
    }

    @Override
    public String describe() {
      return "read " + pipe.name();
    }
  }

  /** A descriptor that the program is given. */
  record Pass(Descriptor source, int number) implements FileStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.DUP3, source, new Decimal(number), new Decimal(0));
    }

    @Override
    public String describe() {
      return "pass descriptor " + number;
    }
  }

  /**
   * These end with execve(2).
   *
   * @param last inclusive; {@link #LAST}: all
   */
  record CloseOnExec(int first, int last) implements FileStep {
    static final int LAST = -1;

    private static final Named ALL = new Named("~0U", 0xffff_ffffL);

    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.CLOSE_RANGE,
          new Decimal(first),
          last == LAST ? ALL : new Decimal(last),
          Bits.of(Flag.CLOSE_RANGE_CLOEXEC));
    }

    @Override
    public String describe() {
      return "close descriptors";
    }
  }
}
