package dev.caisson.executor.init;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Pair;
import dev.caisson.linux.Received;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The executor's side of one caisson-init: requests, their answers, and the exits that it reports
 * in between.
 *
 * <p>Thread-safe. Whoever reads (a request that waits for its answer, or {@link #drain}) hands
 * every exit that it meets to the listener, which must not block.
 */
public final class InitClient implements AutoCloseable {
  /**
   * Far beyond what any request takes; a caisson-init that is stopped or broken is then given up.
   */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);

  private static final String START = "start";

  private final Kernel kernel;
  private final Fd connection;
  private final Consumer<ProcessEnd> exits;
  private final ReentrantLock exchange = new ReentrantLock(true);

  /** Tokens of requests that were given up before their answer came. */
  private final Set<Long> unanswered = new HashSet<>();

  private InitClient(Kernel kernel, Fd connection, Consumer<ProcessEnd> exits) {
    this.kernel = kernel;
    this.connection = connection;
    this.exits = exits;
  }

  /**
   * Connects and checks the protocol's version.
   *
   * @param exits called for each exit, again after each connect until it is acknowledged
   * @throws OtherVersionException when it is another, which is told nothing
   */
  static InitClient connect(Kernel kernel, Path socket, Consumer<ProcessEnd> exits) {
    Fd connection = kernel.sockets().connect(socket);
    try {
      InitClient client = new InitClient(kernel, connection, exits);
      Message hello = client.expect(Message.HELLO).message();
      if (hello.arg0() != Message.CONTROL_VERSION) {
        throw new OtherVersionException(hello.arg0());
      }
      return client;
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** To be watched for input; then call {@link #drain}. */
  public Fd connection() {
    return connection;
  }

  /** Makes the sandbox: its namespaces, and the process that serves from then on. */
  StartedProcess become(RunRequest request, boolean exitWithConnection) {
    return launch(
        Message.BECOME,
        Message.BORN,
        exitWithConnection ? Message.EXIT_WITH_CONNECTION : 0,
        request);
  }

  /** Blocks until the program of {@link #become} is through. */
  void awaitReady() {
    exchange.lock();
    try {
      expect(Message.READY);
    } finally {
      exchange.unlock();
    }
  }

  /**
   * Starts a process.
   *
   * @throws LinuxException when it could not be cloned
   */
  public StartedProcess run(RunRequest request) {
    return launch(Message.RUN, Message.STARTED, 0, request);
  }

  private StartedProcess launch(int type, int answer, int flags, RunRequest request) {
    try (Fd program = sealed(kernel, request.program())) {
      Fd page = kernel.files().memory("caisson-status", RunningProgram.PAGE_BYTES);
      try {
        Pair gate = kernel.sockets().pair();
        return launch(type, answer, flags, request, new Handed(program, page, gate));
      } catch (RuntimeException e) {
        page.close();
        throw e;
      }
    }
  }

  /** What goes with each request to run a program. */
  private record Handed(Fd program, Fd page, Pair gate) {}

  /** Closes the far end of the gate, and where it fails the near one. */
  private StartedProcess launch(
      int type, int answer, int flags, RunRequest request, Handed handed) {
    Pair gate = handed.gate();
    boolean done = false;
    try {
      List<Fd> descriptors =
          new ArrayList<>(List.of(handed.program(), handed.page(), gate.second()));
      request.cgroup().ifPresent(descriptors::add);
      request.pidNamespace().ifPresent(descriptors::add);
      descriptors.addAll(request.entered());
      descriptors.addAll(request.donated());
      int all =
          flags
              | (request.cgroup().isPresent() ? Message.WITH_CGROUP : 0)
              | (request.pidNamespace().isPresent() ? Message.WITH_PIDNS : 0);
      Message message =
          Message.request(
              type, all, request.token(), request.cloneFlags(), request.entered().size());
      Fd pidfd = ask(message, descriptors, answer).only();
      done = true;
      return new StartedProcess(pidfd, new RunningProgram(kernel, gate.first(), handed.page()));
    } finally {
      gate.second().close();
      if (!done) {
        gate.first().close();
      }
    }
  }

  static Fd sealed(Kernel kernel, ByteBuffer program) {
    return kernel.files().sealedMemory("caisson-program", program);
  }

  /** Forgets an exit; the token can be used anew. */
  public void acknowledge(long token) {
    send(Message.request(Message.ACK, token), List.of());
  }

  /** Every process that is not forgotten. */
  public List<KnownProcess> list() {
    exchange.lock();
    try {
      send(Message.request(Message.LIST, 0), List.of());
      List<KnownProcess> known = new ArrayList<>();
      while (true) {
        Answer answer = receive();
        switch (answer.message().type()) {
          case Message.ENTRY -> known.add(entry(answer));
          case Message.LISTED -> {
            return known;
          }
          default -> throw unexpected(answer.message());
        }
      }
    } finally {
      exchange.unlock();
    }
  }

  private static KnownProcess entry(Answer answer) {
    Message message = answer.message();
    return message.has(Message.ENTRY_RUNNING)
        ? new KnownProcess(
            message.token(), java.util.Optional.of(answer.only()), java.util.Optional.empty())
        : new KnownProcess(
            message.token(),
            java.util.Optional.empty(),
            java.util.Optional.of(ProcessEnd.of(message)));
  }

  /**
   * Has copies of the descriptors kept, in this order, until {@link #drop}: they survive the
   * executor.
   */
  public void hold(long token, List<Fd> descriptors) {
    ask(Message.request(Message.HOLD, token), descriptors, Message.HELD);
  }

  /** What is held under the token, in the order in which it was given. The receiver closes them. */
  public List<Fd> fetch(long token) {
    return ask(Message.request(Message.FETCH, token), List.of(), Message.HELD).descriptors();
  }

  public void drop(long token) {
    send(Message.request(Message.DROP, token), List.of());
  }

  /** Kills and reaps every process, and ends caisson-init itself. */
  public void end() {
    exchange.lock();
    try {
      send(Message.request(Message.END, 0), List.of());
      expect(Message.ENDED);
    } finally {
      exchange.unlock();
    }
  }

  /**
   * Reads what has come without being asked for.
   *
   * @return false when the connection has ended
   */
  public boolean drain() {
    exchange.lock();
    try {
      while (kernel.sockets().awaitReadable(connection, Duration.ZERO)) {
        @Nullable Answer answer = next();
        if (answer == null) {
          return false;
        }
        if (answer.message().type() == Message.EXITED) {
          exits.accept(ProcessEnd.of(answer.message()));
        } else if (!discarded(answer)) {
          answer.descriptors().forEach(Fd::close);
          throw unexpected(answer.message());
        }
      }
      return true;
    } finally {
      exchange.unlock();
    }
  }

  /** Whether there is something to {@link #drain} before the time is up. */
  public boolean awaitReport(Duration timeout) {
    return !timeout.isNegative() && kernel.sockets().awaitReadable(connection, timeout);
  }

  private Answer ask(Message request, List<Fd> descriptors, int answer) {
    exchange.lock();
    try {
      send(request, descriptors);
      return awaited(request, answer);
    } finally {
      exchange.unlock();
    }
  }

  /** What comes later, to a request that was given up, belongs to nobody. */
  private Answer awaited(Message request, int answer) {
    try {
      return expect(answer);
    } catch (LinuxException e) {
      if (!e.operation().equals(START)) {
        unanswered.add(request.token());
      }
      throw e;
    } catch (InitException e) {
      unanswered.add(request.token());
      throw e;
    }
  }

  /** Whether it is such an answer. */
  private boolean discarded(Answer answer) {
    Message message = answer.message();
    if (message.type() == Message.EXITED || !unanswered.remove(message.token())) {
      return false;
    }
    if (message.type() == Message.STARTED) {
      answer.descriptors().forEach(pidfd -> kernel.processes().kill(pidfd)); // reaped by its parent
    } else if (message.type() == Message.BORN) {
      answer.descriptors().forEach(pidfd -> end(kernel, pidfd));
    }
    answer.descriptors().forEach(Fd::close);
    return true;
  }

  /** Whether an answer may still come to a request that was given up. */
  boolean isUnanswered() {
    exchange.lock();
    try {
      return !unanswered.isEmpty();
    } finally {
      exchange.unlock();
    }
  }

  /** Reads what has come of requests that were given up. */
  void discardAnswers() {
    exchange.lock();
    try {
      while (kernel.sockets().awaitReadable(connection, Duration.ZERO)) {
        @Nullable Answer answer = next();
        if (answer == null) {
          return;
        }
        if (!discarded(answer)) {
          answer.descriptors().forEach(Fd::close);
        }
      }
    } finally {
      exchange.unlock();
    }
  }

  /** Ends a process, which may be a child of this one. */
  static void end(Kernel kernel, Fd pidfd) {
    var _ = kernel.processes().kill(pidfd);
    kernel.processes().awaitEnd(pidfd, ANSWER_TIMEOUT);
    try {
      var _ = kernel.processes().reap(pidfd);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ECHILD) {
        throw e;
      }
    }
  }

  private void send(Message message, List<Fd> descriptors) {
    try {
      kernel.sockets().send(connection, message.encode(), descriptors);
    } catch (LinuxException e) {
      if (e.errno() == Errno.EPIPE || e.errno() == Errno.ECONNRESET) {
        throw new InitException("caisson-init has ended", e);
      }
      throw e;
    }
  }

  private Answer expect(int type) {
    Answer answer = receive();
    Message message = answer.message();
    if (message.type() == Message.FAILED) {
      throw new LinuxException(START, "a process", Errno.of((int) message.arg0()));
    }
    if (message.type() != type) {
      answer.descriptors().forEach(Fd::close);
      throw unexpected(message);
    }
    return answer;
  }

  /** The next message that is no exit. */
  private Answer receive() {
    while (true) {
      if (!kernel.sockets().awaitReadable(connection, ANSWER_TIMEOUT)) {
        throw new InitException(
            "caisson-init did not answer within " + ANSWER_TIMEOUT.toSeconds() + " s");
      }
      @Nullable Answer answer = next();
      if (answer == null) {
        throw new InitException("caisson-init has ended");
      }
      if (answer.message().type() == Message.EXITED) {
        exits.accept(ProcessEnd.of(answer.message()));
      } else if (!discarded(answer)) {
        return answer;
      }
    }
  }

  private @Nullable Answer next() {
    ByteBuffer bytes = ByteBuffer.allocate(Message.BYTES);
    Received received;
    try {
      received = kernel.sockets().receive(connection, bytes);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ECONNRESET) {
        return null;
      }
      throw e;
    }
    if (received.bytes() <= 0) {
      return null;
    }
    return new Answer(Message.decode(bytes.flip()), received.descriptors());
  }

  private static InitException unexpected(Message message) {
    return new InitException("caisson-init sent an unexpected message of type " + message.type());
  }

  @Override
  public void close() {
    connection.close();
  }

  private record Answer(Message message, List<Fd> descriptors) {
    Fd only() {
      if (descriptors.size() != 1) {
        descriptors.forEach(Fd::close);
        throw new InitException("caisson-init sent " + descriptors.size() + " descriptors for one");
      }
      return descriptors.getFirst();
    }
  }
}
