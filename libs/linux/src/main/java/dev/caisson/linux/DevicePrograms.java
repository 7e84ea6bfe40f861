package dev.caisson.linux;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Programs that decide which devices the processes of a cgroup of version 2 may use: the kernel's
 * Documentation/admin-guide/cgroup-v2.rst, "Device controller". All that are attached to a cgroup
 * or to one above it must allow a use. Thread-safe.
 */
public interface DevicePrograms {
  /** {@code sizeof(struct bpf_insn)}. */
  int INSTRUCTION_BYTES = 8;

  static DevicePrograms ofKernel() {
    return new LinuxDevicePrograms();
  }

  /**
   * A program that is attached.
   *
   * @param program to be closed by the caller
   */
  record Attached(Fd program, String name) {}

  /**
   * Has the kernel check and take a program.
   *
   * @param instructions from the position to the limit, in this machine's byte order
   * @param name ASCII, 1 to 15 characters
   * @return to be closed by the caller; what is attached stays
   */
  Fd load(ByteBuffer instructions, String name);

  /** Puts a program in force, beside others. It ends with the cgroup. */
  void attach(Fd cgroup, Fd program);

  void detach(Fd cgroup, Fd program);

  /** The programs of this very cgroup, in the order in which they were attached. */
  List<Attached> attached(Fd cgroup);
}
