package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct msghdr}, sys/socket.h.
 *
 * <pre>{@code
 * struct msghdr {
 *   void *msg_name; socklen_t msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
 *   void *msg_control; size_t msg_controllen; int msg_flags;
 * };
 * }</pre>
 */
public final class MsgHdr {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("msg_name"),
          JAVA_INT.withName("msg_namelen"),
          MemoryLayout.paddingLayout(4),
          JAVA_LONG.withName("msg_iov"),
          JAVA_LONG.withName("msg_iovlen"),
          JAVA_LONG.withName("msg_control"),
          JAVA_LONG.withName("msg_controllen"),
          JAVA_INT.withName("msg_flags"),
          MemoryLayout.paddingLayout(4));

  private static final long IOV = LAYOUT.byteOffset(groupElement("msg_iov"));
  private static final long IOVLEN = LAYOUT.byteOffset(groupElement("msg_iovlen"));
  private static final long CONTROL = LAYOUT.byteOffset(groupElement("msg_control"));
  private static final long CONTROLLEN = LAYOUT.byteOffset(groupElement("msg_controllen"));
  private static final long FLAGS = LAYOUT.byteOffset(groupElement("msg_flags"));

  private MsgHdr() {}

  /** A header for one vector and a control buffer, which may be empty. */
  public static MemorySegment in(Arena arena, MemorySegment vector, MemorySegment control) {
    MemorySegment header = arena.allocate(LAYOUT);
    header.set(JAVA_LONG, IOV, vector.address());
    header.set(JAVA_LONG, IOVLEN, 1);
    header.set(JAVA_LONG, CONTROL, control.byteSize() == 0 ? 0 : control.address());
    header.set(JAVA_LONG, CONTROLLEN, control.byteSize());
    return header;
  }

  public static int flags(MemorySegment header) {
    return header.get(JAVA_INT, FLAGS);
  }

  /** How much of the control buffer recvmsg(2) has filled. */
  public static long controlLength(MemorySegment header) {
    return header.get(JAVA_LONG, CONTROLLEN);
  }
}
