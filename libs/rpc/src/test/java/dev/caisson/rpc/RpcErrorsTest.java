package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RpcErrorsTest {
  @Test
  void carriesReasonDomainAndMetadata() {
    StatusRuntimeException error =
        RpcErrors.of(
            Status.Code.NOT_FOUND,
            "caisson.dev",
            "CONTAINER_NOT_FOUND",
            "There must be a container of that name: x",
            Map.of("container", "x"));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    var info = RpcErrors.info(error).orElseThrow();
    assertThat(info.getDomain()).isEqualTo("caisson.dev");
    assertThat(info.getReason()).isEqualTo("CONTAINER_NOT_FOUND");
    assertThat(info.getMetadataMap()).containsEntry("container", "x");
  }

  @Test
  void cutsLongTexts() {
    String longText = "x".repeat(RpcErrors.MAX_TEXT + 1);
    StatusRuntimeException error =
        RpcErrors.of(Status.Code.INTERNAL, "d", "R", longText, Map.of("field", longText));
    assertThat(error.getStatus().getDescription()).hasSize(RpcErrors.MAX_TEXT).endsWith("…");
    assertThat(RpcErrors.info(error).orElseThrow().getMetadataOrThrow("field"))
        .hasSize(RpcErrors.MAX_TEXT);
  }

  @Test
  void findsNoInfoInOtherErrors() {
    assertThat(RpcErrors.info(new IllegalStateException("x"))).isEmpty();
    assertThat(RpcErrors.info(Status.INTERNAL.asRuntimeException())).isEmpty();
  }
}
