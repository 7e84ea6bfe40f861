package dev.caisson.gateway.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class PromptCallsTest {
  private static final Duration LONG = Duration.ofHours(1);

  private final StatusRuntimeException refusal =
      Status.INVALID_ARGUMENT.withDescription("too late").asRuntimeException(new Metadata());

  private final Raw call = new Raw();
  private final List<String> heard = new ArrayList<>();
  private final AtomicReference<ServerCall<String, String>> served = new AtomicReference<>();

  private ServerCall.Listener<String> begin(PromptCalls prompt) {
    return prompt.interceptCall(
        call,
        new Metadata(),
        (given, headers) -> {
          served.set(given);
          return new Heard();
        });
  }

  @Test
  void endsACallThatSaysNothing() throws Exception {
    try (PromptCalls prompt = new PromptCalls(Duration.ofMillis(50), () -> refusal)) {
      ServerCall.Listener<String> listener = begin(prompt);

      StatusRuntimeException end = call.end.get(10, TimeUnit.SECONDS);
      assertThat(end.getStatus().getDescription()).isEqualTo("too late");
      assertThat(end.getTrailers()).isSameAs(refusal.getTrailers());

      served.get().sendHeaders(new Metadata());
      served.get().sendMessage("too late");
      served.get().close(Status.OK, new Metadata());
      listener.onMessage("too late");
      listener.onHalfClose();
      listener.onComplete();
      assertThat(heard).as("as if its caller had left").containsExactly("cancelled");
      assertThat(call.sent).isEmpty();
    }
  }

  @Test
  void leavesACallAloneThatHasBegun() throws Exception {
    try (PromptCalls prompt = new PromptCalls(LONG, () -> refusal)) {
      ServerCall.Listener<String> listener = begin(prompt);
      listener.onMessage("first");
      served.get().sendMessage("answer");
      listener.onHalfClose();
      served.get().close(Status.OK, new Metadata());
      listener.onComplete();

      assertThat(heard).containsExactly("first", "half closed", "complete");
      assertThat(call.sent).containsExactly("answer");
      assertThat(call.end.get(0, TimeUnit.SECONDS).getStatus().getCode()).isEqualTo(Status.Code.OK);
      assertThat(prompt.waiting()).isZero();
    }
  }

  @Test
  void keepsNothingOfACallThatIsOver() {
    try (PromptCalls prompt = new PromptCalls(LONG, () -> refusal)) {
      ServerCall.Listener<String> cancelled = begin(prompt);
      ServerCall.Listener<String> halfClosed = begin(prompt);
      assertThat(prompt.waiting()).isEqualTo(2);
      cancelled.onCancel();
      halfClosed.onHalfClose();
      assertThat(prompt.waiting()).isZero();
    }
  }

  /** What gRPC would send. */
  private static final class Raw extends ServerCall<String, String> {
    final List<String> sent = new ArrayList<>();
    final CompletableFuture<StatusRuntimeException> end = new CompletableFuture<>();

    @Override
    public void request(int messages) {}

    @Override
    public void sendHeaders(Metadata headers) {
      sent.add("headers");
    }

    @Override
    public void sendMessage(String message) {
      sent.add(message);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      end.complete(status.asRuntimeException(trailers));
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public MethodDescriptor<String, String> getMethodDescriptor() {
      throw new AssertionError("nobody asks");
    }
  }

  private final class Heard extends ServerCall.Listener<String> {
    @Override
    public void onMessage(String message) {
      heard.add(message);
    }

    @Override
    public void onHalfClose() {
      heard.add("half closed");
    }

    @Override
    public void onCancel() {
      heard.add("cancelled");
    }

    @Override
    public void onComplete() {
      heard.add("complete");
    }
  }
}
