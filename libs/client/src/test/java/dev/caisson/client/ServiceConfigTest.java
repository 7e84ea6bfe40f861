package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.v1.Authorization;
import dev.caisson.proto.v1.AuthorizationProto;
import dev.caisson.proto.v1.Role;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What is made again is what may be, and all of it. */
class ServiceConfigTest {
  private final List<?> configs = (List<?>) ServiceConfig.read().get("methodConfig");

  @Test
  void makesAgainEveryReadAndEveryMutationThatARequestIdMakesSafe() {
    Set<String> expected =
        Api.methods().stream()
            .filter(method -> method.getType() == MethodType.UNARY)
            .filter(method -> isRead(method) || hasRequestId(method))
            .map(MethodDescriptor::getFullMethodName)
            .collect(Collectors.toSet());
    assertThat(expected).hasSizeGreaterThan(20).contains("caisson.v1.Containers/SignalContainer");
    assertThat(names()).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(expected);
  }

  private static boolean isRead(MethodDescriptor<?, ?> method) {
    Authorization authorization =
        ((ProtoMethodDescriptorSupplier) method.getSchemaDescriptor())
            .getMethodDescriptor()
            .getOptions()
            .getExtension(AuthorizationProto.authorization);
    return authorization.getRole() == Role.VIEWER;
  }

  private static boolean hasRequestId(MethodDescriptor<?, ?> method) {
    return Api.requestId(Api.request(method)).filter(path -> path.size() == 1).isPresent();
  }

  private List<String> names() {
    return configs.stream()
        .flatMap(config -> ((List<?>) ((Map<?, ?>) config).get("name")).stream())
        .map(name -> ((Map<?, ?>) name).get("service") + "/" + ((Map<?, ?>) name).get("method"))
        .toList();
  }

  @Test
  void makesNothingAgainButWhatWasUnavailable() {
    assertThat(configs.stream().map(ServiceConfigTest::retried).distinct())
        .containsExactly(List.of("UNAVAILABLE"));
  }

  private static Object retried(Object config) {
    return ((Map<?, ?>) ((Map<?, ?>) config).get("retryPolicy")).get("retryableStatusCodes");
  }
}
