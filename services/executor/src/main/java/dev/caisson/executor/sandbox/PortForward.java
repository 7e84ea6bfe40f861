package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.stdio.Connection;
import dev.caisson.linux.Fd;
import dev.caisson.model.Operation;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.PortForwardClosed;
import dev.caisson.proto.events.v1.PortForwardOpened;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.Reason;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a port of a container's sandbox, for one caller.
 *
 * <p>Thread-safe.
 */
public final class PortForward {
  private final Container container;
  private final ForwardPort request;
  private final String id;
  private final CompletableFuture<@Nullable Void> recorded = new CompletableFuture<>();
  private final CompletableFuture<Optional<Refusal>> end = new CompletableFuture<>();
  private final CompletableFuture<Boolean> drained = new CompletableFuture<>();
  private volatile @Nullable Connection connection;

  PortForward(Container container, ForwardPort request, String id) {
    this.container = container;
    this.request = request;
    this.id = id;
  }

  public String id() {
    return id;
  }

  /** Carries bytes for the caller from now on. Of one that was opened, as all that follow. */
  public Connection connection() {
    Connection present = connection;
    if (present == null) {
      throw new IllegalStateException(id + " was not opened");
    }
    return present;
  }

  /** When there is no connection any more, and that is recorded: why, unless both sides ended. */
  public CompletableFuture<Optional<Refusal>> end() {
    return end;
  }

  /** When it is recorded whether it was opened. */
  CompletableFuture<@Nullable Void> recorded() {
    return recorded;
  }

  Container container() {
    return container;
  }

  String tenant() {
    return container.record().getTenant();
  }

  int port() {
    return request.getPort();
  }

  /**
   * The socket is connected.
   *
   * @param socket taken over
   */
  void opened(Host host, Fd socket, Consumer<Connection.Closed> whenClosed) {
    connection = new Connection(host.kernel().files(), host.stdio(), socket, whenClosed);
    if (container.exit().isDone()) {
      drain();
    }
  }

  /**
   * Why it was closed. A program that is killed with its container resets its connection on the
   * way, a moment before that has ended, and a while before that is known.
   *
   * @param moment until the kernel has ended the container's first process
   * @param isEnding whether it has
   * @param patience until that is known here
   */
  CompletableFuture<Connection.Closed> known(
      Connection.Closed closed, Duration moment, BooleanSupplier isEnding, Duration patience) {
    if (closed.end() != Connection.End.RESET) {
      return CompletableFuture.completedFuture(closed);
    }
    return drainedWithin(moment)
        .thenCompose(ended ->
            !ended && isEnding.getAsBoolean()
                ? drainedWithin(patience)
                : CompletableFuture.completedFuture(ended))
        .thenApply(ended ->
            ended
                ? new Connection.Closed(Connection.End.EMPTIED, closed.sent(), closed.received())
                : closed);
  }

  private CompletableFuture<Boolean> drainedWithin(Duration time) {
    return drained.copy().completeOnTimeout(false, time.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The container has ended. One that is still being opened looks for itself. */
  void drain() {
    drained.complete(true);
    Optional.ofNullable(connection).ifPresent(Connection::drain);
  }

  void close(Connection.End why) {
    Optional.ofNullable(connection).ifPresent(present -> present.close(why));
  }

  Event.Builder openedEvent() {
    return Recorder.event(container, request.getActor())
        .setPortForwardOpened(PortForwardOpened.newBuilder().setId(id).setPort(port()));
  }

  Event.Builder closedEvent(Connection.Closed closed) {
    return Recorder.event(container, request.getActor())
        .setPortForwardClosed(
            PortForwardClosed.newBuilder()
                .setId(id)
                .setPort(port())
                .setBytesToSandbox(closed.sent())
                .setBytesFromSandbox(closed.received())
                .setCause(cause(closed.end())));
  }

  private static String cause(Connection.End end) {
    return switch (end) {
      case FINISHED -> "finished";
      case RESET -> "reset";
      case LEFT -> "caller-left";
      case EMPTIED -> "container-ended";
    };
  }

  /** What the caller is told; nothing where it did not go wrong. */
  Optional<Refusal> told(Connection.End why) {
    return switch (why) {
      case FINISHED, LEFT -> Optional.empty();
      case RESET -> Optional.of(broken("was reset by the program there"));
      case EMPTIED ->
          Optional.of(States.wrong(container, Operation.PORT_FORWARD, "it has ended").refusal());
    };
  }

  Refusal broken(String what) {
    return new Refusal(
        Reason.CONNECTION_BROKEN,
        "The connection to port "
            + port()
            + " of container "
            + container.record().getId()
            + " "
            + what
            + ".",
        Map.of("port", String.valueOf(port())));
  }

  Refusal refused() {
    return new Refusal(
        Reason.PORT_CLOSED,
        "Nothing listens at port "
            + port()
            + " in sandbox "
            + container.sandbox().record().getId()
            + ": its server must listen at 127.0.0.1, at ::1, or at every address.",
        Map.of("port", String.valueOf(port())));
  }
}
