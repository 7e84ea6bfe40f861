package dev.caisson.executor.donation;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;

/**
 * Where permitted local callers hand over descriptors: a Unix socket of type {@code
 * SOCK_SEQPACKET}.
 *
 * <p>A caller sends a message {@code donate} with 1 to {@value #MOST} descriptors beside it ({@code
 * SCM_RIGHTS}) and receives {@code donated} and the token of each, in their order, with a space
 * before each; or {@code refused}, a space, and a sentence. Tokens are for requests that the
 * gateway makes: see DonatedDescriptors in donated.proto. What nobody has taken when the caller
 * closes the connection, or after a minute, is closed.
 *
 * <p>What is done with a donor's descriptors may wait for the donor, and is done on a thread of his
 * connection's.
 */
public final class DonationSocket implements AutoCloseable {
  /** Of descriptors beside one message. */
  static final int MOST = 64;

  /** Of connections at a time, and of those of one user. */
  static final int CONNECTIONS = 256;

  static final int CONNECTIONS_OF_ONE = 128;

  private static final System.Logger LOG = System.getLogger(DonationSocket.class.getName());
  private static final String REQUEST = "donate";
  private static final int BACKLOG = 16;

  /** Of a message. A longer one is lost with all beside it, and so is its sender. */
  private static final int ROOM = 64;

  private static final Duration LIFE = Duration.ofMinutes(1);

  /** Before accepting again what could not be accepted: no descriptor may be left. */
  private static final Duration REST = Duration.ofMillis(100);

  private final Kernel kernel;
  private final PollLoop loop;
  private final ScheduledExecutorService later;
  private final Donations donations;
  private final Donatable donatable;
  private final IntPredicate permitted;
  private final Fd listener;
  private final PollLoop.Watch watch;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Where it is.
   *
   * @param path of the socket
   * @param everybody whether users other than its owner reach it
   * @param own the user that the executor is
   * @param permitted whether another user may donate
   */
  public record Place(Path path, boolean everybody, int own, IntPredicate permitted) {}

  /**
   * Listens.
   *
   * @param loop waits for donors; never for what they donate
   * @param later for what is done after a while, and takes no time
   */
  public DonationSocket(
      Kernel kernel,
      PollLoop loop,
      ScheduledExecutorService later,
      Donations donations,
      Place place) {
    this.kernel = kernel;
    this.loop = loop;
    this.later = later;
    this.donations = donations;
    this.donatable = new Donatable(kernel, place.own());
    this.permitted = uid -> uid == place.own() || place.permitted().test(uid);
    this.listener = listen(place);
    this.watch = loop.watch(listener, ready -> accept());
    watch.arm(Interest.IN);
  }

  private Fd listen(Place place) {
    try {
      java.nio.file.Files.deleteIfExists(place.path()); // of an earlier life
      Fd socket = kernel.sockets().listen(place.path(), BACKLOG);
      kernel.files().setBlocking(socket, false);
      if (place.everybody()) {
        java.nio.file.Files.setPosixFilePermissions(
            place.path(), PosixFilePermissions.fromString("rw-rw-rw-"));
      }
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to make " + place.path(), e);
    }
  }

  private void accept() {
    try {
      begin(kernel.sockets().accept(listener));
      rearm();
    } catch (LinuxException e) {
      LOG.log(Level.WARNING, "Failed to accept a donor", e);
      after(REST, this::rearm);
    }
  }

  private void rearm() {
    if (!closed) {
      watch.arm(Interest.IN);
    }
  }

  private void after(Duration delay, Runnable task) {
    var _ = later.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void begin(Fd socket) {
    try {
      kernel.files().setBlocking(socket, false);
      Connection connection = new Connection(socket, kernel.sockets().peer(socket));
      connections.add(connection);
      connection.begin();
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** Nobody is served any more; what waits is closed. */
  @Override
  public void close() {
    loop.execute(() -> {
      closed = true;
      watch.cancel();
      listener.close();
      connections.forEach(connection -> donations.apart(connection::end));
    });
  }

  /** One caller. Its own descriptors wait for nobody; what it brings may. */
  private final class Connection {
    private final Fd socket;
    private final Peer peer;
    private final PollLoop.Watch watch;
    private final Set<String> tokens = new HashSet<>();
    private boolean ended;

    Connection(Fd socket, Peer peer) {
      this.socket = socket;
      this.peer = peer;
      this.watch = loop.watch(socket, ready -> donations.apart(this::receive));
    }

    void begin() {
      long ofOne = connections.stream().filter(one -> one.peer.uid() == peer.uid()).count();
      if (!permitted.test(peer.uid())) {
        refuseAll(
            "user "
                + Integer.toUnsignedString(peer.uid())
                + " may not donate: see donations.users of the guard");
      } else if (connections.size() > CONNECTIONS || ofOne > CONNECTIONS_OF_ONE) {
        refuseAll("too many callers donate at once: try again");
      } else {
        watch.arm(Interest.IN);
        after(LIFE, () -> donations.apart(this::end));
      }
    }

    private void refuseAll(String why) {
      try {
        answer("refused " + why);
      } catch (LinuxException e) {
        LOG.log(Level.DEBUG, "A donor has gone before its answer", e);
      }
      donations.apart(this::end); // it may have sent descriptors already
    }

    private synchronized void receive() {
      if (ended) {
        return;
      }
      ByteBuffer message = ByteBuffer.allocate(ROOM);
      try {
        Received received = kernel.sockets().receive(socket, message);
        if (received.bytes() == 0) { // also of an empty message, which may have some beside it
          received.descriptors().forEach(Fd::close);
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
      List<Donated> checked = new ArrayList<>();
      Optional<String> refusal;
      try {
        refusal = refusal(message, descriptors, checked);
      } catch (RuntimeException e) {
        descriptors.forEach(Fd::close);
        throw e;
      }
      if (refusal.isPresent()) {
        descriptors.forEach(Fd::close);
        return "refused " + refusal.get();
      }
      tokens.removeIf(token -> !donations.isWaiting(token));
      StringBuilder answer = new StringBuilder("donated");
      for (Donated donated : checked) {
        String token = donations.add(donated);
        tokens.add(token);
        answer.append(' ').append(token);
      }
      return answer.toString();
    }

    private Optional<String> refusal(String message, List<Fd> descriptors, List<Donated> checked) {
      if (!message.equals(REQUEST)) {
        return Optional.of("a message must be \"" + REQUEST + "\"");
      }
      if (descriptors.isEmpty() || descriptors.size() > MOST) {
        return Optional.of("1 to " + MOST + " descriptors must be beside a message");
      }
      if (!donations.hasRoom(peer.uid(), descriptors.size())) {
        return Optional.of("too many descriptors wait for their requests: try again");
      }
      for (Fd descriptor : descriptors) {
        Optional<Donated> donated = donatable.check(descriptor, peer.uid());
        if (donated.isEmpty()) {
          return Optional.of(
              "descriptor " + (checked.size() + 1) + " of the message " + Donatable.RULE);
        }
        checked.add(donated.get());
      }
      return Optional.empty();
    }

    private void answer(String text) {
      kernel.sockets().sendAtOnce(socket, ByteBuffer.wrap(text.getBytes(US_ASCII)), List.of());
    }

    private synchronized void end() {
      if (!ended) {
        ended = true;
        watch.cancel();
        socket.close();
        donations.drop(tokens);
        connections.remove(this);
      }
    }
  }
}
