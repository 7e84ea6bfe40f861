package dev.caisson.linux;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntToLongFunction;

/**
 * An open file descriptor, close-on-exec. Thread-safe.
 *
 * <p>It is closed exactly once. A call that is using it when another thread closes it is let finish
 * first: a number is never given back, to name another file, under a running call.
 */
public final class Fd implements AutoCloseable {
  /** Set in the state once closed; the other bits count the calls that use the descriptor. */
  private static final int CLOSED = Integer.MIN_VALUE;

  private final int number;
  private final DescriptorTable table;
  private final AtomicInteger state = new AtomicInteger();

  private Fd(int number, DescriptorTable table) {
    if (number < 0) {
      throw new IllegalArgumentException("number must not be negative: " + number);
    }
    this.number = number;
    this.table = table;
  }

  /** Takes over an open descriptor of this process: nobody else may close it. */
  public static Fd adopt(int number) {
    return new Fd(number, ProcessDescriptors.INSTANCE);
  }

  /** A descriptor of another table than the kernel's. */
  public static Fd of(int number, DescriptorTable table) {
    return new Fd(number, table);
  }

  /** The number, for as long as it is open; EBADF after. */
  public int number() {
    if (!isOpen()) {
      throw closed();
    }
    return number;
  }

  public boolean isOpen() {
    return state.get() >= 0;
  }

  /** A path that leads this process to the open file, for as long as it is open. */
  public Path path() {
    return Path.of("/proc/self/fd/" + number());
  }

  /** Another descriptor for the same open file, dup(2). */
  public Fd duplicate() {
    return new Fd((int) use(table::duplicate), table);
  }

  @Override
  public void close() {
    int before = state.getAndUpdate(value -> value | CLOSED);
    if (before == 0) {
      table.close(number);
    }
  }

  /** Makes a call with the number, which stays this file's until the call returns. */
  long use(IntToLongFunction call) {
    acquire();
    try {
      return call.applyAsLong(number);
    } finally {
      release();
    }
  }

  /** Keeps it open until {@link #release}. */
  void acquire() {
    int before = state.getAndUpdate(value -> value < 0 ? value : value + 1);
    if (before < 0) {
      throw closed();
    }
  }

  void release() {
    if (state.decrementAndGet() == CLOSED) {
      table.close(number);
    }
  }

  /** The number, of a descriptor that the caller has acquired. */
  int heldNumber() {
    return number;
  }

  private LinuxException closed() {
    return new LinuxException("use", toString(), Errno.EBADF);
  }

  @Override
  public String toString() {
    return isOpen() ? "descriptor " + number : "closed descriptor " + number;
  }
}
