package dev.caisson.linux;

import static dev.caisson.linux.Bpf.JUMP_IF_EQUAL;
import static dev.caisson.linux.Bpf.JUMP_IF_GREATER;
import static dev.caisson.linux.Bpf.JUMP_IF_NOT_LESS;

import dev.caisson.linux.Bpf.Instruction;
import dev.caisson.linux.SeccompAction.Kind;
import dev.caisson.linux.abi.Architecture;
import java.nio.ByteBuffer;

/**
 * The beginning of a filter: ENOSYS for calls that are newer than the library's tables, of this
 * machine's own architecture. Source: linux/seccomp.h, linux/audit.h.
 */
final class NewerCalls {
  /** {@code __X32_SYSCALL_BIT}: from there on calls are x32's, which share x86_64's token. */
  private static final int X32 = 0x4000_0000;

  private NewerCalls() {}

  /** Nothing, where the default is no errno or is that one. */
  static ByteBuffer prologue(SeccompAction other, int newest) {
    SeccompAction absent = new SeccompAction(Kind.ERRNO, Errno.ENOSYS.number());
    if (other.kind() != Kind.ERRNO || other.equals(absent)) {
      return ByteBuffer.allocate(0);
    }
    return Bpf.encode(
        Instruction.of(Bpf.LOAD, Bpf.ARCHITECTURE),
        new Instruction(JUMP_IF_EQUAL, 0, 4, token()),
        Instruction.of(Bpf.LOAD, Bpf.NUMBER),
        new Instruction(JUMP_IF_NOT_LESS, 2, 0, X32),
        new Instruction(JUMP_IF_GREATER, 0, 1, newest),
        Instruction.of(Bpf.RETURN, absent.bits()));
  }

  /** {@code AUDIT_ARCH_*}. */
  private static int token() {
    return switch (Architecture.current()) {
      case X86_64 -> 0xc000_003e;
      case AARCH64 -> 0xc000_00b7;
    };
  }
}
