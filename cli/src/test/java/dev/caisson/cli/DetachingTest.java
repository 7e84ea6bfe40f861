package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.ErrorInfo;
import dev.caisson.cli.AttachedCall.Answer;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.rpc.Lease;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DetachingTest {
  private static Optional<ExitStatus> cut() {
    throw Status.UNAVAILABLE.withDescription("io exception").asRuntimeException();
  }

  private final AttachedCall<String, String> call =
      new AttachedCall<>(
          new AttachedCall.Streams(
              InputStream.nullInputStream(),
              OutputStream.nullOutputStream(),
              OutputStream.nullOutputStream(),
              Optional.empty()),
          input -> "input",
          answer -> new Answer.Started());

  private StatusRuntimeException failure() {
    return catchThrowableOfType(
        StatusRuntimeException.class,
        () -> new Detaching().exit(call, DetachingTest::cut, () -> "caisson attach c"));
  }

  @Test
  void whoIsCutOffIsToldForHowLongHisProgramWaits() {
    call.beforeStart(new Requests());
    call.onNext("started");
    ErrorInfo info = RpcErrors.info(failure()).orElseThrow();
    assertThat(info.getMetadataOrThrow("hint"))
        .contains("`caisson attach c` takes the program up again within")
        .endsWith(" " + Lease.DURATION.toSeconds() + " s");
  }

  @Test
  void nothingWaitsForOneWhoseProgramDidNotRun() {
    assertThat(RpcErrors.info(failure())).isEmpty();
  }

  private static final class Requests extends ClientCallStreamObserver<String> {
    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {}

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void disableAutoRequestWithInitial(int count) {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void onNext(String message) {}

    @Override
    public void onError(Throwable problem) {
      throw new AssertionError(problem);
    }

    @Override
    public void onCompleted() {}
  }
}
