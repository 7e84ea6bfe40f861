package dev.caisson.gateway.access;

import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.Map;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** What is wrong with the access file. The gateway serves on meanwhile, by what it said before. */
@Singleton
@Named("access")
final class AccessHealth implements HealthIndicator {
  private final AccessFile file;

  AccessHealth(AccessFile file) {
    this.file = file;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    return Mono.fromSupplier(() ->
        HealthResult.builder("access", HealthStatus.UP)
            .details(
                Map.of(
                    "bindings",
                    file.access().map(access -> access.bindings().size()).orElse(0),
                    "problem",
                    file.problem().isEmpty() ? "none" : file.problem()))
            .build());
  }
}
