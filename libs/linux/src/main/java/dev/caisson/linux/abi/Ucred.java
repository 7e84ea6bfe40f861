package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct ucred}, sys/socket.h.
 *
 * <pre>{@code
 * struct ucred { pid_t pid; uid_t uid; gid_t gid; };
 * }</pre>
 */
public final class Ucred {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("pid"), JAVA_INT.withName("uid"), JAVA_INT.withName("gid"));

  private static final long PID = LAYOUT.byteOffset(groupElement("pid"));
  private static final long UID = LAYOUT.byteOffset(groupElement("uid"));
  private static final long GID = LAYOUT.byteOffset(groupElement("gid"));

  private Ucred() {}

  /** For credentials that the kernel writes. */
  public static MemorySegment room(Arena arena) {
    return arena.allocate(LAYOUT);
  }

  public static int pid(MemorySegment credentials) {
    return credentials.get(JAVA_INT, PID);
  }

  public static int uid(MemorySegment credentials) {
    return credentials.get(JAVA_INT, UID);
  }

  public static int gid(MemorySegment credentials) {
    return credentials.get(JAVA_INT, GID);
  }
}
