package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Bits;
import dev.caisson.executor.plan.Argument.Bytes;
import dev.caisson.executor.plan.Argument.Cell;
import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Instruction.Call;
import java.util.HexFormat;
import java.util.List;

/** The system calls that a process may still make. Source: seccomp(2), seccomp_unotify(2). */
sealed interface FilterStep extends Step {
  /** What the listener's number is written to. */
  Cell LISTENER = new Cell("listener");

  /** Puts the filter in force, and hands out its listener, if it has one. */
  static void install(Assembly assembly, Filter filter) {
    assembly.add(new Install(filter));
    if (filter.notifies()) {
      assembly.add(new SendListener(assembly.donate(new Donation.ListenerSocket())));
    }
  }

  record Install(Filter filter) implements FilterStep {
    private static final Named SET_MODE_FILTER = new Named("SECCOMP_SET_MODE_FILTER", 1);

    /** {@code struct sock_fprog}, linux/filter.h: the pointer is aligned. */
    @Override
    public Instruction instruction() {
      Struct program =
          new Struct(
              List.of(
                  new Field("len", 2, new Decimal(filter.length())),
                  new Field("", 2, new Decimal(0)),
                  new Field("", 4, new Decimal(0)),
                  new Field("filter", 8, new Bytes(filter.instructions(), shown()))));
      Call call = Call.of(Syscall.SECCOMP, SET_MODE_FILTER, new Bits(filter.flags()), program);
      return filter.notifies() ? call.storing(LISTENER) : call;
    }

    private String shown() {
      return "[sha256 " + HexFormat.of().formatHex(filter.sha256().toByteArray()) + "]";
    }

    @Override
    public String describe() {
      return "install the system call filter";
    }
  }

  /** One message with the descriptor beside it. */
  record SendListener(Donated socket) implements FilterStep {
    /** {@code SOL_SOCKET}, {@code SCM_RIGHTS}: asm-generic/socket.h, linux/socket.h. */
    private static final Named LEVEL = new Named("SOL_SOCKET", 1);

    private static final Named RIGHTS = new Named("SCM_RIGHTS", 1);

    /** Of {@code struct cmsghdr}. */
    private static final int HEADER_BYTES = 16;

    private static final String WORD = "listener";

    @Override
    public Instruction instruction() {
      Struct message =
          new Struct(
              List.of(
                  hidden(8, 0),
                  hidden(4, 0),
                  hidden(4, 0),
                  new Field("msg_iov", 8, vector()),
                  hidden(8, 1),
                  new Field("msg_control", 8, control()),
                  hidden(8, HEADER_BYTES + 2 * Cell.BYTES), // CMSG_SPACE
                  hidden(4, 0),
                  hidden(4, 0)));
      return Call.of(Syscall.SENDMSG, socket, message, Bits.of(Flag.MSG_NOSIGNAL));
    }

    private static Struct vector() {
      return new Struct(
          List.of(new Field("iov_base", 8, new Text(WORD)), hidden(8, WORD.length())));
    }

    private static Struct control() {
      return new Struct(
          List.of(
              hidden(8, HEADER_BYTES + Cell.BYTES), // CMSG_LEN
              new Field("cmsg_level", 4, LEVEL),
              new Field("cmsg_type", 4, RIGHTS),
              new Field("fd", Cell.BYTES, LISTENER),
              hidden(4, 0)));
    }

    private static Field hidden(int bytes, long value) {
      return new Field("", bytes, new Decimal(value));
    }

    @Override
    public String describe() {
      return "hand out the listener of the system call filter";
    }
  }
}
