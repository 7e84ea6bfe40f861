package dev.caisson.executor.init;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Received;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The executor's end of a program that caisson-init runs: its gate and its status page.
 *
 * <p>Not thread-safe: it belongs to its sandbox's queue. Closing it does not end the program, as
 * long as caisson-init holds the same descriptors.
 */
public final class RunningProgram implements AutoCloseable {
  static final int PAGE_BYTES = 4096;
  private static final int STATUS_NONE = 0;
  private static final int STATUS_FAILED = 1;
  private static final int STATUS_MALFORMED = 2;

  private final Kernel kernel;
  private final Fd gate;
  private final Fd page;

  public RunningProgram(Kernel kernel, Fd gate, Fd page) {
    this.kernel = kernel;
    this.gate = gate;
    this.page = page;
  }

  public Fd gate() {
    return gate;
  }

  public Fd page() {
    return page;
  }

  /**
   * Blocks until the program is at its next barrier, or past its last step.
   *
   * @throws StalledException when neither happens in time
   */
  public Progress await(Duration timeout) {
    if (!kernel.sockets().awaitReadable(gate, timeout)) {
      throw new StalledException(timeout);
    }
    ByteBuffer index = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return receive(index) == 0 ? ended() : new Progress.AtBarrier(index.getInt(0));
  }

  /** 0 when the other end is closed. */
  private int receive(ByteBuffer index) {
    try {
      Received received = kernel.sockets().receive(gate, index);
      received.descriptors().forEach(Fd::close);
      return received.bytes();
    } catch (LinuxException e) {
      if (e.errno() == Errno.ECONNRESET) { // it was killed before it read that its gate is open
        return 0;
      }
      throw e;
    }
  }

  /**
   * Whether it has ended, or has executed a file. Only when it stands at no barrier that was not
   * awaited.
   */
  public boolean isThrough() {
    return kernel.sockets().awaitReadable(gate, Duration.ZERO)
        && await(Duration.ZERO) instanceof Progress.Executed;
  }

  /** Whether it has come to a step that waits without a report. */
  public boolean hasComeTo(int step) {
    ByteBuffer status = status();
    return status.getInt(0) == STATUS_NONE && status.getInt(4) == step;
  }

  private ByteBuffer status() {
    ByteBuffer status = ByteBuffer.allocate(3 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    kernel.files().readAt(page, status, 0);
    return status;
  }

  private Progress ended() {
    ByteBuffer status = status();
    return switch (status.getInt(0)) {
      case STATUS_FAILED -> new Progress.Failed(status.getInt(4), Errno.of(status.getInt(8)));
      case STATUS_MALFORMED -> new Progress.Malformed();
      default -> new Progress.Executed();
    };
  }

  /** Opens one barrier: the one that the program waits at, or the next that it comes to. */
  public void proceed() {
    kernel.sockets().send(gate, ByteBuffer.wrap(new byte[] {1}), List.of());
  }

  /**
   * Has it go on with another program, at the step that waits for one, or as soon as it comes
   * there.
   *
   * @param program encoded
   * @param donated beside what the process was given before; stay the caller's
   */
  public void next(ByteBuffer program, List<Fd> donated) {
    try (Fd sealed = InitClient.sealed(kernel, program)) {
      List<Fd> descriptors = new ArrayList<>(List.of(sealed));
      descriptors.addAll(donated);
      kernel.sockets().send(gate, ByteBuffer.wrap(new byte[] {1}), descriptors);
    }
  }

  @Override
  public void close() {
    gate.close();
    page.close();
  }
}
