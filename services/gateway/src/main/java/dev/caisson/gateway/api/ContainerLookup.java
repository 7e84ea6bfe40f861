package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.executor.ExecutorClient;
import dev.caisson.gateway.names.ContainerName;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.GetContainerRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;
import java.util.Map;
import reactor.core.publisher.Mono;

/**
 * Holds names to what they say: the executor knows a container by tenant and id, a public name has
 * its sandbox too.
 */
@Singleton
final class ContainerLookup {
  private final ExecutorClient executor;

  ContainerLookup(ExecutorClient executor) {
    this.executor = executor;
  }

  /** The container of that name; NOT_FOUND when it is in another sandbox. */
  Mono<Container> get(ContainerName name) {
    GetContainerRequest request =
        GetContainerRequest.newBuilder()
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .build();
    return executor
        .getContainer(request)
        .filter(container -> name.matches(container.getSandboxId()))
        .switchIfEmpty(Mono.error(() -> notFound(name)));
  }

  /** The name, when it is right; asks nobody where the name leaves the sandbox open. */
  Mono<ContainerName> check(ContainerName name) {
    return name.isWildcard() ? Mono.just(name) : get(name).thenReturn(name);
  }

  private static StatusRuntimeException notFound(ContainerName name) {
    return Errors.of(
        Status.Code.NOT_FOUND,
        "CONTAINER_NOT_FOUND",
        "There must be a container of that name: " + name + "; list them with ListContainers",
        Map.of("name", name.toString()));
  }
}
