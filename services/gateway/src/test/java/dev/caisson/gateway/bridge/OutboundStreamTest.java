package dev.caisson.gateway.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.stub.CallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Operators;

class OutboundStreamTest {
  private final List<Throwable> failures = new ArrayList<>();
  private final List<Throwable> reported = new ArrayList<>();
  private final Call call = new Call();
  private final OutboundStream<String> stream = new OutboundStream<>(call, failures::add);

  @AfterEach
  void resetHooks() {
    Hooks.resetOnErrorDropped();
  }

  @Test
  void endsTheCallWithAnError() {
    stream.onSubscribe(Operators.emptySubscription());
    stream.onError(new IllegalStateException("broken"));
    assertThat(failures).hasSize(1);
  }

  @Test
  void makesNothingOfAnErrorThatComesAfterTheCallerGaveUp() {
    Hooks.onErrorDropped(reported::add);
    stream.onSubscribe(Operators.emptySubscription());
    stream.cancel();
    stream.onError(new IllegalStateException("late"));
    assertThat(failures).isEmpty();
    assertThat(reported).isEmpty();
  }

  @Test
  void asksForOneMessageBeforeTheCallIsReadyAndForNoMore() {
    call.ready = false;
    List<Long> demands = new ArrayList<>();
    Flux.just("first", "second").hide().doOnRequest(demands::add).subscribe(stream);
    assertThat(call.sent).containsExactly("first");
    stream.pump();
    assertThat(demands).containsExactly(1L);
    call.ready = true;
    stream.pump();
    assertThat(call.sent).containsExactly("first", "second");
  }

  private static final class Call extends CallStreamObserver<String> {
    private boolean ready = true;
    private final List<String> sent = new ArrayList<>();

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void onNext(String message) {
      sent.add(message);
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {}
  }
}
