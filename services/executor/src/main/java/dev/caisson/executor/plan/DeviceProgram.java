package dev.caisson.executor.plan;

import dev.caisson.executor.plan.DeviceList.Entry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * An eBPF program that allows what is listed: {@code BPF_PROG_TYPE_CGROUP_DEVICE}. It is given a
 * {@code struct bpf_cgroup_dev_ctx} (access in the upper half of a word and type in the lower,
 * major, minor) and answers 1 or 0. Sources: linux/bpf.h, the kernel's
 * Documentation/bpf/standardization/instruction-set.rst.
 */
final class DeviceProgram {
  private static final int INSTRUCTION_BYTES = 8;

  // Operations.
  private static final int LOAD_WORD = 0x61; // BPF_LDX|BPF_MEM|BPF_W
  private static final int MOVE = 0xbf; // BPF_ALU64|BPF_MOV|BPF_X
  private static final int SET = 0xb7; // BPF_ALU64|BPF_MOV|BPF_K
  private static final int AND = 0x57; // BPF_ALU64|BPF_AND|BPF_K
  private static final int SHIFT_RIGHT = 0x77; // BPF_ALU64|BPF_RSH|BPF_K
  private static final int JUMP_UNLESS = 0x55; // BPF_JMP|BPF_JNE|BPF_K
  private static final int JUMP_IF_ANY = 0x45; // BPF_JMP|BPF_JSET|BPF_K
  private static final int EXIT = 0x95;

  // Registers.
  private static final int ANSWER = 0;
  private static final int CONTEXT = 1;
  private static final int TYPE = 2;
  private static final int ACCESS = 3;
  private static final int MAJOR = 4;
  private static final int MINOR = 5;

  /** {@code BPF_DEVCG_DEV_BLOCK}, {@code BPF_DEVCG_DEV_CHAR}. */
  private static final int BLOCK = 1;

  private static final int CHARACTER = 2;
  private static final int ALL = DeviceList.MAKE | DeviceList.READ | DeviceList.WRITE;

  private static final int FRAME = 8;
  private static final int MOST_FOR_ONE = 6;

  record Use(Entry entry, int access) {}

  private final ByteBuffer code;

  private DeviceProgram(int uses) {
    this.code =
        ByteBuffer.allocate((FRAME + uses * MOST_FOR_ONE) * INSTRUCTION_BYTES)
            .order(ByteOrder.nativeOrder());
  }

  static ByteBuffer of(List<Use> uses) {
    DeviceProgram program = new DeviceProgram(uses.size());
    program.begin();
    uses.forEach(program::allow);
    program.answer(0);
    return program.code.flip();
  }

  private void begin() {
    put(LOAD_WORD, TYPE, CONTEXT, 0, 0);
    put(MOVE, ACCESS, TYPE, 0, 0);
    put(AND, TYPE, 0, 0, 0xffff);
    put(SHIFT_RIGHT, ACCESS, 0, 0, 16);
    put(LOAD_WORD, MAJOR, CONTEXT, 4, 0);
    put(LOAD_WORD, MINOR, CONTEXT, 8, 0);
  }

  /** What does not fit jumps behind it. */
  private void allow(Use use) {
    Entry entry = use.entry();
    boolean some = use.access() != ALL;
    boolean major = entry.major() != DeviceList.ANY;
    boolean minor = entry.minor() != DeviceList.ANY;
    int left = 2 + (some ? 1 : 0) + (major ? 1 : 0) + (minor ? 1 : 0);
    put(JUMP_UNLESS, TYPE, 0, left--, entry.block() ? BLOCK : CHARACTER);
    if (some) {
      put(JUMP_IF_ANY, ACCESS, 0, left--, ALL & ~use.access());
    }
    if (major) {
      put(JUMP_UNLESS, MAJOR, 0, left--, entry.major());
    }
    if (minor) {
      put(JUMP_UNLESS, MINOR, 0, left, entry.minor());
    }
    answer(1);
  }

  private void answer(int answer) {
    put(SET, ANSWER, 0, 0, answer);
    put(EXIT, 0, 0, 0, 0);
  }

  /** {@code struct bpf_insn}; the order of the registers' half bytes is the machine's. */
  private void put(int operation, int to, int from, int offset, int operand) {
    boolean little = code.order() == ByteOrder.LITTLE_ENDIAN;
    int registers = little ? from << 4 | to : to << 4 | from;
    code.put((byte) operation).put((byte) registers).putShort((short) offset).putInt(operand);
  }
}
