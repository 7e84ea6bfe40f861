package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SockaddrIn;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * TCP connections to the loopback addresses of a network namespace. A thread of its own enters the
 * namespace to make the socket, and ends; a socket stays in the namespace that it was made in.
 *
 * <p>Thread-safe.
 */
public final class Loopback {
  /**
   * For {@code SO_RCVBUF} and {@code SO_SNDBUF}, bytes; the kernel reserves twice as much, and no
   * more than that: tcp(7). Without it the namespace's own settings would decide.
   */
  private static final int BUFFER_BYTES = 64 * 1024;

  private static final int TYPE =
      Constants.SOCK_STREAM | Constants.SOCK_CLOEXEC | Constants.SOCK_NONBLOCK;

  /** Of a namespace without IPv6, or with that turned off. */
  private static final Set<Errno> NO_IPV6 =
      EnumSet.of(
          Errno.EAFNOSUPPORT,
          Errno.EADDRNOTAVAIL,
          Errno.ENETUNREACH,
          Errno.EACCES,
          Errno.ECONNREFUSED);

  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private enum Family {
    V4(Constants.AF_INET, "127.0.0.1:") {
      @Override
      MemorySegment address(Arena arena, int port) {
        return SockaddrIn.loopback4(arena, port);
      }
    },
    V6(Constants.AF_INET6, "[::1]:") {
      @Override
      MemorySegment address(Arena arena, int port) {
        return SockaddrIn.loopback6(arena, port);
      }
    };

    private final int number;
    private final String host;

    Family(int number, String host) {
      this.number = number;
      this.host = host;
    }

    abstract MemorySegment address(Arena arena, int port);
  }

  private Loopback() {}

  /**
   * Connects to 127.0.0.1, or where that is refused to ::1.
   *
   * @param port 1 to 65535
   * @param timeout for both: ETIMEDOUT
   * @return a socket that does not block and does not wait for more to send; to be closed by the
   *     caller
   */
  public static Fd connect(Fd networkNamespace, int port, Duration timeout) {
    Deadline deadline = Deadline.after(timeout);
    try {
      return connect(networkNamespace, Family.V4, port, deadline);
    } catch (LinuxException refused) {
      if (refused.errno() != Errno.ECONNREFUSED) {
        throw refused;
      }
      return connectBySix(networkNamespace, port, deadline, refused);
    }
  }

  private static Fd connectBySix(
      Fd networkNamespace, int port, Deadline deadline, LinuxException refused) {
    try {
      return connect(networkNamespace, Family.V6, port, deadline);
    } catch (LinuxException e) {
      throw NO_IPV6.contains(e.errno()) ? refused : e;
    }
  }

  private static Fd connect(Fd networkNamespace, Family family, int port, Deadline deadline) {
    Fd socket =
        Inside.make(networkNamespace, Constants.CLONE_NEWNET, "socket", () -> socket(family));
    try {
      set(socket, Constants.SOL_SOCKET, Constants.SO_RCVBUF, BUFFER_BYTES);
      set(socket, Constants.SOL_SOCKET, Constants.SO_SNDBUF, BUFFER_BYTES);
      set(socket, Constants.IPPROTO_TCP, Constants.TCP_NODELAY, 1);
      join(socket, family, port, deadline);
      return socket;
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static Fd socket(Family family) {
    long result = Downcalls.syscall(CALLS.socket(), family.number, TYPE, 0);
    return Fd.adopt((int) Outcome.require(result, "make", "a socket"));
  }

  private static void set(Fd socket, int level, int option, int value) {
    try (Arena arena = Arena.ofConfined()) {
      long address = arena.allocateFrom(ValueLayout.JAVA_INT, value).address();
      long result =
          socket.use(number ->
              Downcalls.syscall(CALLS.setsockopt(), number, level, option, address, Integer.BYTES));
      Outcome.require(result, "set an option of", socket);
    }
  }

  private static void join(Fd socket, Family family, int port, Deadline deadline) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = family.address(arena, port);
      long result =
          socket.use(
              number -> Downcalls.syscall(CALLS.connect(), number, to.address(), to.byteSize()));
      if (!Outcome.is(result, Errno.EINPROGRESS)) {
        Outcome.require(result, "connect to", family.host + port);
      } else if (!Waiting.untilWritable(socket, deadline.left())) {
        throw new LinuxException("connect to", family.host + port, Errno.ETIMEDOUT);
      }
      int error = LinuxSockets.option(arena, socket, Constants.SO_ERROR);
      Outcome.require(-error, "connect to", family.host + port);
      requireOther(arena, socket, family, port);
    }
  }

  /**
   * Where nobody listens, the kernel may choose the very port for this end too, and connect the
   * socket with itself.
   */
  private static void requireOther(Arena arena, Fd socket, Family family, int port) {
    MemorySegment name = SockaddrIn.room(arena);
    MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) name.byteSize());
    long result =
        socket.use(number ->
            Downcalls.syscall(CALLS.getsockname(), number, name.address(), length.address()));
    Outcome.require(result, "read the name of", socket);
    if (SockaddrIn.port(name) == port) {
      throw new LinuxException("connect to", family.host + port, Errno.ECONNREFUSED);
    }
  }

  /** Nothing more is sent: shutdown(2). What comes from the other end still does. */
  public static void endOutput(Fd socket) {
    long result =
        socket.use(number -> Downcalls.syscall(CALLS.shutdown(), number, Constants.SHUT_WR));
    if (!Outcome.is(result, Errno.ENOTCONN)) { // it has been reset: the next read tells
      Outcome.require(result, "shut down", socket);
    }
  }
}
