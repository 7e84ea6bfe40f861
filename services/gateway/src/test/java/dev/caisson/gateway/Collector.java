package dev.caisson.gateway;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/** Takes spans as any collector does: OTLP over HTTP. */
final class Collector implements AutoCloseable {
  final List<Collected> spans = new CopyOnWriteArrayList<>();
  private final HttpServer server;

  /** A span, and whose it is. */
  record Collected(String service, Span span) {
    String trace() {
      return hex(span.getTraceId());
    }

    String id() {
      return hex(span.getSpanId());
    }

    String parent() {
      return hex(span.getParentSpanId());
    }

    Map<String, String> attributes() {
      return values(span.getAttributesList());
    }
  }

  Collector() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/traces", this::take);
    server.start();
  }

  private static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static Map<String, String> values(List<KeyValue> attributes) {
    return attributes.stream()
        .collect(
            Collectors.toMap(
                KeyValue::getKey,
                one ->
                    one.getValue().hasIntValue()
                        ? String.valueOf(one.getValue().getIntValue())
                        : one.getValue().getStringValue()));
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      ExportTraceServiceRequest.parseFrom(exchange.getRequestBody())
          .getResourceSpansList()
          .forEach(resource -> {
            String service = values(resource.getResource().getAttributesList()).get("service.name");
            resource
                .getScopeSpansList()
                .forEach(scope ->
                    scope.getSpansList().forEach(span -> spans.add(new Collected(service, span))));
          });
      exchange.sendResponseHeaders(200, -1);
    }
  }

  String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  List<Collected> named(String name) {
    return spans.stream().filter(one -> one.span().getName().equals(name)).toList();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
