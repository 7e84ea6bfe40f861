package dev.caisson.gateway.relay;

import io.micronaut.context.annotation.Requires;
import io.micronaut.core.async.publisher.Publishers;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import io.micronaut.management.health.indicator.annotation.Readiness;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import org.reactivestreams.Publisher;

/**
 * Whether the journal reaches Kafka. Containers are served all the same, so it is readiness and not
 * life.
 */
@Singleton
@Readiness
@Requires(beans = Relay.class)
final class RelayHealth implements HealthIndicator {

  private final Relay relay;

  RelayHealth(Relay relay) {
    this.relay = relay;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    Optional<String> trouble = relay.trouble();
    HealthStatus status = trouble.isEmpty() ? HealthStatus.UP : HealthStatus.DOWN;
    Map<String, String> details = Map.of("trouble", trouble.orElse("none"));
    return Publishers.just(HealthResult.builder("relay", status).details(details).build());
  }
}
