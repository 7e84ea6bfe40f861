package dev.caisson.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Runs a filter as the kernel would: what it answers to a system call. Source: linux/filter.h,
 * kernel/seccomp.c, which takes this much of classic BPF.
 */
final class BpfMachine {
  /** {@code AUDIT_ARCH_X86_64}, {@code AUDIT_ARCH_I386} of linux/audit.h. */
  static final int X86_64 = 0xc000_003e;

  static final int I386 = 0x4000_0003;

  private final ByteBuffer program;

  BpfMachine(SeccompFilter filter) {
    program = filter.instructions().duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  int instructions() {
    return program.limit() / SeccompFilter.INSTRUCTION_BYTES;
  }

  /** The action's bits. */
  int answer(int architecture, int call, long... arguments) {
    ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    data.putInt(0, call).putInt(4, architecture);
    for (int i = 0; i < arguments.length; i++) {
      data.putLong(16 + 8 * i, arguments[i]);
    }
    int accumulator = 0;
    for (int at = 0; ; at++) {
      int code = Short.toUnsignedInt(program.getShort(8 * at));
      int k = program.getInt(8 * at + 4);
      switch (code) {
        case 0x20 -> accumulator = data.getInt(k); // ld
        case 0x54 -> accumulator &= k; // and
        case 0x05 -> at += k; // ja
        case 0x15 -> at += jump(at, accumulator == k);
        case 0x25 -> at += jump(at, Integer.compareUnsigned(accumulator, k) > 0);
        case 0x35 -> at += jump(at, Integer.compareUnsigned(accumulator, k) >= 0);
        case 0x45 -> at += jump(at, (accumulator & k) != 0);
        case 0x06 -> {
          return k;
        }
        default -> throw new AssertionError("instruction " + Integer.toHexString(code));
      }
    }
  }

  private int jump(int at, boolean taken) {
    return Byte.toUnsignedInt(program.get(8 * at + (taken ? 2 : 3)));
  }
}
