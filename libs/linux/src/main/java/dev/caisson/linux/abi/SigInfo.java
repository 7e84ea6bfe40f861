package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code siginfo_t} as waitid(2) fills it, asm-generic/siginfo.h.
 *
 * <pre>{@code
 * siginfo_t {
 *   int si_signo; int si_errno; int si_code;
 *   union { struct { pid_t si_pid; uid_t si_uid; int si_status; ... }; ... };
 * };
 * }</pre>
 */
public final class SigInfo {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("si_signo"),
          JAVA_INT.withName("si_errno"),
          JAVA_INT.withName("si_code"),
          MemoryLayout.paddingLayout(4),
          JAVA_INT.withName("si_pid"),
          JAVA_INT.withName("si_uid"),
          JAVA_INT.withName("si_status"),
          MemoryLayout.paddingLayout(100));

  private static final long CODE = LAYOUT.byteOffset(groupElement("si_code"));
  private static final long PID = LAYOUT.byteOffset(groupElement("si_pid"));
  private static final long STATUS = LAYOUT.byteOffset(groupElement("si_status"));

  private SigInfo() {}

  public static MemorySegment in(Arena arena) {
    return arena.allocate(LAYOUT);
  }

  /** {@code CLD_*}. */
  public static int code(MemorySegment info) {
    return info.get(JAVA_INT, CODE);
  }

  /** 0 when there was nothing to wait for. */
  public static int pid(MemorySegment info) {
    return info.get(JAVA_INT, PID);
  }

  /** Exit code or signal, as the code says. */
  public static int status(MemorySegment info) {
    return info.get(JAVA_INT, STATUS);
  }
}
