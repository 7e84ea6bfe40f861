package dev.caisson.gateway.tracing;

import io.grpc.ClientInterceptor;
import io.grpc.ServerInterceptor;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where spans come from, and go to: some thousands wait at most, and those beyond are dropped, so
 * that a collector that is away costs spans alone. Thread-safe.
 */
@Singleton
public final class Tracing {
  private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("service.name");
  private static final AttributeKey<String> VERSION = AttributeKey.stringKey("service.version");
  private static final String SCOPE = "dev.caisson.gateway";
  private static final long LAST_SECONDS = 2;

  private final Optional<Exporting> exporting;

  private record Exporting(SpanProcessor processor, Tracer gateway, Tracer executor) {}

  Tracing(@Nullable TracingConfiguration configuration) {
    this.exporting = Optional.ofNullable(configuration).map(Tracing::begun);
  }

  private static Exporting begun(TracingConfiguration configuration) {
    OtlpHttpSpanExporter exporter =
        OtlpHttpSpanExporter.builder().setEndpoint(configuration.traces()).build();
    SpanProcessor processor = BatchSpanProcessor.builder(exporter).build();
    Sampler sampler = Sampler.parentBased(Sampler.traceIdRatioBased(configuration.ratio()));
    return new Exporting(
        processor,
        tracer("caisson-gateway", processor, sampler),
        tracer("caisson-executor", processor, sampler));
  }

  /** They share a processor: only that is closed. */
  private static Tracer tracer(String service, SpanProcessor processor, Sampler sampler) {
    @Nullable String version = Tracing.class.getPackage().getImplementationVersion();
    Resource resource = Resource.builder().put(SERVICE, service).put(VERSION, version).build();
    return SdkTracerProvider.builder()
        .setResource(resource)
        .setSampler(sampler)
        .addSpanProcessor(processor)
        .build()
        .get(SCOPE);
  }

  /** Around what is served; none where no spans are made. */
  public List<ServerInterceptor> served() {
    return exporting.<ServerInterceptor>map(on -> new CallSpans(on.gateway())).stream().toList();
  }

  /** Around what the executor is asked for. */
  public List<ClientInterceptor> asked() {
    return exporting.<ClientInterceptor>map(on -> new ExecutorSpans(on.gateway())).stream()
        .toList();
  }

  /** One for each relay. */
  public Optional<RecordSpans> recorded() {
    return exporting.map(on -> new RecordSpans(on.executor()));
  }

  /** What waits is sent, or given up. */
  @PreDestroy
  void close() {
    exporting.ifPresent(on -> on.processor().shutdown().join(LAST_SECONDS, TimeUnit.SECONDS));
  }
}
