package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Received;
import dev.caisson.proto.executor.v1.Reason;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;

/**
 * Takes the terminal that a program has made in a container, where anything may have been put in
 * the place of one.
 */
final class TerminalMaster {
  /** {@code DEVPTS_SUPER_MAGIC} of linux/magic.h. */
  private static final long DEVPTS_MAGIC = 0x1cd1;

  /** Of {@code /dev/ptmx}: Documentation/admin-guide/devices.txt. */
  private static final int MAJOR = 5;

  private static final int MINOR = 2;

  private TerminalMaster() {}

  /**
   * The master, which does not block.
   *
   * @param socket of the program, which has said that it sent one
   * @throws RefusedException when it is none
   */
  static Fd receive(Kernel kernel, Fd socket) {
    if (!kernel.sockets().awaitReadable(socket, Duration.ZERO)) {
      throw refused();
    }
    Received received = kernel.sockets().receive(socket, ByteBuffer.allocate(1));
    if (received.descriptors().size() == 1 && isMaster(kernel, received.descriptors().getFirst())) {
      Fd master = received.descriptors().getFirst();
      kernel.files().setBlocking(master, false);
      return master;
    }
    received.descriptors().forEach(Fd::close);
    throw refused();
  }

  /** The cheap questions first: a file of the container's is asked nothing. */
  private static boolean isMaster(Kernel kernel, Fd received) {
    try {
      FileStatus status = kernel.files().status(received);
      return status.type() == FileType.CHARACTER_DEVICE
          && status.rdevMajor() == MAJOR
          && status.rdevMinor() == MINOR
          && kernel.files().filesystemMagic(received) == DEVPTS_MAGIC
          && kernel.terminals().number(received) >= 0;
    } catch (LinuxException e) {
      return false;
    }
  }

  private static RefusedException refused() {
    return new Refusal(
            Reason.SYSTEM_CALL_FAILED,
            "Failed to take the terminal: /dev/pts/ptmx of the container is none. Mount a devpts at"
                + " /dev/pts.",
            Map.of())
        .exception();
  }
}
