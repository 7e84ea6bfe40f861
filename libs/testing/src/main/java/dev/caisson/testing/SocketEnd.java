package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.Received;
import dev.caisson.linux.SocketStatus;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** One end of a connection, unix(7). Guarded by the kernel's monitor. */
final class SocketEnd extends OpenFile {
  /** Messages that wait for the other end to receive them. */
  static final int MAX_WAITING = 64;

  private record Message(ByteBuffer content, List<OpenFile> descriptors) {
    void drop() {
      descriptors.forEach(OpenFile::release);
    }
  }

  private final Monitor monitor;
  private final OpenFiles open;
  private final Deque<Message> inbox = new ArrayDeque<>();
  private SocketEnd peer = this;
  private boolean isPeerOpen = true;
  private boolean named;

  SocketEnd(Monitor monitor, OpenFiles open) {
    this.monitor = monitor;
    this.open = open;
  }

  /** Another end, connected to this one. */
  SocketEnd connect() {
    SocketEnd other = new SocketEnd(monitor, open);
    other.peer = this;
    peer = other;
    return other;
  }

  /** As an accepted connection has the name of its listener. */
  SocketEnd named() {
    named = true;
    return this;
  }

  SocketStatus socketStatus() {
    return new SocketStatus(true, false, true, peer.named);
  }

  void send(ByteBuffer message, List<Fd> descriptors) {
    if (isBlocking()) {
      monitor.await(() -> isWritable() || isHungUp());
    }
    sendAtOnce(message, descriptors);
  }

  void sendAtOnce(ByteBuffer message, List<Fd> descriptors) {
    if (isHungUp()) {
      throw failure("send to", Errno.EPIPE);
    }
    if (!isWritable()) {
      throw failure("send to", Errno.EAGAIN);
    }
    List<OpenFile> files = descriptors.stream().map(open::get).map(OpenFile::retain).toList();
    ByteBuffer content = ByteBuffer.allocate(message.remaining()).put(message).flip();
    peer.inbox.add(new Message(content, files));
  }

  Received receive(ByteBuffer into) {
    if (isBlocking()) {
      monitor.await(() -> isReadable() || isHungUp());
    }
    Message message = inbox.poll();
    if (message == null) {
      return new Received(isHungUp() ? 0 : Files.WOULD_BLOCK, List.of());
    }
    return deliver(message, into);
  }

  private Received deliver(Message message, ByteBuffer into) {
    int bytes = message.content().remaining();
    try {
      if (bytes > into.remaining()) {
        throw failure("receive from", Errno.EMSGSIZE);
      }
      into.put(message.content());
      return new Received(bytes, message.descriptors().stream().map(open::add).toList());
    } finally {
      message.drop();
    }
  }

  @Override
  FileType type() {
    return FileType.SOCKET;
  }

  @Override
  boolean isReadable() {
    return !inbox.isEmpty();
  }

  @Override
  boolean isWritable() {
    return peer.inbox.size() < MAX_WAITING;
  }

  @Override
  boolean isHungUp() {
    return !isPeerOpen;
  }

  @Override
  void closed() {
    inbox.forEach(Message::drop);
    inbox.clear();
    peer.isPeerOpen = false;
  }
}
