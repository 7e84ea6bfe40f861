package dev.caisson.auditor;

import dev.caisson.auditor.cpu.CpuService;
import dev.caisson.auditor.kafka.Worker;
import dev.caisson.auditor.trail.TrailService;
import dev.caisson.events.KafkaAccess;
import io.micronaut.core.async.publisher.Publishers;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import io.micronaut.management.health.indicator.annotation.Readiness;
import jakarta.inject.Singleton;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.reactivestreams.Publisher;

/**
 * Whether the topics are being read. What was read before is answered all the same, so it is
 * readiness and not life.
 */
@Singleton
@Readiness
final class KafkaHealth implements HealthIndicator {

  private final TrailService trail;
  private final CpuService cpu;
  private final KafkaAccess kafka;

  KafkaHealth(TrailService trail, CpuService cpu, KafkaAccess kafka) {
    this.trail = trail;
    this.cpu = cpu;
    this.kafka = kafka;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    Map<String, Object> troubles = new LinkedHashMap<>();
    Stream.concat(Stream.of(trail.worker()), cpu.workers().stream())
        .forEach(worker ->
            worker.trouble().ifPresent(trouble -> troubles.put(worker.name(), text(trouble))));
    HealthStatus status = troubles.isEmpty() ? HealthStatus.UP : HealthStatus.DOWN;
    Map<String, Object> details = new LinkedHashMap<>(troubles);
    details.put("topics", kafka.topics().warnings());
    return Publishers.just(HealthResult.builder("kafka", status).details(details).build());
  }

  private static String text(Worker.Trouble trouble) {
    return trouble.message() + " (since " + trouble.since() + ")";
  }
}
