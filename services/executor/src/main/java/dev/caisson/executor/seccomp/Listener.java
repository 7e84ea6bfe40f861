package dev.caisson.executor.seccomp;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.executor.hook.ProcessStateJson;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Received;
import dev.caisson.proto.executor.v1.Reason;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Brings the listener of one process's filter to whoever answers its system calls: a connection
 * that is there before the process goes on, one message, and its end. For one thread.
 */
public final class Listener implements AutoCloseable {
  /** The program's word is shorter. */
  private static final int ROOM = 64;

  private final Kernel kernel;
  private final Fd program;
  private final Fd agent;

  private Listener(Kernel kernel, Fd program, Fd agent) {
    this.kernel = kernel;
    this.program = program;
    this.agent = agent;
  }

  /**
   * Connects to whoever listens.
   *
   * @param program our end of the program's socket; stays the caller's
   * @param socket the socket's file, opened by its path and checked; stays the caller's
   * @throws dev.caisson.executor.refusal.RefusedException when nobody listens there
   */
  public static Listener connect(Kernel kernel, Fd program, Fd socket) {
    try {
      return new Listener(kernel, program, kernel.sockets().connectStream(socket.path()));
    } catch (LinuxException e) {
      throw unreachable("Nobody takes a connection at seccomp.listener_path", e.errno());
    }
  }

  /**
   * Waits for the program's filter to be in force, and hands its listener on. A program that ends
   * before has said elsewhere why.
   *
   * @throws dev.caisson.executor.refusal.RefusedException when it cannot be handed on: the process
   *     is not to live then
   */
  public void handOn(ProcessStateJson state, Duration timeout) {
    if (!kernel.sockets().awaitReadable(program, timeout)) {
      throw unreachable("The program did not come to its filter in time", Errno.ETIMEDOUT);
    }
    Received received = kernel.sockets().receive(program, ByteBuffer.allocate(ROOM));
    try {
      if (!received.descriptors().isEmpty()) {
        send(state, received.descriptors());
      }
    } finally {
      received.descriptors().forEach(Fd::close);
    }
  }

  private void send(ProcessStateJson state, List<Fd> listener) {
    ByteBuffer text = ByteBuffer.wrap(state.text().getBytes(UTF_8));
    try {
      kernel.sockets().send(agent, text, listener);
    } catch (LinuxException e) {
      throw unreachable("The listener of the system calls could not be handed on", e.errno());
    }
    if (text.hasRemaining()) {
      throw unreachable("Whoever listens at seccomp.listener_path does not read", Errno.EAGAIN);
    }
  }

  private static RuntimeException unreachable(String sentence, Errno errno) {
    return new Refusal(
            Reason.SYSTEM_CALL_FAILED,
            sentence + ": " + errno + " (" + errno.number() + ").",
            Map.of("errno", errno.name(), "field", "seccomp.listener_path"))
        .exception();
  }

  /** The specification wants a connection for each message. */
  @Override
  public void close() {
    agent.close();
  }
}
