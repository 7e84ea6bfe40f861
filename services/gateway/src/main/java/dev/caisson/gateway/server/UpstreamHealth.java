package dev.caisson.gateway.server;

import dev.caisson.gateway.bridge.ClientCalls;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** Whether a service that the gateway needs answers its own health check. */
final class UpstreamHealth implements HealthIndicator {
  static final Duration PATIENCE = Duration.ofSeconds(1);

  private final String name;
  private final ManagedChannel channel;
  private final HealthStatus without;

  /**
   * Of one service.
   *
   * @param without the gateway's status while the service does not answer
   */
  UpstreamHealth(String name, ManagedChannel channel, HealthStatus without) {
    this.name = name;
    this.channel = channel;
    this.without = without;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    return Mono.defer(this::check)
        .map(answer ->
            result(answer.getStatus() == ServingStatus.SERVING, answer.getStatus().name()))
        .onErrorResume(error -> Mono.just(result(false, "does not answer")));
  }

  private Mono<HealthCheckResponse> check() {
    HealthGrpc.HealthStub stub =
        HealthGrpc.newStub(channel).withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    return ClientCalls.unary(HealthCheckRequest.getDefaultInstance(), stub::check);
  }

  private HealthResult result(boolean up, String status) {
    return HealthResult.builder(name, up ? HealthStatus.UP : without)
        .details(Map.of("answer", status))
        .build();
  }
}
