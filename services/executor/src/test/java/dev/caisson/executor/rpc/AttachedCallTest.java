package dev.caisson.executor.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AttachedCallTest {
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();

  /** Callers come and go, and the process lives on. */
  @Test
  void leavesNothingAtAProcessThatItHasLeft() {
    for (int i = 0; i < 100; i++) {
      FakeClient client = new FakeClient();
      call(client).onNext("begin");
      client.cancel();
    }
    assertThat(exit.getNumberOfDependents()).isLessThanOrEqualTo(1);
  }

  @Test
  void leavesNothingWhereItsCallerHasDetached() {
    for (int i = 0; i < 100; i++) {
      FakeClient client = new FakeClient();
      StreamObserver<String> call = call(client);
      call.onNext("begin");
      call.onNext("detach");
      assertThat(client.completed).isTrue();
      assertThat(client.answers).isEmpty();
    }
    assertThat(exit.getNumberOfDependents()).isLessThanOrEqualTo(1);
  }

  @Test
  void tellsTheExitAndThatAlone() {
    FakeClient stays = new FakeClient();
    FakeClient leaves = new FakeClient();
    call(stays).onNext("begin");
    call(leaves).onNext("begin");
    leaves.cancel();
    exit.complete(ExitStatus.newBuilder().setCode(7).build());
    assertThat(stays.answers).containsExactly("exit 7");
    assertThat(stays.completed).isTrue();
    assertThat(leaves.answers).isEmpty();
    assertThat(leaves.completed).isFalse();
  }

  private StreamObserver<String> call(FakeClient client) {
    return AttachedCall.of(client, new Words(exit), Runnable::run);
  }

  private record Words(CompletableFuture<ExitStatus> exit)
      implements AttachedCall.Method<String, String> {
    @Override
    public AttachedCall.Attachment begin(String first, Consumer<String> out) {
      return new AttachedCall.Attachment(
          null, exit, signal -> {}, Runnable::run, () -> {}, () -> {}, () -> {});
    }

    @Override
    public Input input(String message) {
      return Input.newBuilder().setDetach(message.equals("detach")).build();
    }

    @Override
    public String output(Output output) {
      return "output";
    }

    @Override
    public String exited(ExitStatus status) {
      return "exit " + status.getCode();
    }
  }

  private static final class FakeClient extends ServerCallStreamObserver<String> {
    private final List<String> answers = new ArrayList<>();
    private Optional<Runnable> cancelled = Optional.empty();
    private boolean completed;
    private boolean left;

    void cancel() {
      left = true;
      cancelled.orElseThrow().run();
    }

    @Override
    public void onNext(String answer) {
      answers.add(answer);
    }

    @Override
    public void onError(@Nullable Throwable problem) {
      throw new AssertionError(problem);
    }

    @Override
    public void onCompleted() {
      completed = true;
    }

    @Override
    public boolean isCancelled() {
      return left;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {
      cancelled = Optional.of(handler);
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void setCompression(String compression) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void disableAutoRequest() {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}
  }
}
