package dev.caisson.gateway.relay;

import dev.caisson.events.KafkaAccess;
import io.micronaut.context.annotation.Requires;
import io.micronaut.core.async.publisher.Publishers;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import io.micronaut.management.health.indicator.annotation.Readiness;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.LinkedHashMap;
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
  private final KafkaAccess kafka;
  private final Clock clock = Clock.systemUTC();

  RelayHealth(Relay relay, KafkaAccess kafka) {
    this.relay = relay;
    this.kafka = kafka;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    Optional<String> trouble = relay.trouble();
    HealthStatus status = trouble.isEmpty() ? HealthStatus.UP : HealthStatus.DOWN;
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("trouble", trouble.orElse("none"));
    details.put("topics", kafka.topics().warnings());
    details.put("recordsPerSecond", relay.metrics().perSecond());
    relay
        .metrics()
        .lag()
        .now()
        .ifPresent(lag -> {
          details.put("events", details(lag.events()));
          details.put("usage", details(lag.usage()));
        });
    return Publishers.just(HealthResult.builder("relay", status).details(details).build());
  }

  private Map<String, Object> details(Lag.Behind behind) {
    return Map.of(
        "lagRecords", behind.records(),
        "lagBytes", behind.bytes(),
        "lagSeconds", behind.age(clock.instant()).toSeconds());
  }
}
