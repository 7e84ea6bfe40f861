package dev.caisson.gateway.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.stub.CallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Operators;

class OutboundStreamTest {
  private final List<Throwable> failures = new ArrayList<>();
  private final List<Throwable> reported = new ArrayList<>();
  private final OutboundStream<String> stream = new OutboundStream<>(new Ready(), failures::add);

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

  private static final class Ready extends CallStreamObserver<String> {
    @Override
    public boolean isReady() {
      return true;
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
    public void onNext(String message) {}

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {}
  }
}
