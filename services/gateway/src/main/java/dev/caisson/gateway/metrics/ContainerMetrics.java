package dev.caisson.gateway.metrics;

import dev.caisson.gateway.executor.ExecutorClient;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListContainersResponse;
import dev.caisson.proto.types.v1.Statistics;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.micronaut.context.annotation.Context;
import io.micronaut.context.annotation.Requires;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Asks for what all containers use whenever it is scraped, and keeps nothing in between: who is
 * gone is gone from the next answer. Whoever may connect to the management port sees all tenants'
 * containers, so that it must be asked for. Thread-safe.
 */
@Context
@Requires(property = "caisson.gateway.container-metrics", value = "true")
final class ContainerMetrics implements MultiCollector {
  /** More than a node has; the others of one that has more are left out. */
  static final int MAX_CONTAINERS = 10_000;

  private static final System.Logger LOG = System.getLogger(ContainerMetrics.class.getName());

  /** Less than the 10 s of a scrape by default. */
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  private static final int PAGE = 1_000;
  private static final int AT_ONCE = 16;

  private final ExecutorClient executor;

  ContainerMetrics(PrometheusMeterRegistry registry, ExecutorClient executor) {
    this.executor = executor;
    registry.getPrometheusRegistry().register(this);
  }

  private record Used(Container container, Statistics statistics) {}

  /** Empty where the executor does not answer in time. */
  @Override
  public MetricSnapshots collect() {
    try {
      return Mono.zip(node(), all().collectList())
          .map(both -> {
            Figures figures = new Figures(both.getT1(), Clock.systemUTC().instant());
            both.getT2().forEach(used -> figures.add(used.container(), used.statistics()));
            return figures.snapshots();
          })
          .blockOptional(PATIENCE)
          .orElseGet(MetricSnapshots::new);
    } catch (RuntimeException e) {
      LOG.log(Level.DEBUG, "No metrics of containers: the executor does not answer", e);
      return new MetricSnapshots();
    }
  }

  private Mono<String> node() {
    return executor.getNode(GetNodeRequest.getDefaultInstance()).map(node -> node.getNode());
  }

  private Flux<Used> all() {
    return page("")
        .expand(page -> page.getNext().isEmpty() ? Mono.empty() : page(page.getNext()))
        .flatMapIterable(ListContainersResponse::getContainersList)
        .take(MAX_CONTAINERS)
        .flatMapSequential(this::used, AT_ONCE);
  }

  private Mono<ListContainersResponse> page(String after) {
    return executor.listContainers(
        ListContainersRequest.newBuilder().setLimit(PAGE).setAfter(after).build());
  }

  /** Empty: it was deleted meanwhile. */
  private Mono<Used> used(Container container) {
    return executor
        .getContainerStatistics(
            GetContainerStatisticsRequest.newBuilder()
                .setTenant(container.getTenant())
                .setContainerId(container.getId())
                .build())
        .map(statistics -> new Used(container, statistics))
        .onErrorResume(ContainerMetrics::isGone, _ -> Mono.empty());
  }

  private static boolean isGone(Throwable error) {
    return error instanceof StatusRuntimeException failed
        && failed.getStatus().getCode() == Status.Code.NOT_FOUND;
  }
}
