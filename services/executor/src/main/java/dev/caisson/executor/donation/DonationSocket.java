package dev.caisson.executor.donation;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Peer;
import dev.caisson.linux.Received;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Where permitted local callers hand over descriptors: a Unix socket of type {@code
 * SOCK_SEQPACKET}.
 *
 * <p>A caller sends a message {@code donate} with 1 to {@value #MOST} descriptors beside it ({@code
 * SCM_RIGHTS}) and receives {@code donated} and the token of each, in their order, with a space
 * before each; or {@code refused}, a space, and a sentence. Tokens are for requests that the
 * gateway makes: see DonatedDescriptors in donated.proto. What nobody has taken when the caller
 * closes the connection is closed.
 *
 * <p>Its state is the loop's thread's.
 */
public final class DonationSocket implements AutoCloseable {
  /** Of descriptors beside one message. */
  static final int MOST = 64;

  /** Of connections at a time, and of those of one user. */
  static final int CONNECTIONS = 512;

  static final int CONNECTIONS_OF_ONE = 256;

  private static final System.Logger LOG = System.getLogger(DonationSocket.class.getName());
  private static final String REQUEST = "donate";
  private static final int BACKLOG = 16;

  /** Of a message. A longer one is lost with all beside it, and so is its sender. */
  private static final int ROOM = 64;

  private final Kernel kernel;
  private final PollLoop loop;
  private final Donations donations;
  private final Donatable donatable;
  private final IntPredicate permitted;
  private final Path path;
  private final Fd listener;
  private final PollLoop.Watch watch;
  private final Set<Connection> connections = new HashSet<>();
  private boolean closed;

  /**
   * Listens.
   *
   * @param path which must not be there
   * @param everybody whether users other than its owner reach the socket
   * @param permitted whether a user id may donate
   */
  public DonationSocket(
      Kernel kernel,
      PollLoop loop,
      Donations donations,
      Path path,
      boolean everybody,
      IntPredicate permitted) {
    this.kernel = kernel;
    this.loop = loop;
    this.donations = donations;
    this.donatable = new Donatable(kernel);
    this.permitted = permitted;
    this.path = path;
    this.listener = listen(everybody);
    this.watch = loop.watch(listener, ready -> accept());
    watch.arm(Interest.IN);
  }

  private Fd listen(boolean everybody) {
    try {
      java.nio.file.Files.deleteIfExists(path); // of an earlier life
      Fd socket = kernel.sockets().listen(path, BACKLOG);
      kernel.files().setBlocking(socket, false);
      if (everybody) {
        java.nio.file.Files.setPosixFilePermissions(
            path, PosixFilePermissions.fromString("rw-rw-rw-"));
      }
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to make " + path, e);
    }
  }

  private void accept() {
    try {
      Connection connection = new Connection(kernel.sockets().accept(listener));
      connections.add(connection);
      connection.begin();
    } catch (LinuxException e) {
      LOG.log(Level.DEBUG, "Failed to accept a donor", e); // who has gone already
    }
    if (!closed) {
      watch.arm(Interest.IN);
    }
  }

  /** Nobody is served any more; what waits is closed. */
  @Override
  public void close() {
    loop.execute(() -> {
      closed = true;
      watch.cancel();
      listener.close();
      List.copyOf(connections).forEach(Connection::end);
    });
  }

  /** One caller. */
  private final class Connection {
    private final Fd socket;
    private final Peer peer;
    private final PollLoop.Watch watch;
    private final List<String> tokens = new ArrayList<>();

    Connection(Fd socket) {
      this.socket = socket;
      kernel.files().setBlocking(socket, false);
      this.peer = kernel.sockets().peer(socket);
      this.watch = loop.watch(socket, ready -> receive());
    }

    void begin() {
      long others = connections.stream().filter(one -> one.peer.uid() == peer.uid()).count();
      if (!permitted.test(peer.uid())) {
        refuseAll(
            "user "
                + Integer.toUnsignedString(peer.uid())
                + " may not donate: see donations.users of the guard");
      } else if (connections.size() > CONNECTIONS || others > CONNECTIONS_OF_ONE) {
        refuseAll("too many callers donate at once: try again");
      } else {
        watch.arm(Interest.IN);
      }
    }

    private void refuseAll(String why) {
      try {
        answer("refused " + why);
      } catch (LinuxException e) {
        LOG.log(Level.DEBUG, "A donor has gone before its answer", e);
      }
      end();
    }

    private void receive() {
      ByteBuffer message = ByteBuffer.allocate(ROOM);
      try {
        Received received = kernel.sockets().receive(socket, message);
        if (received.bytes() == 0) {
          end();
          return;
        }
        if (received.bytes() != Files.WOULD_BLOCK) {
          answer(answerTo(US_ASCII.decode(message.flip()).toString(), received.descriptors()));
        }
        watch.arm(Interest.IN);
      } catch (LinuxException e) {
        end(); // it has gone, or does not read its answers, or its message was too long
      }
    }

    private String answerTo(String message, List<Fd> descriptors) {
      try {
        return accepted(message, descriptors);
      } catch (RuntimeException e) {
        descriptors.forEach(Fd::close);
        throw e;
      }
    }

    private String accepted(String message, List<Fd> descriptors) {
      Optional<String> refusal = refusal(message, descriptors);
      if (refusal.isPresent()) {
        descriptors.forEach(Fd::close);
        return "refused " + refusal.get();
      }
      tokens.removeIf(token -> !donations.isWaiting(token));
      StringBuilder answer = new StringBuilder("donated");
      for (Fd descriptor : descriptors) {
        FileType type = donatable.check(descriptor).orElseThrow();
        String token = donations.add(new Donated(descriptor, type, peer.uid()));
        tokens.add(token);
        answer.append(' ').append(token);
      }
      return answer.toString();
    }

    private Optional<String> refusal(String message, List<Fd> descriptors) {
      if (!message.equals(REQUEST)) {
        return Optional.of("a message must be \"" + REQUEST + "\"");
      }
      if (descriptors.isEmpty() || descriptors.size() > MOST) {
        return Optional.of("1 to " + MOST + " descriptors must be beside a message");
      }
      if (!donations.hasRoom(peer.uid(), descriptors.size())) {
        return Optional.of("too many descriptors wait for their requests: try again");
      }
      for (int i = 0; i < descriptors.size(); i++) {
        if (donatable.check(descriptors.get(i)).isEmpty()) {
          return Optional.of("descriptor " + (i + 1) + " of the message " + Donatable.RULE);
        }
      }
      return Optional.empty();
    }

    private void answer(String text) {
      kernel.sockets().sendAtOnce(socket, ByteBuffer.wrap(text.getBytes(US_ASCII)), List.of());
    }

    private void end() {
      watch.cancel();
      connections.remove(this);
      socket.close();
      donations.drop(tokens);
    }
  }
}
