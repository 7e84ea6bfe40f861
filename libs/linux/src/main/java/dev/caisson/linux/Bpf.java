package dev.caisson.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The instructions of classic BPF that filters of system calls are made of here, and what they look
 * at. Source: linux/filter.h, linux/bpf_common.h, linux/seccomp.h.
 */
final class Bpf {
  static final int LOAD = 0x20; // BPF_LD|BPF_W|BPF_ABS
  static final int AND = 0x54; // BPF_ALU|BPF_AND|BPF_K
  static final int JUMP = 0x05; // BPF_JMP|BPF_JA
  static final int JUMP_IF_EQUAL = 0x15; // BPF_JMP|BPF_JEQ|BPF_K
  static final int JUMP_IF_GREATER = 0x25; // BPF_JMP|BPF_JGT|BPF_K
  static final int JUMP_IF_NOT_LESS = 0x35; // BPF_JMP|BPF_JGE|BPF_K
  static final int JUMP_IF_ANY_BIT = 0x45; // BPF_JMP|BPF_JSET|BPF_K
  static final int RETURN = 0x06; // BPF_RET|BPF_K

  /** Offsets in {@code struct seccomp_data}; the arguments are behind. */
  static final int NUMBER = 0;

  static final int ARCHITECTURE = 4;

  /** How many instructions one with a condition can skip: 8 bits. */
  static final int MAX_SKIP = 255;

  private Bpf() {}

  /**
   * {@code struct sock_filter}.
   *
   * @param ifTrue how many to skip then
   * @param ifNot how many to skip otherwise
   */
  record Instruction(int code, int ifTrue, int ifNot, int operand) {
    static Instruction of(int code, int operand) {
      return new Instruction(code, 0, 0, operand);
    }

    /** How many to skip. */
    int skip(boolean condition) {
      return condition ? ifTrue : ifNot;
    }

    /** Whether the condition of a jump holds. */
    boolean holds(int value) {
      return switch (code) {
        case JUMP_IF_EQUAL -> value == operand;
        case JUMP_IF_GREATER -> Integer.compareUnsigned(value, operand) > 0;
        case JUMP_IF_NOT_LESS -> Integer.compareUnsigned(value, operand) >= 0;
        case JUMP_IF_ANY_BIT -> (value & operand) != 0;
        default -> throw new IllegalStateException("not a condition: " + this);
      };
    }
  }

  static ByteBuffer encode(Instruction... instructions) {
    ByteBuffer code =
        ByteBuffer.allocate(instructions.length * SeccompFilter.INSTRUCTION_BYTES)
            .order(ByteOrder.nativeOrder());
    for (Instruction one : instructions) {
      code.putShort((short) one.code())
          .put((byte) one.ifTrue())
          .put((byte) one.ifNot())
          .putInt(one.operand());
    }
    return code.flip();
  }

  static Instruction[] decode(ByteBuffer program) {
    ByteBuffer code = program.duplicate().order(ByteOrder.nativeOrder());
    Instruction[] instructions =
        new Instruction[code.remaining() / SeccompFilter.INSTRUCTION_BYTES];
    for (int i = 0; i < instructions.length; i++) {
      instructions[i] =
          new Instruction(
              Short.toUnsignedInt(code.getShort()),
              Byte.toUnsignedInt(code.get()),
              Byte.toUnsignedInt(code.get()),
              code.getInt());
    }
    return instructions;
  }
}
