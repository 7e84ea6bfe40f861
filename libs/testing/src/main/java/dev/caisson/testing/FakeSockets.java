package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileType;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Pair;
import dev.caisson.linux.Peer;
import dev.caisson.linux.Received;
import dev.caisson.linux.SocketStatus;
import dev.caisson.linux.Sockets;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** {@link Sockets} in memory. */
final class FakeSockets implements Sockets {
  private final Monitor monitor;
  private final Recorder recorder;
  private final OpenFiles open;
  private final Tree tree;
  private final Map<Node, Listener> listeners = new HashMap<>();

  FakeSockets(Monitor monitor, Recorder recorder, OpenFiles open, Tree tree) {
    this.monitor = monitor;
    this.recorder = recorder;
    this.open = open;
    this.tree = tree;
  }

  private <T> T call(Supplier<T> action, String operation, Object... arguments) {
    recorder.enter("sockets." + operation, arguments);
    return monitor.change(action);
  }

  @Override
  public Fd listen(Path path, int backlog) {
    return call(
        () -> {
          if (tree.find(path).isPresent()) {
            throw new LinuxException("listen on", path.toString(), Errno.EADDRINUSE);
          }
          Listener listener = new Listener(monitor, backlog);
          listeners.put(tree.add(path, FileType.SOCKET), listener);
          return open.add(listener);
        },
        "listen",
        path,
        backlog);
  }

  @Override
  public Fd accept(Fd listener) {
    return call(
        () -> {
          SocketEnd server = open.get(listener, Listener.class, Errno.EINVAL).accept();
          Fd fd = open.add(server);
          server.release();
          return fd;
        },
        "accept",
        listener);
  }

  @Override
  public Fd connect(Path path) {
    return call(
        () -> {
          Listener listener = listeners.get(tree.require(path));
          if (listener == null || !listener.isOpen()) {
            throw new LinuxException("connect to", path.toString(), Errno.ECONNREFUSED);
          }
          SocketEnd client = new SocketEnd(monitor, open);
          listener.offer(client.connect().named());
          return open.add(client);
        },
        "connect",
        path);
  }

  /** Nothing here listens for streams: what listens has messages. */
  @Override
  public Fd connectStream(Path path) {
    return call(
        () -> {
          boolean listens = listeners.containsKey(tree.require(path));
          throw new LinuxException(
              "connect to", path.toString(), listens ? Errno.EPROTOTYPE : Errno.ECONNREFUSED);
        },
        "connectStream",
        path);
  }

  @Override
  public Pair pair() {
    return call(
        () -> {
          SocketEnd first = new SocketEnd(monitor, open);
          return new Pair(open.add(first), open.add(first.connect()));
        },
        "pair");
  }

  @Override
  public void send(Fd socket, ByteBuffer message, List<Fd> descriptors) {
    send(socket, message, descriptors, "send", end -> end.send(message, descriptors));
  }

  @Override
  public void sendAtOnce(Fd socket, ByteBuffer message, List<Fd> descriptors) {
    send(socket, message, descriptors, "sendAtOnce", end -> end.sendAtOnce(message, descriptors));
  }

  private void send(
      Fd socket,
      ByteBuffer message,
      List<Fd> descriptors,
      String operation,
      Consumer<SocketEnd> sending) {
    if (!message.hasRemaining()) {
      throw new IllegalArgumentException("message must not be empty: " + message);
    }
    if (descriptors.size() > MAX_DESCRIPTORS) {
      throw new IllegalArgumentException(
          "descriptors must be at most " + MAX_DESCRIPTORS + ": " + descriptors.size());
    }
    call(
        () -> {
          sending.accept(end(socket));
          return socket;
        },
        operation,
        socket,
        message.remaining(),
        descriptors);
  }

  /** All of it is one process. */
  @Override
  public Peer peer(Fd socket) {
    return call(
        () -> {
          end(socket);
          return new Peer(1, 0, 0);
        },
        "peer",
        socket);
  }

  @Override
  public SocketStatus status(Fd socket) {
    return call(
        () ->
            open.get(socket) instanceof Listener
                ? new SocketStatus(true, true, false, false)
                : end(socket).socketStatus(),
        "status",
        socket);
  }

  @Override
  public Received receive(Fd socket, ByteBuffer into) {
    FakeFiles.requireRoom(into);
    return call(() -> end(socket).receive(into), "receive", socket);
  }

  @Override
  public boolean awaitReadable(Fd socket, Duration timeout) {
    return call(
        () -> {
          OpenFile file = open.get(socket);
          return monitor.await(() -> file.isReadable() || file.isHungUp(), timeout);
        },
        "awaitReadable",
        socket,
        timeout);
  }

  private SocketEnd end(Fd socket) {
    return open.get(socket, SocketEnd.class, Errno.ENOTSOCK);
  }
}
