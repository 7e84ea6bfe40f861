package dev.caisson.linux;

import dev.caisson.linux.abi.CmsgHdr;
import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.IoVec;
import dev.caisson.linux.abi.MsgHdr;
import dev.caisson.linux.abi.SockaddrUn;
import dev.caisson.linux.abi.SystemCallNumbers;
import dev.caisson.linux.abi.Ucred;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** {@link Sockets} by system calls. */
final class LinuxSockets implements Sockets {
  /** Of a socket's file: its owner's alone. */
  private static final int MODE = 0600;

  private static final int TYPE = Constants.SOCK_SEQPACKET | Constants.SOCK_CLOEXEC;

  private static final int STREAM =
      Constants.SOCK_STREAM | Constants.SOCK_CLOEXEC | Constants.SOCK_NONBLOCK;

  /** {@code sizeof(sa_family_t)}: all of an address without a name, unix(7). */
  private static final int FAMILY_BYTES = 2;

  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private final Files files;

  LinuxSockets(Files files) {
    this.files = files;
  }

  @Override
  public Fd listen(Path path, int backlog) {
    return open(TYPE, path, "listen on", socket -> listen(socket, path, backlog));
  }

  private void listen(Fd socket, Path path, int backlog) {
    // bind(2) gives the file the mode that the socket has by then.
    require(socket.use(n -> Downcalls.syscall(CALLS.fchmod(), n, MODE)), "listen on", path);
    address(CALLS.bind(), socket, path, "listen on");
    require(socket.use(n -> Downcalls.syscall(CALLS.listen(), n, backlog)), "listen on", path);
  }

  @Override
  public Fd accept(Fd listener) {
    long result =
        Outcome.uninterrupted(() ->
            listener.use(n -> Downcalls.syscall(CALLS.accept4(), n, 0, 0, Constants.SOCK_CLOEXEC)));
    return Fd.adopt((int) Outcome.require(result, "accept a connection on", listener));
  }

  @Override
  public Fd connect(Path path) {
    return connect(TYPE, path);
  }

  @Override
  public Fd connectStream(Path path) {
    return connect(STREAM, path);
  }

  private Fd connect(int type, Path path) {
    return open(
        type, path, "connect to", socket -> address(CALLS.connect(), socket, path, "connect to"));
  }

  private void address(int call, Fd socket, Path path, String operation) {
    try (Arena arena = Arena.ofConfined();
        SocketAddress address = SocketAddress.of(files, path)) {
      MemorySegment name = address.in(arena, operation);
      long result =
          Outcome.uninterrupted(
              () -> socket.use(n -> Downcalls.syscall(call, n, name.address(), name.byteSize())));
      require(result, operation, path);
    }
  }

  /** A new socket, which is closed if what it is for fails. */
  private static Fd open(int type, Path path, String operation, Consumer<Fd> use) {
    long result = Downcalls.syscall(CALLS.socket(), Constants.AF_UNIX, type, 0);
    Fd socket = Fd.adopt((int) Outcome.require(result, operation, path));
    try {
      use.accept(socket);
      return socket;
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  @Override
  public Pair pair() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
      long result =
          Downcalls.syscall(CALLS.socketpair(), Constants.AF_UNIX, TYPE, 0, pair.address());
      Outcome.require(result, "make", "a pair of sockets");
      return new Pair(
          Fd.adopt(pair.getAtIndex(ValueLayout.JAVA_INT, 0)),
          Fd.adopt(pair.getAtIndex(ValueLayout.JAVA_INT, 1)));
    }
  }

  @Override
  public void send(Fd socket, ByteBuffer message, List<Fd> descriptors) {
    send(socket, message, descriptors, Constants.MSG_NOSIGNAL);
  }

  @Override
  public void sendAtOnce(Fd socket, ByteBuffer message, List<Fd> descriptors) {
    send(socket, message, descriptors, Constants.MSG_NOSIGNAL | Constants.MSG_DONTWAIT);
  }

  private static void send(Fd socket, ByteBuffer message, List<Fd> descriptors, int flags) {
    if (!message.hasRemaining()) {
      throw new IllegalArgumentException("message must not be empty: " + message);
    }
    if (descriptors.size() > MAX_DESCRIPTORS) {
      throw new IllegalArgumentException(
          "descriptors must be at most " + MAX_DESCRIPTORS + ": " + descriptors.size());
    }
    try (Held held = Held.of(descriptors)) {
      long result =
          Transfer.from(
              message,
              Integer.MAX_VALUE,
              (address, length) -> send(socket, address, length, held.numbers(), flags));
      Outcome.require(result, "send to", socket);
    }
  }

  private static long send(Fd socket, long address, long length, int[] descriptors, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header =
          MsgHdr.in(arena, IoVec.in(arena, address, length), CmsgHdr.in(arena, descriptors));
      return message(CALLS.sendmsg(), socket, header, flags);
    }
  }

  @Override
  public Peer peer(Fd socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment credentials = Ucred.room(arena);
      option(arena, socket, Constants.SO_PEERCRED, credentials);
      return new Peer(Ucred.pid(credentials), Ucred.uid(credentials), Ucred.gid(credentials));
    }
  }

  @Override
  public SocketStatus status(Fd socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = SockaddrUn.room(arena);
      MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) name.byteSize());
      long result =
          socket.use(number ->
              Downcalls.syscall(CALLS.getpeername(), number, name.address(), length.address()));
      boolean connected = !Outcome.is(result, Errno.ENOTCONN);
      if (connected) {
        Outcome.require(result, "read the name of the peer of", socket);
      }
      return new SocketStatus(
          option(arena, socket, Constants.SO_DOMAIN) == Constants.AF_UNIX,
          option(arena, socket, Constants.SO_ACCEPTCONN) != 0,
          connected,
          connected && length.get(ValueLayout.JAVA_INT, 0) > FAMILY_BYTES);
    }
  }

  static int option(Arena arena, Fd socket, int option) {
    MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
    option(arena, socket, option, value);
    return value.get(ValueLayout.JAVA_INT, 0);
  }

  private static void option(Arena arena, Fd socket, int option, MemorySegment value) {
    MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) value.byteSize());
    long result =
        socket.use(number ->
            Downcalls.syscall(
                CALLS.getsockopt(),
                number,
                Constants.SOL_SOCKET,
                option,
                value.address(),
                length.address()));
    Outcome.require(result, "read an option of", socket);
  }

  @Override
  public Received receive(Fd socket, ByteBuffer into) {
    if (!into.hasRemaining()) {
      throw new IllegalArgumentException("buffer must have room: " + into);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vector = IoVec.in(arena, 0, 0);
      MemorySegment control = CmsgHdr.room(arena, MAX_DESCRIPTORS);
      MemorySegment header = MsgHdr.in(arena, vector, control);
      long result =
          Transfer.into(
              into,
              Integer.MAX_VALUE,
              (address, length) -> {
                IoVec.set(vector, address, length);
                return message(CALLS.recvmsg(), socket, header, Constants.MSG_CMSG_CLOEXEC);
              });
      int bytes = Outcome.requireOrWouldBlock(result, "receive from", socket);
      return bytes < 0
          ? new Received(bytes, List.of())
          : new Received(bytes, descriptors(socket, header, control));
    }
  }

  private static List<Fd> descriptors(Fd socket, MemorySegment header, MemorySegment control) {
    int[] numbers = CmsgHdr.descriptors(control, MsgHdr.controlLength(header));
    List<Fd> descriptors = Arrays.stream(numbers).mapToObj(Fd::adopt).toList();
    if ((MsgHdr.flags(header) & (Constants.MSG_TRUNC | Constants.MSG_CTRUNC)) != 0) {
      descriptors.forEach(Fd::close);
      throw new LinuxException("receive from", socket.toString(), Errno.EMSGSIZE);
    }
    return descriptors;
  }

  private static long message(int call, Fd socket, MemorySegment header, int flags) {
    return Outcome.uninterrupted(
        () -> socket.use(n -> Downcalls.syscall(call, n, header.address(), flags)));
  }

  @Override
  public boolean awaitReadable(Fd socket, Duration timeout) {
    return Waiting.untilReadable(socket, timeout);
  }

  private static void require(long result, String operation, Path path) {
    Outcome.require(result, operation, path);
  }
}
