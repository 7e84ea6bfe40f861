package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct pollfd}, poll.h.
 *
 * <pre>{@code
 * struct pollfd { int fd; short events; short revents; };
 * }</pre>
 */
public final class PollFd {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("fd"), JAVA_SHORT.withName("events"), JAVA_SHORT.withName("revents"));

  private static final long FD = LAYOUT.byteOffset(groupElement("fd"));
  private static final long EVENTS = LAYOUT.byteOffset(groupElement("events"));

  private PollFd() {}

  public static MemorySegment in(Arena arena, int fd, short events) {
    MemorySegment poll = arena.allocate(LAYOUT);
    poll.set(JAVA_INT, FD, fd);
    poll.set(JAVA_SHORT, EVENTS, events);
    return poll;
  }
}
