package dev.caisson.executor.plan;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.executor.plan.Argument.Condition;
import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Here;
import dev.caisson.executor.plan.Argument.Pointer;
import dev.caisson.executor.plan.Argument.Scalar;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.Instruction.Call;
import dev.caisson.executor.plan.Instruction.Gate;
import dev.caisson.executor.plan.Instruction.Next;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Plans as caisson-init reads them. The format is declared in caisson_init.h. */
public final class Program {
  // The bounds of the header.
  static final int MAX_BYTES = 1 << 20;
  static final int MAX_STEPS = 4096;
  static final int MAX_SLOTS = 64;
  static final int MAX_DESCRIPTORS = 250;

  private static final int MAGIC = 0x504e_5343;
  private static final short VERSION = 1;
  private static final int HEADER_BYTES = 32;
  private static final int STEP_BYTES = 72;
  private static final int RELOCATION_BYTES = 8;

  private static final byte KIND_IMMEDIATE = 0;
  private static final byte KIND_DATA = 1;
  private static final byte KIND_DESCRIPTOR = 2;
  private static final byte KIND_SLOT = 3;
  private static final byte KIND_ONLY_IF = 4;
  private static final byte KIND_ONLY_UNLESS = 5;

  private static final int FLAG_BARRIER = 1;
  private static final int FLAG_STOP_UNLESS_ERROR = 2;
  private static final int FLAG_ROOTED = 4;
  private static final int FLAG_NEXT = 8;
  private static final int FLAG_STORE = 16;
  private static final int FLAG_REPORT = 32;
  private static final int FLAG_AWAIT = 64;

  // Offsets in the header and in a step.
  private static final int STEPS_AT = 8;
  private static final int RELOCATIONS_AT = 12;
  private static final int ARGUMENTS_AT = 24;

  private static final int NO_SYSTEM_CALL = -1;
  private static final byte NO_SLOT = (byte) 0xff;

  private Program() {}

  /**
   * The bytes of the program.
   *
   * @throws IllegalArgumentException if a bound of the format is exceeded; compilers refuse such a
   *     specification before
   */
  public static byte[] encode(Plan plan, Machine machine) {
    ProgramData data = ProgramData.of(plan, machine);
    check(plan, size(plan, data));
    ByteBuffer out = ByteBuffer.allocate(size(plan, data)).order(ByteOrder.LITTLE_ENDIAN);
    putHeader(out, plan, data, machine);
    plan.steps().forEach(step -> putStep(out, step.instruction(), data, machine));
    data.putRelocations(out);
    data.putBytes(out);
    return out.array();
  }

  /**
   * The same program with another hostname.
   *
   * @param step the one that sets it
   */
  static byte[] renamed(byte[] program, int step, String hostname) {
    byte[] renamed = program.clone();
    ByteBuffer out = ByteBuffer.wrap(renamed).order(ByteOrder.LITTLE_ENDIAN);
    byte[] name = ProgramData.padded(hostname);
    int arguments = HEADER_BYTES + step * STEP_BYTES + ARGUMENTS_AT;
    int data =
        HEADER_BYTES
            + out.getInt(STEPS_AT) * STEP_BYTES
            + out.getInt(RELOCATIONS_AT) * RELOCATION_BYTES;
    out.put(data + (int) out.getLong(arguments), name);
    out.putLong(arguments + Long.BYTES, hostname.getBytes(UTF_8).length);
    return renamed;
  }

  /** The same program without its first steps, of which no later one uses a result. */
  static byte[] without(byte[] program, int steps) {
    int cut = steps * STEP_BYTES;
    byte[] rest = new byte[program.length - cut];
    System.arraycopy(program, 0, rest, 0, HEADER_BYTES);
    System.arraycopy(
        program, HEADER_BYTES + cut, rest, HEADER_BYTES, program.length - HEADER_BYTES - cut);
    ByteBuffer header = ByteBuffer.wrap(rest).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(STEPS_AT, header.getInt(STEPS_AT) - steps);
    return rest;
  }

  /** Bytes of the program; the same on each machine. */
  static int size(Plan plan) {
    return size(plan, ProgramData.of(plan, Machine.X86_64));
  }

  private static int size(Plan plan, ProgramData data) {
    return HEADER_BYTES
        + plan.steps().size() * STEP_BYTES
        + data.relocations() * RELOCATION_BYTES
        + data.size();
  }

  private static void check(Plan plan, int size) {
    checkBound("steps", plan.steps().size(), 1, MAX_STEPS);
    checkBound("descriptors", plan.donations().size(), 0, MAX_DESCRIPTORS);
    checkBound("bytes", size, 0, MAX_BYTES);
  }

  private static void checkBound(String what, int count, int least, int most) {
    if (count < least || count > most) {
      throw new IllegalArgumentException(
          "program must have " + least + " to " + most + " " + what + ": " + count);
    }
  }

  private static void putHeader(ByteBuffer out, Plan plan, ProgramData data, Machine machine) {
    out.putInt(MAGIC).putShort(VERSION).putShort((short) machine.elf());
    out.putInt(plan.steps().size()).putInt(data.relocations()).putInt(data.size());
    out.putInt(plan.donations().size()).putLong(0);
  }

  private static void putStep(
      ByteBuffer out, Instruction instruction, ProgramData data, Machine machine) {
    switch (instruction) {
      case Gate ignored -> putWait(out, FLAG_BARRIER);
      case Instruction.Report ignored -> putWait(out, FLAG_REPORT);
      case Instruction.Await ignored -> putWait(out, FLAG_AWAIT);
      case Next ignored -> putWait(out, FLAG_NEXT);
      case Call call -> putCall(out, call, data, machine);
    }
  }

  private static void putWait(ByteBuffer out, int flag) {
    out.putInt(NO_SYSTEM_CALL).put(new byte[Call.MAX_ARGUMENTS]);
    out.put(NO_SLOT).put((byte) flag);
    out.put(new byte[Short.BYTES * Call.MAX_TOLERATED]).putInt(0);
    out.put(new byte[Long.BYTES * Call.MAX_ARGUMENTS]);
  }

  private static void putCall(ByteBuffer out, Call call, ProgramData data, Machine machine) {
    out.putInt(call.syscall().number(machine));
    for (int i = 0; i < Call.MAX_ARGUMENTS; i++) {
      out.put(i < call.arguments().size() ? kind(call.arguments().get(i)) : KIND_IMMEDIATE);
    }
    out.put(call.result().map(slot -> (byte) slot.index()).orElse(NO_SLOT)).put(flags(call));
    for (int i = 0; i < Call.MAX_TOLERATED; i++) {
      out.putShort((short) (i < call.tolerated().size() ? call.tolerated().get(i).number() : 0));
    }
    out.putInt(call.stored().map(data::place).orElse(0));
    for (int i = 0; i < Call.MAX_ARGUMENTS; i++) {
      out.putLong(i < call.arguments().size() ? value(call.arguments().get(i), data, machine) : 0);
    }
  }

  private static byte flags(Call call) {
    int candidate = call.candidate() ? FLAG_STOP_UNLESS_ERROR : 0;
    int rooted = call.rooted() ? FLAG_ROOTED : 0;
    int stores = call.stored().isPresent() ? FLAG_STORE : 0;
    return (byte) (candidate | rooted | stores);
  }

  private static byte kind(Argument argument) {
    return switch (argument) {
      case Scalar ignored -> KIND_IMMEDIATE;
      case Pointer ignored -> KIND_DATA;
      case Condition condition -> condition.open() ? KIND_ONLY_IF : KIND_ONLY_UNLESS;
      case Descriptor descriptor ->
          switch (descriptor) {
            case Donated ignored -> KIND_DESCRIPTOR;
            case Slot ignored -> KIND_SLOT;
            case Here ignored -> KIND_IMMEDIATE;
          };
    };
  }

  private static long value(Argument argument, ProgramData data, Machine machine) {
    return switch (argument) {
      case Scalar scalar -> scalar.value(machine);
      case Pointer pointer -> data.offset(pointer);
      case Condition condition -> condition.slot().index();
      case Descriptor descriptor ->
          switch (descriptor) {
            case Donated donated -> donated.index();
            case Slot slot -> slot.index();
            case Here here -> here.value(machine);
          };
    };
  }
}
