package dev.caisson.gateway.http;

import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.caisson.rpc.ServedCalls;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** Finds the method that a request means. Immutable. */
final class Router {
  private final List<Route> routes = new ArrayList<>();

  /** To the methods that are served; the gateway does not start with one that has no way to it. */
  Router(ServedCalls calls) {
    for (String name : new TreeSet<>(calls.methods())) {
      var schema =
          (ProtoMethodDescriptorSupplier)
              Objects.requireNonNull(
                  calls.method(name).getMethodDescriptor().getSchemaDescriptor());
      MethodDescriptor method = schema.getMethodDescriptor();
      routes.addAll(Route.of(method));
    }
  }

  List<Route> routes() {
    return List.copyOf(routes);
  }

  /**
   * A way that was taken.
   *
   * @param variables what the path has for fields of the request
   */
  record Taken(Route route, Map<String, String> variables) {}

  /** Empty where no method has that path and verb. */
  Optional<Taken> find(String verb, String path) {
    return routes.stream()
        .filter(route -> route.verb().equals(verb))
        .flatMap(route ->
            route.path().match(path).map(variables -> new Taken(route, variables)).stream())
        .findFirst();
  }

  /** What may be done with a path; empty: there is none such. */
  SortedSet<String> verbs(String path) {
    SortedSet<String> verbs = new TreeSet<>();
    routes.stream()
        .filter(route -> route.path().match(path).isPresent())
        .forEach(route -> verbs.add(route.verb()));
    return verbs;
  }
}
