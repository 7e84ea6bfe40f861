package dev.caisson.gateway.files;

import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/**
 * What is wrong with the files that an operator writes. The gateway serves on meanwhile, by what
 * they said before.
 */
@Singleton
final class FilesHealth implements HealthIndicator {
  private final List<WatchedFile<?>> files;

  FilesHealth(List<WatchedFile<?>> files) {
    this.files = List.copyOf(files);
  }

  @Override
  public Publisher<HealthResult> getResult() {
    return Flux.fromIterable(files).map(FilesHealth::result);
  }

  private static HealthResult result(WatchedFile<?> file) {
    return HealthResult.builder(file.name(), HealthStatus.UP)
        .details(
            Map.of(
                "file", file.path(), "problem", file.problem().isEmpty() ? "none" : file.problem()))
        .build();
  }
}
