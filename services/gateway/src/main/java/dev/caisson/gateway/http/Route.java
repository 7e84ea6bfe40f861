package dev.caisson.gateway.http;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.Descriptors.MethodDescriptor;
import java.util.ArrayList;
import java.util.List;

/**
 * A way to a method.
 *
 * @param verb of HTTP
 * @param body the field that the body is; {@code *}: the request; empty: there is none
 * @param name as gRPC has it
 */
record Route(String verb, PathTemplate path, String body, MethodDescriptor method, String name) {

  /** All ways to one. */
  static List<Route> of(MethodDescriptor method) {
    HttpRule rule = method.getOptions().getExtension(AnnotationsProto.http);
    List<Route> routes = new ArrayList<>();
    routes.add(of(rule, method));
    rule.getAdditionalBindingsList().forEach(more -> routes.add(of(more, method)));
    return routes;
  }

  private static Route of(HttpRule rule, MethodDescriptor method) {
    String name = method.getService().getFullName() + "/" + method.getName();
    return switch (rule.getPatternCase()) {
      case GET -> new Route("GET", PathTemplate.of(rule.getGet()), rule.getBody(), method, name);
      case POST -> new Route("POST", PathTemplate.of(rule.getPost()), rule.getBody(), method, name);
      case PATCH ->
          new Route("PATCH", PathTemplate.of(rule.getPatch()), rule.getBody(), method, name);
      case DELETE ->
          new Route("DELETE", PathTemplate.of(rule.getDelete()), rule.getBody(), method, name);
      case PUT, CUSTOM, PATTERN_NOT_SET ->
          throw new IllegalArgumentException(
              method.getFullName() + " must have google.api.http with get, post, patch or delete");
    };
  }

  /** Whether the caller sends more than one message: over a WebSocket. */
  boolean isConversation() {
    return method.isClientStreaming();
  }
}
