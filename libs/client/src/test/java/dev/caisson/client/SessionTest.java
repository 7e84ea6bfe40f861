package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.Input;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.Process;
import dev.caisson.rpc.GrpcServer;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Processes and connections whose streams are a caller's. */
@Timeout(60)
class SessionTest {
  @TempDir private Path directory;
  private final FakeGateway gateway = new FakeGateway();
  private GrpcServer server;
  private Caisson client;

  @BeforeEach
  void serve() throws IOException {
    server =
        GrpcServer.unix(directory.resolve("s"))
            .services(List.of(gateway))
            .grace(Duration.ZERO)
            .start();
    client = Caisson.unix(directory.resolve("s"));
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  private Session<Process> exec(Publisher<Input> input) {
    return client.containers().exec(Exec.newBuilder().setName("web").build(), input);
  }

  private static String text(Flux<Output> output) {
    return output
        .map(Output::getData)
        .reduce(ByteString.EMPTY, ByteString::concat)
        .map(ByteString::toStringUtf8)
        .block();
  }

  @Test
  void carriesInputAndOutputAndTellsTheEnd() {
    Session<Process> session = exec(Inputs.stdin("hello"));
    assertThat(text(session.output())).isEqualTo("hello");
    assertThat(session.started().block().getId()).isEqualTo("p1");
    assertThat(session.exit().block()).isEqualTo(ExitStatus.newBuilder().setCode(7).build());
    assertThat(session.exit().block().getCode()).isEqualTo(7);
  }

  @Test
  void dividesInputIntoPiecesThatAServiceTakes() {
    String long_ = "x".repeat((64 << 10) + 1);
    List<Integer> sizes =
        Inputs.stdin(long_).map(input -> input.getStdin().size()).collectList().block();
    assertThat(sizes).containsExactly(64 << 10, 1, 0);
    assertThat(text(exec(Inputs.stdin(long_)).output())).isEqualTo(long_);
  }

  @Test
  void runsFromCreationToTheEnd() {
    var session =
        client
            .containers()
            .run(CreateContainerRequest.newBuilder().setContainerId("c").build(), Inputs.none());
    assertThat(text(session.output())).isEqualTo("hello\n");
    assertThat(session.started().block()).isEqualTo(FakeGateway.container("c"));
    assertThat(session.exit().block()).isEqualTo(ExitStatus.getDefaultInstance());
    assertThat(gateway.created.getFirst().getRequestId()).isNotEmpty();
  }

  @Test
  void hasNoExitOfAProcessThatItsCallerHasLeft() {
    Session<Process> session = exec(Flux.just(Inputs.detach()));
    assertThat(session.drain().blockOptional()).isEmpty();
    assertThat(session.started().block().getId()).isEqualTo("p1");
  }

  @Test
  void hasOneSubscriber() {
    Session<Process> session = exec(Inputs.stdin(""));
    session.drain().block();
    assertThatThrownBy(() -> session.output().blockLast())
        .isInstanceOf(IllegalStateException.class);
    assertThat(gateway.executed).hasSize(1);
  }

  @Test
  void endsTheCallWhenItsOutputIsCancelled() {
    Session<Process> session = exec(Inputs.none());
    Disposable output = session.output().subscribe();
    session.started().block();
    output.dispose();
    gateway.left.join();
    CaissonException failure =
        catchThrowableOfType(CaissonException.class, () -> session.exit().block());
    assertThat(failure.code()).isEqualTo(Status.Code.CANCELLED);
  }

  @Test
  void endsWithWhatWasWrongWithItsInput() {
    Session<Process> session = exec(Flux.error(new IllegalStateException("the disk is gone")));
    assertThatThrownBy(() -> session.drain().block())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the disk is gone");
  }

  /** Who does not read holds up who writes, and nothing is kept in between. */
  @Test
  void takesNoMoreInputThanTheServiceReads() {
    AtomicInteger made = new AtomicInteger();
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    ByteString piece = ByteString.copyFrom(new byte[64 << 10]);
    Flux<Input> endless =
        Flux.generate(sink -> {
          made.incrementAndGet();
          sink.next(Input.newBuilder().setStdin(piece).build());
        });
    Session<Void> session =
        client.containers().attach("web", endless.doOnCancel(() -> stopped.complete(null)));
    Disposable output = session.output().subscribe();
    client.containers().get("web").block();
    // The window, gRPC's own buffer, what the channel keeps until the service answers, and one
    // more.
    assertThat(made.get()).isBetween(1, 24);
    output.dispose();
    stopped.join();
    gateway.left.join();
  }

  @Test
  void letsTheServerOfAConnectionEndBeforeItsClient() {
    Sinks.Many<ByteString> data = Sinks.many().unicast().onBackpressureBuffer();
    Connection connection = client.containers().portForward("web", 80, data.asFlux());
    CompletableFuture<?> closed = connection.closed().toFuture();
    List<ByteString> received = connection.data().collectList().block();
    assertThat(received).containsExactly(ByteString.copyFromUtf8("220"));
    assertThat(connection.opened().block().getId()).isEqualTo("f1");
    assertThat(closed).isNotDone();
    data.tryEmitNext(ByteString.copyFromUtf8("QUIT"));
    data.tryEmitComplete();
    closed.join();
    assertThat(gateway.taken).hasValue(1);
  }

  @Test
  void neverBeginsAConnectionThatIsClosed() {
    Connection connection = client.containers().portForward("web", 80, Flux.never());
    connection.close();
    assertThatThrownBy(() -> connection.data().blockLast()).isInstanceOf(CaissonException.class);
    assertThatThrownBy(() -> connection.opened().block()).isInstanceOf(CaissonException.class);
  }

  @Test
  void connectsOnce() {
    Connection connection = client.containers().portForward("web", 80, Flux.empty());
    connection.data().blockLast();
    assertThatThrownBy(() -> connection.data().blockLast())
        .isInstanceOf(IllegalStateException.class);
  }
}
