package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;

/** Unary calls, lists and streams, over a real socket. */
@Timeout(60)
class CallsTest {
  @TempDir private Path directory;
  private final FakeGateway gateway = new FakeGateway();
  private GrpcServer server;
  private Caisson client;

  @BeforeEach
  void serve() throws IOException {
    server = started();
    client = Caisson.unix(directory.resolve("s"));
  }

  private GrpcServer started() throws IOException {
    return GrpcServer.unix(directory.resolve("s"))
        .services(List.of(gateway))
        .grace(Duration.ZERO)
        .start();
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  private static CreateContainerRequest creation() {
    return CreateContainerRequest.newBuilder().setContainerId("web").build();
  }

  @Test
  void makesAReadAgainWhileTheServiceIsAway() {
    gateway.failures.addAll(List.of(FakeGateway.away(), FakeGateway.away()));
    assertThat(client.containers().get("web").block()).isEqualTo(FakeGateway.container("web"));
    assertThat(gateway.attempts).hasValue(3);
  }

  @Test
  void makesACreationAgainWithTheSameRequestId() {
    gateway.failures.add(FakeGateway.away());
    assertThat(client.containers().create(creation()).block().getName()).isEqualTo("web");
    assertThat(gateway.created).hasSize(2);
    assertThat(gateway.created.getFirst().getRequestId()).isNotEmpty();
    assertThat(gateway.created.get(1)).isEqualTo(gateway.created.getFirst());
  }

  @Test
  void givesEachCallARequestIdOfItsOwn() {
    client.containers().create(creation()).block();
    client.containers().create(creation()).block();
    assertThat(gateway.created)
        .extracting(CreateContainerRequest::getRequestId)
        .doesNotHaveDuplicates();
  }

  @Test
  void keepsTheRequestIdOfACallThatItsCallerMakesAgain() {
    for (int i = 0; i < 4; i++) {
      gateway.failures.add(FakeGateway.away());
    }
    client.containers().create(creation()).retry(1).block();
    assertThat(gateway.created).hasSize(5);
    assertThat(gateway.created.stream().distinct()).hasSize(1);
  }

  @Test
  void keepsTheCallersRequestId() {
    client.containers().create(creation().toBuilder().setRequestId("mine").build()).block();
    assertThat(gateway.created.getFirst().getRequestId()).isEqualTo("mine");
  }

  @Test
  void makesNoExecAgain() {
    gateway.failures.add(FakeGateway.away());
    Session<?> session =
        client.containers().exec(Exec.newBuilder().setName("web").build(), Inputs.none());
    CaissonException failure =
        catchThrowableOfType(CaissonException.class, () -> session.drain().block());
    assertThat(failure.reason()).isEqualTo("EXECUTOR_UNAVAILABLE");
    assertThat(gateway.executed).hasSize(1);
    assertThat(gateway.executed.getFirst().getExec().getRequestId()).isNotEmpty();
  }

  @Test
  void makesNothingAgainThatIsRefused() {
    gateway.failures.add(
        RpcErrors.of(
            Status.Code.NOT_FOUND,
            "caisson.dev",
            "CONTAINER_NOT_FOUND",
            "There is none",
            Map.of("container", "web")));
    CaissonException failure =
        catchThrowableOfType(CaissonException.class, () -> client.containers().get("web").block());
    assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failure.metadata()).containsEntry("container", "web");
    assertThat(gateway.attempts).hasValue(1);
  }

  @Test
  void givesUpAfterFourAttempts() {
    for (int i = 0; i < 10; i++) {
      gateway.failures.add(FakeGateway.away());
    }
    assertThatThrownBy(() -> client.containers().get("web").block())
        .isInstanceOf(CaissonException.class);
    assertThat(gateway.attempts).hasValue(4);
  }

  @Test
  void tellsWhoWasCutOffEvenIfNobodyIsThereAfterwards() throws IOException {
    CompletableFuture<?> waiting = client.containers().await("web").toFuture();
    client.containers().get("web").block();
    server.close();
    assertThatThrownBy(waiting::join)
        .hasCauseInstanceOf(CaissonException.class)
        .satisfies(end -> assertThat(((CaissonException) end.getCause()).isCutOff()).isTrue());
    CaissonException later =
        catchThrowableOfType(CaissonException.class, () -> client.containers().get("web").block());
    assertThat(later.isUnreached()).isTrue();
    server = started();
  }

  @Test
  void waitsForAServiceThatIsToComeWhereThatIsWanted() throws IOException {
    server.close();
    CompletableFuture<Container> answer =
        client.withWaitForReady().containers().get("web").toFuture();
    server = started();
    assertThat(answer.join()).isEqualTo(FakeGateway.container("web"));
  }

  @Test
  void sendsNothingBeforeItIsSubscribedTo() {
    var _ = client.containers().get("web");
    assertThat(client.containers().get("other").block().getName()).isEqualTo("other");
    assertThat(gateway.attempts).hasValue(1);
  }

  @Test
  void goesThroughAllPages() {
    assertThat(
            client
                .containers()
                .list("tenants/t/sandboxes/-")
                .map(Container::getName)
                .collectList()
                .block())
        .containsExactly("c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8");
    assertThat(gateway.listed)
        .extracting(ListContainersRequest::getPageToken)
        .containsExactly("", "1", "2");
  }

  @Test
  void asksForNoPageBeforeTheOneInFrontOfItIsTaken() {
    assertThat(client.containers().list("tenants/t/sandboxes/-").take(2).collectList().block())
        .hasSize(2);
    AtomicInteger seen = new AtomicInteger();
    Taker<Container> taker = new Taker<>(seen, 2);
    client.containers().list("tenants/t/sandboxes/-").subscribe(taker);
    taker.reached.join();
    assertThat(gateway.listed)
        .extracting(ListContainersRequest::getPageToken)
        .containsExactly("", "");
    taker.cancel();
  }

  /** Takes so many, and no more. */
  private static final class Taker<T> extends BaseSubscriber<T> {
    private final CompletableFuture<Void> reached = new CompletableFuture<>();
    private final AtomicInteger seen;
    private final int most;

    Taker(AtomicInteger seen, int most) {
      this.seen = seen;
      this.most = most;
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      request(most);
    }

    @Override
    protected void hookOnNext(T value) {
      if (seen.incrementAndGet() == most) {
        reached.complete(null);
      }
    }
  }

  @Test
  void readsNoMoreOfAStreamThanIsAskedForAndIsOnItsWay() {
    AtomicInteger seen = new AtomicInteger();
    Taker<Object> taker = new Taker<>(seen, 10);
    client.containers().logs(ReadLogsRequest.getDefaultInstance()).subscribe(taker);
    taker.reached.join();
    // Another call over the same connection: what could have come before it has.
    client.containers().get("web").block();
    assertThat(seen).hasValue(10);
    int onItsWay = 2 * (GrpcServer.STREAM_WINDOW / FakeGateway.PIECE) + 4;
    assertThat(gateway.written.get()).isBetween(10, 10 + onItsWay);
    taker.cancel();
  }

  @Test
  void endsTheCallOfAStreamThatIsCancelled() {
    client.containers().logs(ReadLogsRequest.getDefaultInstance()).take(1).blockLast();
    gateway.left.join();
  }

  @Test
  void endsTheCallOfAnAnswerThatIsNotAwaited() {
    Disposable waiting = client.containers().await("web").subscribe();
    // It is known to have begun once a later one is answered.
    client.containers().get("web").block();
    waiting.dispose();
    gateway.left.join();
  }

  @Test
  void endsByItsDeadline() {
    Caisson hasty = client.withDeadline(Duration.ofMillis(50));
    CaissonException failure =
        catchThrowableOfType(CaissonException.class, () -> hasty.containers().await("web").block());
    assertThat(failure.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    gateway.left.join();
  }

  @Test
  void refusesADeadlineThatHasPassed() {
    assertThatThrownBy(() -> client.withDeadline(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("more than zero");
  }

  @Test
  void failsWhatRunsWhenItIsClosed() {
    CompletableFuture<?> waiting = client.containers().await("web").toFuture();
    client.containers().get("web").block();
    client.close();
    assertThatThrownBy(waiting::join).hasCauseInstanceOf(CaissonException.class);
    CaissonException later =
        catchThrowableOfType(CaissonException.class, () -> client.containers().get("web").block());
    assertThat(later.isUnreached()).isTrue();
    assertThat(later.isCutOff()).isFalse();
  }
}
