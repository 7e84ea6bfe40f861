package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.ListSandboxesRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an access file does in a gateway that runs. */
@Timeout(60)
class AccessFileTest {
  private static final Duration LOOKED_AGAIN = Duration.ofSeconds(10);

  @TempDir Path directory;

  @Test
  void refusesWhatNoBindingAllowsAndRecordsIt() throws Exception {
    try (GatewayFixture gateway = gateway("viewer", "team-a")) {
      gateway.executor.add("team-a", "pod", "app");
      StatusRuntimeException error =
          refused(
              () -> gateway.containers().createContainer(container("tenants/team-a", "c", "x")));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(info(error).getReason()).isEqualTo("NOT_ALLOWED");
      assertThat(info(error).getMetadataMap())
          .containsEntry("permission", "containers.create")
          .containsEntry("tenant", "team-a");
      assertThat(error.getStatus().getDescription())
          .endsWith(
              " must have the permission containers.create in tenants/team-a;"
                  + " an operator can bind it to a role that has it");
      RecordDenialRequest denial = gateway.journal.denials.poll(5, TimeUnit.SECONDS);
      assertThat(denial.getOperation()).isEqualTo("CreateContainer");
      assertThat(denial.getReason()).isEqualTo("NOT_ALLOWED");
      assertThat(gateway.executor.requests).isEmpty();
      assertThat(get(gateway, "tenants/team-a/sandboxes/pod/containers/app")).isEqualTo("OK");
    }
  }

  @Test
  void tellsNobodyWhatThereIsInAnotherTenant() throws Exception {
    try (GatewayFixture gateway = gateway("admin", "team-a")) {
      gateway.executor.add("team-b", "pod", "app");
      String there = get(gateway, "tenants/team-b/sandboxes/pod/containers/app");
      String notThere = get(gateway, "tenants/team-b/sandboxes/pod/containers/none");
      assertThat(there).contains("PERMISSION_DENIED").isEqualTo(notThere);
      assertThat(gateway.executor.requests).isEmpty();
    }
  }

  @Test
  void takesUpAChangeAndKeepsWhatItHasWhileAChangeCannotBeUsed() throws Exception {
    try (GatewayFixture gateway = gateway("viewer", "team-a")) {
      MeterRegistry registry = gateway.context.getBean(MeterRegistry.class);
      assertThat(list(gateway, "team-b")).contains("PERMISSION_DENIED");
      write("viewer", "team-b");
      Awaitility.await().atMost(LOOKED_AGAIN).until(() -> list(gateway, "team-b").equals("OK"));
      assertThat(list(gateway, "team-a")).contains("PERMISSION_DENIED");

      Files.writeString(directory.resolve("access.yaml"), "bindings: nobody\n");
      Awaitility.await().atMost(LOOKED_AGAIN).until(() -> refusedFiles(registry) == 1);
      assertThat(list(gateway, "team-b")).isEqualTo("OK");

      write("viewer", "team-c");
      Awaitility.await().atMost(LOOKED_AGAIN).until(() -> refusedFiles(registry) == 0);
      assertThat(list(gateway, "team-b")).contains("PERMISSION_DENIED");
      assertThat(list(gateway, "team-c")).isEqualTo("OK");
    }
  }

  @Test
  void doesNotStartWithoutAFileThatCanBeUsed() throws Exception {
    Map<String, Object> settings =
        Map.of("caisson.gateway.access-file", directory.resolve("access.yaml").toString());
    assertThatThrownBy(() -> GatewayFixture.start(directory, settings))
        .hasStackTraceContaining("The access file must be readable: ");
    Files.writeString(directory.resolve("access.yaml"), "bindings: [{role: king}]\n");
    assertThatThrownBy(() -> GatewayFixture.start(directory, settings))
        .hasStackTraceContaining("bindings[0].role must be one of [admin, operator, viewer]: king")
        .hasStackTraceContaining("bindings[0].tenants must be a list: null");
  }

  private GatewayFixture gateway(String role, String tenant) throws IOException {
    write(role, tenant);
    return GatewayFixture.start(
        directory,
        Map.of("caisson.gateway.access-file", directory.resolve("access.yaml").toString()));
  }

  private void write(String role, String tenant) throws IOException {
    Files.writeString(
        directory.resolve("access.yaml"),
        "bindings: [{role: %s, tenants: [%s], members: [\"unix:*\"]}]%n".formatted(role, tenant));
  }

  private static double refusedFiles(MeterRegistry registry) {
    return registry.get("caisson.gateway.access.file.refused").gauge().value();
  }

  private static String get(GatewayFixture gateway, String name) {
    return answer(() ->
        gateway.containers().getContainer(GetContainerRequest.newBuilder().setName(name).build()));
  }

  private static String list(GatewayFixture gateway, String tenant) {
    return answer(() ->
        gateway
            .sandboxes()
            .listSandboxes(
                ListSandboxesRequest.newBuilder().setParent("tenants/" + tenant).build()));
  }

  private static String answer(Runnable call) {
    try {
      call.run();
      return "OK";
    } catch (StatusRuntimeException e) {
      return e.getStatus() + " " + info(e);
    }
  }
}
