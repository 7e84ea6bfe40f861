package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CaissonExceptionTest {
  private static CaissonException of(Status status) {
    return CaissonException.of(status.asRuntimeException());
  }

  @Test
  void hasAllThatTheServiceSays() {
    RetryInfo pause =
        RetryInfo.newBuilder()
            .setRetryDelay(com.google.protobuf.Duration.newBuilder().setSeconds(2).setNanos(5))
            .build();
    Throwable cause =
        RpcErrors.of(
            Status.Code.RESOURCE_EXHAUSTED,
            "caisson.dev",
            "QUOTA_EXCEEDED",
            "team-a has as much as it may",
            Map.of("tenant", "team-a"),
            Any.pack(pause));
    CaissonException failure = CaissonException.of(cause);
    assertThat(failure.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(failure.reason()).isEqualTo("QUOTA_EXCEEDED");
    assertThat(failure.domain()).isEqualTo("caisson.dev");
    assertThat(failure.metadata()).isEqualTo(Map.of("tenant", "team-a"));
    assertThat(failure.retryDelay()).contains(Duration.ofSeconds(2, 5));
    assertThat(failure).hasMessage("team-a has as much as it may").hasCause(cause);
    assertThat(CaissonException.of(failure)).isSameAs(failure);
  }

  @Test
  void hasNoReasonWhereNoneIsTold() {
    CaissonException failure = of(Status.INTERNAL);
    assertThat(failure.reason()).isEmpty();
    assertThat(failure.domain()).isEmpty();
    assertThat(failure.metadata()).isEmpty();
    assertThat(failure.retryDelay()).isEmpty();
    assertThat(failure).hasMessage("The call ended with INTERNAL");
  }

  @Test
  void tellsWhoWasNeverReached() {
    Status refused =
        Status.UNAVAILABLE
            .withDescription("io exception")
            .withCause(new ConnectException("Connection refused"));
    CaissonException failure =
        CaissonException.of(refused.asRuntimeException(SentCalls.marked(new Metadata(), false)));
    assertThat(failure.isUnreached()).isTrue();
    assertThat(failure.isCutOff()).isFalse();
    assertThat(failure).hasMessage("Connection refused");
  }

  /** The channel made it again, and then nobody was there: the first may have been done. */
  @Test
  void tellsWhoWasCutOffBeforeNobodyWasThere() {
    Metadata claimed = SentCalls.marked(new Metadata(), false);
    CaissonException failure =
        CaissonException.of(
            Status.UNAVAILABLE
                .withCause(new ConnectException("Connection refused"))
                .asRuntimeException(SentCalls.marked(claimed, true)));
    assertThat(failure.isCutOff()).isTrue();
    assertThat(failure.isUnreached()).isFalse();
  }

  @Test
  void tellsWhoWasCutOff() {
    CaissonException cut =
        of(
            Status.UNAVAILABLE
                .withDescription("io exception")
                .withCause(new IOException("Broken pipe")));
    assertThat(cut.isCutOff()).isTrue();
    assertThat(cut.isUnreached()).isFalse();
    assertThat(cut).hasMessageContaining("was cut, during the call");
    assertThat(of(Status.UNAVAILABLE.withCause(new SocketException("Connection reset"))).isCutOff())
        .isTrue();
  }

  @Test
  void isNotCutOffWhereTheServiceHasAnswered() {
    CaissonException failure = CaissonException.of(FakeGateway.away());
    assertThat(failure.isCutOff()).isFalse();
    assertThat(failure.isUnreached()).isFalse();
  }

  @Test
  void takesWhatIsNoStatusAsUnknown() {
    assertThat(CaissonException.of(new IllegalStateException("odd")).code())
        .isEqualTo(Status.Code.UNKNOWN);
  }
}
