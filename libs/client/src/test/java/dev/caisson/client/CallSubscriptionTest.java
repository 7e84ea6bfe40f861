package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.EndOfData;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.PortForwardResponse;
import io.grpc.ClientCall;
import io.grpc.Context;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** When a call is made, and how it begins. */
class CallSubscriptionTest {
  private final RecordingChannel channel = new RecordingChannel();
  private final Calls calls = new Calls(channel, Optional.of(Duration.ofDays(1)), false);

  /** Who asks for nothing yet. */
  private static final class Slow extends BaseSubscriber<Object> {
    @Override
    protected void hookOnSubscribe(Subscription subscription) {}
  }

  @Test
  void isMadeWithItsDeadlineWhenItsAnswerIsAskedFor() {
    Slow slow = new Slow();
    calls
        .unary(ContainersGrpc.getGetContainerMethod(), GetContainerRequest.getDefaultInstance())
        .subscribe(slow);
    assertThat(channel.options).isEmpty();
    slow.request(1);
    assertThat(channel.options).hasSize(1).allMatch(options -> options.getDeadline() != null);
  }

  @Test
  void isMadeInTheContextOfWhoSubscribed() {
    Context own = Context.ROOT.withValue(Context.key("who"), "ada");
    Slow slow = new Slow();
    own.run(() ->
        calls
            .unary(ContainersGrpc.getGetContainerMethod(), GetContainerRequest.getDefaultInstance())
            .subscribe(slow));
    slow.request(1);
    assertThat(channel.contexts).hasSize(2).containsOnly(own);
  }

  @Test
  void asksForAnswersBeforeItsRequestsAreThere() {
    var _ =
        calls
            .both(
                ContainersGrpc.getGetContainerMethod(),
                Flux.just(GetContainerRequest.getDefaultInstance()))
            .subscribe();
    assertThat(channel.steps).containsExactly("request", "send");
  }

  @Test
  @SuppressWarnings("unchecked") // the only call that there is
  void endsAConnectionWhoseServerSaysNoMore() {
    Connection connection =
        new Containers(
                calls,
                new Resumption(Duration.ZERO, _ -> {}, new Closing(), Schedulers.immediate()))
            .portForward("web", 80, Flux.never());
    CompletableFuture<?> data = connection.data().collectList().toFuture();
    ((ClientCall.Listener<PortForwardResponse>) channel.listeners.getLast())
        .onMessage(
            PortForwardResponse.newBuilder().setEndOfData(EndOfData.getDefaultInstance()).build());
    assertThat(data).isCompleted();
    assertThat(channel.steps).doesNotContain("cancel");
    connection.close();
    assertThat(channel.steps).contains("cancel");
    assertThat(connection.closed().toFuture()).isCompletedExceptionally();
  }

  @Test
  void beginsASearchWhereItsCallerSays() {
    SearchTrailRequest request = SearchTrailRequest.newBuilder().setPageToken("p7").build();
    var _ = new Audit(calls).search(request).subscribe();
    assertThat(channel.sent).containsExactly(request.toBuilder().setPageSize(Pages.SIZE).build());
  }
}
