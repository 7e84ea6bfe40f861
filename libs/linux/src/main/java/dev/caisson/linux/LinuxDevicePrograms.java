package dev.caisson.linux;

import dev.caisson.linux.abi.BpfAttr;
import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** {@link DevicePrograms} by bpf(2). */
final class LinuxDevicePrograms implements DevicePrograms {
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  /** {@code BPF_CGROUP_MAX_PROGS}. */
  private static final int MAX_ATTACHED = 64;

  @Override
  public Fd load(ByteBuffer instructions, String name) {
    if (name.isEmpty() || name.length() >= BpfAttr.NAME_BYTES) {
      throw new IllegalArgumentException("name must have 1 to 15 characters: " + name);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocate(instructions.remaining(), INSTRUCTION_BYTES);
      code.copyFrom(MemorySegment.ofBuffer(instructions));
      MemorySegment attr =
          BpfAttr.program(
              arena,
              Constants.BPF_PROG_TYPE_CGROUP_DEVICE,
              code,
              Constants.BPF_CGROUP_DEVICE,
              name);
      long result = call(Constants.BPF_PROG_LOAD, attr);
      return Fd.adopt((int) Outcome.require(result, "load device program", name));
    }
  }

  @Override
  public void attach(Fd cgroup, Fd program) {
    long result = change(Constants.BPF_PROG_ATTACH, cgroup, program, Constants.BPF_F_ALLOW_MULTI);
    Outcome.require(result, "attach a device program to", cgroup);
  }

  @Override
  public void detach(Fd cgroup, Fd program) {
    long result = change(Constants.BPF_PROG_DETACH, cgroup, program, 0);
    Outcome.require(result, "detach a device program from", cgroup);
  }

  private static long change(int command, Fd cgroup, Fd program, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return cgroup.use(directory ->
          program.use(number ->
              call(
                  command,
                  BpfAttr.attach(arena, directory, number, Constants.BPF_CGROUP_DEVICE, flags))));
    }
  }

  @Override
  public List<Attached> attached(Fd cgroup) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, MAX_ATTACHED);
      long count = cgroup.use(number -> query(arena, number, ids));
      Outcome.require(count, "list device programs of", cgroup);
      List<Attached> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(byId(arena, ids.getAtIndex(ValueLayout.JAVA_INT, i)));
      }
      return all;
    }
  }

  /** How many there are, or minus an errno. */
  private static long query(Arena arena, int cgroup, MemorySegment ids) {
    MemorySegment query = BpfAttr.query(arena, cgroup, Constants.BPF_CGROUP_DEVICE, ids);
    long result = call(Constants.BPF_PROG_QUERY, query);
    return result < 0 ? result : BpfAttr.count(query);
  }

  private static Attached byId(Arena arena, int id) {
    long result = call(Constants.BPF_PROG_GET_FD_BY_ID, BpfAttr.byId(arena, id));
    Fd program = Fd.adopt((int) Outcome.require(result, "open device program", id));
    MemorySegment room = BpfAttr.infoRoom(arena);
    long told =
        program.use(
            number -> call(Constants.BPF_OBJ_GET_INFO_BY_FD, BpfAttr.info(arena, number, room)));
    Outcome.require(told, "ask about device program", id);
    return new Attached(program, BpfAttr.name(room));
  }

  private static long call(int command, MemorySegment attr) {
    return Downcalls.syscall(CALLS.bpf(), command, attr.address(), attr.byteSize());
  }
}
