package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Bits;
import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Instruction.Call;
import java.util.List;

/** Pseudo-terminals: ioctl_tty(2). Numbers: asm-generic/ioctls.h. */
sealed interface TerminalStep extends Step {
  Decimal ZERO = new Decimal(0);

  /** A new terminal cannot be opened before. Fails with ENOTTY on whatever is no master. */
  record Unlock(Descriptor master) implements TerminalStep {
    private static final Named TIOCSPTLCK = new Named("TIOCSPTLCK", 0x4004_5431L);

    @Override
    public Instruction instruction() {
      Struct unlocked = new Struct(List.of(new Field("locked", 4, ZERO)));
      return Call.of(Syscall.IOCTL, master, TIOCSPTLCK, unlocked);
    }

    @Override
    public String describe() {
      return "unlock the terminal";
    }
  }

  /**
   * Sends descriptor 0 to the executor: a number that is known when the program is made, and free
   * until the standard streams are set.
   */
  record SendStdin(Donated socket) implements TerminalStep {
    // linux/socket.h; struct msghdr, iovec and cmsghdr of both machines.
    private static final int CONTROL_LENGTH = 20;
    private static final int CONTROL_SPACE = 24;
    private static final Named SOL_SOCKET = new Named("SOL_SOCKET", 1);
    private static final Named SCM_RIGHTS = new Named("SCM_RIGHTS", 1);
    private static final Named MSG_NOSIGNAL = new Named("MSG_NOSIGNAL", 0x4000);

    @Override
    public Instruction instruction() {
      Struct message =
          new Struct(
              List.of(
                  new Field("", 8, ZERO), // msg_name
                  new Field("", 8, ZERO), // msg_namelen, padding
                  new Field("msg_iov", 8, data()),
                  new Field("", 8, new Decimal(1)), // msg_iovlen
                  new Field("msg_control", 8, control()),
                  new Field("", 8, new Decimal(CONTROL_SPACE)), // msg_controllen
                  new Field("", 8, ZERO))); // msg_flags, padding
      return Call.of(Syscall.SENDMSG, socket, message, MSG_NOSIGNAL);
    }

    /** A message without a byte could not be told from the end. */
    private static Struct data() {
      return new Struct(
          List.of(
              new Field("iov_base", 8, new Text("t")), new Field("iov_len", 8, new Decimal(1))));
    }

    private static Struct control() {
      return new Struct(
          List.of(
              new Field("", 8, new Decimal(CONTROL_LENGTH)),
              new Field("", 4, SOL_SOCKET),
              new Field("cmsg_type", 4, SCM_RIGHTS),
              new Field("cmsg_data", 4, ZERO),
              new Field("", 4, ZERO)));
    }

    @Override
    public String describe() {
      return "send the terminal";
    }
  }

  /** The other side, without any path. */
  record OpenPeer(Descriptor master, Slot into) implements TerminalStep {
    private static final Named TIOCGPTPEER = new Named("TIOCGPTPEER", 0x5441);

    @Override
    public Instruction instruction() {
      Bits flags = Bits.of(Flag.O_RDWR, Flag.O_NOCTTY, Flag.O_CLOEXEC);
      return Call.of(Syscall.IOCTL, master, TIOCGPTPEER, flags).into(into);
    }

    @Override
    public String describe() {
      return "open the terminal";
    }
  }

  /** Rows and columns, in characters. */
  record SetSize(Descriptor peer, int rows, int columns) implements TerminalStep {
    private static final Named TIOCSWINSZ = new Named("TIOCSWINSZ", 0x5414);

    @Override
    public Instruction instruction() {
      Struct size =
          new Struct(
              List.of(
                  new Field("ws_row", 2, new Decimal(rows)),
                  new Field("ws_col", 2, new Decimal(columns)),
                  new Field("", 4, ZERO))); // in pixels
      return Call.of(Syscall.IOCTL, peer, TIOCSWINSZ, size);
    }

    @Override
    public String describe() {
      return "set the size of the terminal";
    }
  }

  /** The group stays the one that the filesystem gives: that of terminals. */
  record Own(Descriptor peer, int uid) implements TerminalStep {
    private static final Named SAME = new Named("-1", -1);

    @Override
    public Instruction instruction() {
      Decimal owner = new Decimal(Integer.toUnsignedLong(uid));
      Bits itself = Bits.of(Flag.AT_EMPTY_PATH);
      return Call.of(Syscall.FCHOWNAT, peer, new Text(""), owner, SAME, itself);
    }

    @Override
    public String describe() {
      return "give the terminal to user " + Integer.toUnsignedString(uid);
    }
  }

  /** Descriptor 0 becomes the session's controlling terminal. */
  record TakeControl() implements TerminalStep {
    private static final Named TIOCSCTTY = new Named("TIOCSCTTY", 0x540e);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.IOCTL, ZERO, TIOCSCTTY, ZERO);
    }

    @Override
    public String describe() {
      return "take control of the terminal";
    }
  }
}
