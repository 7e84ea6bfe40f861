package dev.caisson.executor.plan;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Reads programs as caisson_init.h declares them, and refuses what caisson-init would refuse. */
record ProgramReader(
    int machine,
    int descriptors,
    List<ReadStep> steps,
    Map<Integer, Integer> relocations,
    ByteString data) {

  record ReadStep(
      int number,
      List<Integer> kinds,
      int slot,
      int flags,
      List<Integer> tolerated,
      int store,
      List<Long> arguments) {}

  static ProgramReader read(byte[] bytes) {
    require(bytes.length <= 1 << 20, "size");
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    require(in.getInt() == 0x504e5343, "magic");
    require(in.getShort() == 1, "version");
    int machine = in.getShort();
    int stepCount = in.getInt();
    int relocationCount = in.getInt();
    int dataBytes = in.getInt();
    int descriptors = in.getInt();
    require(in.getLong() == 0, "reserved");
    require(stepCount >= 1 && stepCount <= 4096, "steps");
    require(descriptors >= 0 && descriptors <= 250, "descriptors");
    require(bytes.length == 32 + stepCount * 72 + relocationCount * 8 + dataBytes, "length");
    List<ReadStep> steps = new ArrayList<>();
    for (int i = 0; i < stepCount; i++) {
      steps.add(readStep(in));
    }
    Map<Integer, Integer> relocations = new TreeMap<>();
    for (int i = 0; i < relocationCount; i++) {
      relocations.put(in.getInt(), in.getInt());
    }
    require(relocations.size() == relocationCount, "relocation");
    ByteString data = ByteString.copyFrom(in, dataBytes);
    ProgramReader program = new ProgramReader(machine, descriptors, steps, relocations, data);
    program.validate();
    return program;
  }

  private static ReadStep readStep(ByteBuffer in) {
    int number = in.getInt();
    List<Integer> kinds = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      kinds.add((int) in.get());
    }
    int slot = in.get() & 0xff;
    int flags = in.get() & 0xff;
    List<Integer> tolerated = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int errno = in.getShort() & 0xffff;
      if (errno != 0) {
        tolerated.add(errno);
      }
    }
    int store = in.getInt();
    List<Long> arguments = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      arguments.add(in.getLong());
    }
    return new ReadStep(number, kinds, slot, flags, tolerated, store, arguments);
  }

  private void validate() {
    Set<Integer> defined = new HashSet<>();
    for (ReadStep step : steps) {
      require(step.number() >= -1 && (step.flags() & ~127) == 0, "step");
      boolean stores = (step.flags() & 16) != 0;
      require(stores ? step.store() % 4 == 0 : step.store() == 0, "store");
      require(step.store() >= 0 && (!stores || step.store() + 4 <= data.size()), "store");
      boolean waits = Set.of(1, 8, 32, 64).contains(step.flags());
      require(step.number() != -1 || (waits && step.slot() == 0xff), "wait");
      require(step.number() == -1 || (step.flags() & (8 | 32 | 64)) == 0, "next");
      for (int i = 0; i < 6; i++) {
        validateArgument(step.kinds().get(i), step.arguments().get(i), defined);
      }
      boolean conditional = step.kinds().contains(4) || step.kinds().contains(5);
      require(!conditional || (step.number() != -1 && step.flags() == 0), "condition");
      require(step.slot() == 0xff || step.slot() < 64, "slot");
      defined.add(step.slot());
    }
    relocations.forEach((at, target) -> {
      require(at % 8 == 0 && at + 8 <= data.size(), "relocation");
      require(target >= 0 && target < data.size(), "relocation");
    });
  }

  private void validateArgument(int kind, long argument, Set<Integer> defined) {
    switch (kind) {
      case 0 -> {}
      case 1 -> require(argument >= 0 && argument < data.size(), "data");
      case 2 -> require(argument >= 0 && argument < descriptors, "descriptor");
      case 3, 4, 5 -> require(argument < 64 && defined.contains((int) argument), "undefined slot");
      default -> throw new IllegalArgumentException("kind");
    }
  }

  String string(long offset) {
    int end = (int) offset;
    while (data.byteAt(end) != 0) {
      end++;
    }
    return data.substring((int) offset, end).toStringUtf8();
  }

  /** The strings that a vector of pointers points to, up to its null. */
  List<String> strings(long offset) {
    List<String> strings = new ArrayList<>();
    int at = (int) offset;
    for (; relocations.containsKey(at); at += 8) {
      strings.add(string(relocations.get(at)));
    }
    require(bytes(at, 8).equals(ByteString.copyFrom(new byte[8])), "end of vector");
    return strings;
  }

  ByteString bytes(long offset, int length) {
    return data.substring((int) offset, (int) offset + length);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("program is malformed: " + what);
    }
  }
}
