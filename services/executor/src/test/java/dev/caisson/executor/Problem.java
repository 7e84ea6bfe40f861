package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.rpc.ErrorInfo;
import dev.caisson.executor.rpc.ErrorMapping;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What a caller reads when a call has failed. */
record Problem(Status.Code code, String reason, String sentence, ErrorInfo info) {
  static Problem of(Throwable error) {
    assertThat(error).as("the call's error").isNotNull();
    ErrorInfo info =
        RpcErrors.info(error).orElseThrow(() -> new AssertionError("no ErrorInfo", error));
    assertThat(info.getDomain()).isEqualTo(ErrorMapping.DOMAIN);
    Status status = Status.fromThrowable(error);
    return new Problem(
        status.getCode(), info.getReason(), String.valueOf(status.getDescription()), info);
  }

  static Problem of(ThrowingCallable call) {
    return of(catchThrowable(call));
  }

  Problem is(Status.Code wantedCode, Reason wantedReason) {
    assertThat(reason).as(sentence).isEqualTo(wantedReason.name());
    assertThat(code).as(sentence).isEqualTo(wantedCode);
    assertThat(sentence).as("a sentence").hasSizeBetween(10, 1024).doesNotContain("Exception");
    return this;
  }

  Problem says(String... words) {
    assertThat(sentence).contains(words);
    return this;
  }
}
