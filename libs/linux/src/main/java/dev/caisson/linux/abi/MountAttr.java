package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct mount_attr}, linux/mount.h (5.12).
 *
 * <pre>{@code
 * struct mount_attr { __u64 attr_set; __u64 attr_clr; __u64 propagation; __u64 userns_fd; };
 * }</pre>
 */
public final class MountAttr {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("attr_set"),
          JAVA_LONG.withName("attr_clr"),
          JAVA_LONG.withName("propagation"),
          JAVA_LONG.withName("userns_fd"));

  private static final long SET = LAYOUT.byteOffset(groupElement("attr_set"));
  private static final long CLR = LAYOUT.byteOffset(groupElement("attr_clr"));
  private static final long PROPAGATION = LAYOUT.byteOffset(groupElement("propagation"));
  private static final long USERNS_FD = LAYOUT.byteOffset(groupElement("userns_fd"));

  private MountAttr() {}

  public static MemorySegment in(
      Arena arena, long set, long clear, long propagation, long userNamespace) {
    MemorySegment attributes = arena.allocate(LAYOUT);
    attributes.set(JAVA_LONG, SET, set);
    attributes.set(JAVA_LONG, CLR, clear);
    attributes.set(JAVA_LONG, PROPAGATION, propagation);
    attributes.set(JAVA_LONG, USERNS_FD, userNamespace);
    return attributes;
  }
}
