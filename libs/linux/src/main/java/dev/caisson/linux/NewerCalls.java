package dev.caisson.linux;

import dev.caisson.linux.SeccompAction.Kind;
import dev.caisson.linux.abi.Architecture;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The beginning of a filter: ENOSYS for calls that are newer than the library's tables, of this
 * machine's own architecture. Source: linux/filter.h, linux/seccomp.h, linux/audit.h.
 */
final class NewerCalls {
  private static final int LOAD = 0x20; // BPF_LD|BPF_W|BPF_ABS
  private static final int JUMP_IF_EQUAL = 0x15; // BPF_JMP|BPF_JEQ|BPF_K
  private static final int JUMP_IF_GREATER = 0x25; // BPF_JMP|BPF_JGT|BPF_K
  private static final int JUMP_IF_NOT_LESS = 0x35; // BPF_JMP|BPF_JGE|BPF_K
  private static final int RETURN = 0x06; // BPF_RET|BPF_K

  // Offsets in struct seccomp_data.
  private static final int NUMBER = 0;
  private static final int ARCHITECTURE = 4;

  /** {@code __X32_SYSCALL_BIT}: from there on calls are x32's, which share x86_64's token. */
  private static final int X32 = 0x4000_0000;

  private static final int INSTRUCTIONS = 6;

  private NewerCalls() {}

  /** Nothing, where the default is no errno or is that one. */
  static ByteBuffer prologue(SeccompAction other, int newest) {
    SeccompAction absent = new SeccompAction(Kind.ERRNO, Errno.ENOSYS.number());
    if (other.kind() != Kind.ERRNO || other.equals(absent)) {
      return ByteBuffer.allocate(0);
    }
    ByteBuffer code =
        ByteBuffer.allocate(INSTRUCTIONS * SeccompFilter.INSTRUCTION_BYTES)
            .order(ByteOrder.nativeOrder());
    put(code, LOAD, 0, 0, ARCHITECTURE);
    put(code, JUMP_IF_EQUAL, 0, 4, token());
    put(code, LOAD, 0, 0, NUMBER);
    put(code, JUMP_IF_NOT_LESS, 2, 0, X32);
    put(code, JUMP_IF_GREATER, 0, 1, newest);
    put(code, RETURN, 0, 0, absent.bits());
    return code.flip();
  }

  /** {@code AUDIT_ARCH_*}. */
  private static int token() {
    return switch (Architecture.current()) {
      case X86_64 -> 0xc000_003e;
      case AARCH64 -> 0xc000_00b7;
    };
  }

  /** {@code struct sock_filter}: code, how many to skip if true and if not, operand. */
  private static void put(ByteBuffer out, int code, int ifTrue, int ifNot, int operand) {
    out.putShort((short) code).put((byte) ifTrue).put((byte) ifNot).putInt(operand);
  }
}
