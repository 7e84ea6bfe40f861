package dev.caisson.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;

/** Lends a buffer's memory to a system call, and moves its position by what the call has done. */
final class Transfer {
  /** What one call moves at most between a file and a heap buffer, through native memory. */
  static final int MAX_COPY = 64 * 1024;

  /** A call on memory; its result is a count of bytes or minus an errno. */
  @FunctionalInterface
  interface Call {
    long on(long address, long length);
  }

  private Transfer() {}

  static long into(ByteBuffer buffer, int limit, Call call) {
    if (buffer.isReadOnly()) {
      throw new ReadOnlyBufferException();
    }
    return buffer.isDirect() ? direct(buffer, call) : intoHeap(buffer, limit, call);
  }

  static long from(ByteBuffer buffer, int limit, Call call) {
    return buffer.isDirect() ? direct(buffer, call) : fromHeap(buffer, limit, call);
  }

  private static long direct(ByteBuffer buffer, Call call) {
    long result = call.on(MemorySegment.ofBuffer(buffer).address(), buffer.remaining());
    // After the call, whatever the result: the buffer must stay reachable until here.
    buffer.position(buffer.position() + (int) Math.max(result, 0));
    return result;
  }

  private static long intoHeap(ByteBuffer buffer, int limit, Call call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(Math.min(buffer.remaining(), limit));
      long result = call.on(copy.address(), copy.byteSize());
      if (result > 0) {
        buffer.put(copy.asSlice(0, result).asByteBuffer());
      }
      return result;
    }
  }

  private static long fromHeap(ByteBuffer buffer, int limit, Call call) {
    int length = Math.min(buffer.remaining(), limit);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(length);
      copy.asByteBuffer().put(buffer.slice(buffer.position(), length));
      long result = call.on(copy.address(), length);
      buffer.position(buffer.position() + (int) Math.max(result, 0));
      return result;
    }
  }
}
