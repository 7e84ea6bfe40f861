package dev.caisson.gateway.access;

import com.google.protobuf.Descriptors.MethodDescriptor;
import io.grpc.BindableService;
import io.grpc.ServerMethodDefinition;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import jakarta.inject.Singleton;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The rule of each method that is served, from the descriptors. Immutable. */
@Singleton
public final class MethodRules {
  private final Map<String, MethodRule> rules = new HashMap<>();

  /**
   * Of these services.
   *
   * @throws IllegalArgumentException where a method says nothing of who may call it: nothing is
   *     served then
   */
  MethodRules(List<BindableService> services) {
    for (BindableService service : services) {
      for (ServerMethodDefinition<?, ?> method : service.bindService().getMethods()) {
        rules.put(method.getMethodDescriptor().getFullMethodName(), rule(method));
      }
    }
  }

  private static MethodRule rule(ServerMethodDefinition<?, ?> method) {
    MethodDescriptor descriptor =
        ((ProtoMethodDescriptorSupplier)
                Objects.requireNonNull(method.getMethodDescriptor().getSchemaDescriptor()))
            .getMethodDescriptor();
    return MethodRule.of(descriptor);
  }

  /** All, in no order. */
  public Collection<MethodRule> all() {
    return Collections.unmodifiableCollection(rules.values());
  }

  Permissions permissions() {
    return new Permissions(rules.values());
  }

  /**
   * Of one method.
   *
   * @param method as in {@code caisson.v1.Containers/CreateContainer}
   */
  public MethodRule of(String method) {
    return Objects.requireNonNull(rules.get(method), method);
  }
}
