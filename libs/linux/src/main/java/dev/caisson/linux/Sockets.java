package dev.caisson.linux;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Unix sockets of type {@code SOCK_SEQPACKET}: whole messages in order, with descriptors beside
 * them. Thread-safe. Whoever is given an {@link Fd} closes it.
 */
public interface Sockets {
  /** What the kernel takes beside one message, {@code SCM_MAX_FD} of net/scm.h. */
  int MAX_DESCRIPTORS = 253;

  /**
   * Makes a listening socket. Its file has mode 0600 from the beginning; EADDRINUSE if one is
   * there.
   */
  Fd listen(Path path, int backlog);

  /** Takes the next connection; waits for one unless the listener does not block (EAGAIN). */
  Fd accept(Fd listener);

  Fd connect(Path path);

  /**
   * Connects to a stream, without waiting: EAGAIN where the listener has too many to accept. The
   * socket does not block either; what is sent may be cut where the other end does not read.
   */
  Fd connectStream(Path path);

  Pair pair();

  /**
   * Sends the rest of the buffer as one message; the position shows how much of it a stream took.
   *
   * @param message not empty: an empty one could not be told from the end
   * @param descriptors at most {@link #MAX_DESCRIPTORS}; they stay the caller's
   */
  void send(Fd socket, ByteBuffer message, List<Fd> descriptors);

  /** The same without waiting, whatever the socket's own mode is: EAGAIN where it has no room. */
  void sendAtOnce(Fd socket, ByteBuffer message, List<Fd> descriptors);

  /** Whose the other end of a connection was when it was made. */
  Peer peer(Fd socket);

  /** Of any kind of socket. */
  SocketStatus status(Fd socket);

  /** Receives one message. One that does not fit is EMSGSIZE, and lost with its descriptors. */
  Received receive(Fd socket, ByteBuffer into);

  /**
   * Waits for a message, a connection or the end.
   *
   * @return false when the time was up first
   */
  boolean awaitReadable(Fd socket, Duration timeout);
}
