package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.FileType;
import java.util.ArrayDeque;
import java.util.Deque;

/** A listening socket. Guarded by the kernel's monitor. */
final class Listener extends OpenFile {
  private final Monitor monitor;
  private final int backlog;
  private final Deque<SocketEnd> waiting = new ArrayDeque<>();
  private boolean open = true;

  Listener(Monitor monitor, int backlog) {
    this.monitor = monitor;
    this.backlog = backlog;
  }

  boolean isOpen() {
    return open;
  }

  /** Waits for room, as connect(2) does. */
  void offer(SocketEnd server) {
    monitor.await(() -> !open || waiting.size() <= backlog);
    if (!open) {
      throw failure("connect to", Errno.ECONNREFUSED);
    }
    server.retain();
    waiting.add(server);
  }

  SocketEnd accept() {
    if (isBlocking()) {
      monitor.await(this::isReadable);
    }
    SocketEnd server = waiting.poll();
    if (server == null) {
      throw failure("accept a connection on", Errno.EAGAIN);
    }
    return server;
  }

  @Override
  boolean isReadable() {
    return !waiting.isEmpty();
  }

  @Override
  FileType type() {
    return FileType.SOCKET;
  }

  @Override
  void closed() {
    open = false;
    waiting.forEach(OpenFile::release);
    waiting.clear();
  }
}
