package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct epoll_event}, linux/eventpoll.h. Packed on x86_64 only, so that the 32-bit one is
 * the same.
 *
 * <pre>{@code
 * struct epoll_event { __poll_t events; __u64 data; } EPOLL_PACKED;
 * }</pre>
 */
public final class EpollEvent {
  static final StructLayout LAYOUT = layout(Architecture.current());

  private static final long EVENTS = LAYOUT.byteOffset(groupElement("events"));
  private static final long DATA = LAYOUT.byteOffset(groupElement("data"));

  private EpollEvent() {}

  static StructLayout layout(Architecture architecture) {
    return switch (architecture) {
      case X86_64 ->
          MemoryLayout.structLayout(
              JAVA_INT.withName("events"), JAVA_LONG_UNALIGNED.withName("data"));
      case AARCH64 ->
          MemoryLayout.structLayout(
              JAVA_INT.withName("events"),
              MemoryLayout.paddingLayout(4),
              JAVA_LONG_UNALIGNED.withName("data"));
    };
  }

  public static MemorySegment in(Arena arena, int events, long data) {
    MemorySegment event = arena.allocate(LAYOUT);
    event.set(JAVA_INT, EVENTS, events);
    event.set(JAVA_LONG_UNALIGNED, DATA, data);
    return event;
  }

  public static MemorySegment array(Arena arena, int count) {
    return arena.allocate(LAYOUT, count);
  }

  public static int events(MemorySegment array, long index) {
    return array.get(JAVA_INT, index * LAYOUT.byteSize() + EVENTS);
  }

  public static long data(MemorySegment array, long index) {
    return array.get(JAVA_LONG_UNALIGNED, index * LAYOUT.byteSize() + DATA);
  }
}
