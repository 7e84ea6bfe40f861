package dev.caisson.gateway.tracing;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.context.annotation.Requires;
import io.micronaut.core.bind.annotation.Bindable;
import java.net.URI;

/**
 * Settings below {@code caisson.gateway.traces}. Without an endpoint no spans are made.
 *
 * @param endpoint of a collector that takes OTLP over HTTP: {@code http://127.0.0.1:4318}
 * @param ratio of the traces that begin here, those that are recorded: 0 to 1. Of a trace that a
 *     caller has begun, its own word holds.
 */
@ConfigurationProperties("caisson.gateway.traces")
@Requires(property = "caisson.gateway.traces.endpoint")
record TracingConfiguration(String endpoint, @Bindable(defaultValue = "1") double ratio) {
  TracingConfiguration {
    if (!isHttp(endpoint)) {
      throw new IllegalArgumentException(
          "caisson.gateway.traces.endpoint must be a collector's address, as http://127.0.0.1:4318: "
              + endpoint);
    }
    if (!(ratio >= 0 && ratio <= 1)) {
      throw new IllegalArgumentException(
          "caisson.gateway.traces.ratio must be from 0 to 1: " + ratio);
    }
  }

  private static boolean isHttp(String text) {
    try {
      URI uri = URI.create(text);
      String scheme = String.valueOf(uri.getScheme());
      return (scheme.equals("http") || scheme.equals("https")) && uri.getHost() != null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Source: OTLP/HTTP, "OTLP/HTTP Request": the default path of traces. */
  String traces() {
    String base = endpoint.endsWith("/") ? endpoint.substring(0, endpoint.length() - 1) : endpoint;
    return base.endsWith("/v1/traces") ? base : base + "/v1/traces";
  }
}
