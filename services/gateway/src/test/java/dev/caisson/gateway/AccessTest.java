package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.micrometer.core.instrument.MeterRegistry;
import io.micronaut.health.HealthStatus;
import io.micronaut.inject.qualifiers.Qualifiers;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

@Timeout(60)
class AccessTest {
  @TempDir Path directory;

  @Test
  void refusesAUserWhoIsNotAllowed() throws Exception {
    try (GatewayFixture gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.allowed-users", "4294967294"))) {
      StatusRuntimeException error =
          refused(() -> gateway.containers().createContainer(container("tenants/t", "c", "x")));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(info(error).getReason()).isEqualTo("NOT_ALLOWED");
      assertThat(gateway.executor.requests).isEmpty();
      assertThat(
              HealthGrpc.newBlockingStub(gateway.channel)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void recordsWhomItHasRefused() throws Exception {
    try (GatewayFixture gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.allowed-users", "4294967294"))) {
      gateway.journal.failing = true;
      refused(() -> gateway.containers().createContainer(container("tenants/t", "c", "x")));
      RecordDenialRequest first = gateway.journal.denials.poll(5, TimeUnit.SECONDS);
      assertThat(first.getOperation()).isEqualTo("CreateContainer");
      assertThat(first.getReason()).isEqualTo("NOT_ALLOWED");
      assertThat(first.getMessage()).contains("caisson.gateway.allowed-users");
      assertThat(first.getActor().getPrincipal())
          .isEqualTo("uid:" + Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
      assertThat(first.getActor().getMethod()).isEqualTo("peer-credentials");

      gateway.journal.failing = false;
      RecordDenialRequest later = refusedUntilReported(gateway);
      assertThat(later.getSuppressed()).as("that which the journal did not take").isPositive();
    }
  }

  /** Those while a report is under way are only counted. */
  private static RecordDenialRequest refusedUntilReported(GatewayFixture gateway) throws Exception {
    RecordDenialRequest report = null;
    while (report == null) {
      refused(() -> gateway.containers().createContainer(container("tenants/t", "c", "x")));
      report = gateway.journal.denials.poll(100, TimeUnit.MILLISECONDS);
    }
    return report;
  }

  @Test
  void recordsNoRefusalOfWhomItLetsIn() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      refused(() -> gateway.containers().createContainer(container("tenants/t", "..", "x")));
      assertThat(gateway.journal.denials).isEmpty();
    }
  }

  @Test
  void letsInAUserByNumber() throws Exception {
    Object me = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    try (GatewayFixture gateway =
        GatewayFixture.start(
            directory, Map.of("caisson.gateway.allowed-users", "4294967294," + me))) {
      assertThat(gateway.containers().createContainer(container("tenants/t", "c", "x")))
          .isNotNull();
    }
  }

  @Test
  void setsTheModeOfItsSocket() throws Exception {
    try (GatewayFixture gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.socket-mode", "rw-rw-rw-"))) {
      assertThat(gateway.context.isRunning()).isTrue();
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("g"))))
          .isEqualTo("rw-rw-rw-");
    }
  }

  @Test
  void saysThatTheExecutorDoesNotAnswerAndGoesOnWhenItDoes() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      gateway.stopExecutor();
      StatusRuntimeException error =
          refused(() -> gateway.containers().createContainer(container("tenants/t", "c", "x")));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(info(error).getReason()).isEqualTo("EXECUTOR_UNAVAILABLE");
      gateway.startExecutor();
      org.awaitility.Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .ignoreExceptions()
          .until(
              () -> gateway.containers().createContainer(container("tenants/t", "c", "x")) != null);
    }
  }

  @Test
  void tellsWhetherTheExecutorAndTheJournalAnswer() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      assertThat(health(gateway, "executor").getStatus()).isEqualTo(HealthStatus.UP);
      assertThat(health(gateway, "journal").getStatus()).isEqualTo(HealthStatus.UP);
      gateway.stopExecutor();
      HealthResult down = health(gateway, "executor");
      assertThat(down.getStatus()).isEqualTo(HealthStatus.DOWN);
      assertThat(down.getName()).isEqualTo("executor");
      assertThat(down.getDetails()).isEqualTo(Map.of("answer", "does not answer"));
    }
  }

  @Test
  void countsCallsByMethodAndCode() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      gateway.containers().createContainer(container("tenants/t", "c", "x"));
      refused(() -> gateway.containers().createContainer(container("tenants/t", "..", "x")));
      MeterRegistry registry = gateway.context.getBean(MeterRegistry.class);
      for (String code : new String[] {"OK", "INVALID_ARGUMENT"}) {
        assertThat(
                registry
                    .get("caisson.gateway.calls")
                    .tag("method", "caisson.v1.Containers/CreateContainer")
                    .tag("code", code)
                    .timer()
                    .count())
            .isEqualTo(1);
      }
    }
  }

  @Test
  void passesTheCallersDeadlineOn() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      gateway.executor.add("t", "s", "c");
      gateway.executor.hang = true;
      StatusRuntimeException error =
          refused(() ->
              gateway
                  .containers()
                  .withDeadlineAfter(2, TimeUnit.SECONDS)
                  .waitContainer(
                      WaitContainerRequest.newBuilder()
                          .setName("tenants/t/sandboxes/-/containers/c")
                          .build()));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(gateway.executor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static HealthResult health(GatewayFixture gateway, String name) {
    HealthIndicator indicator =
        gateway.context.getBean(HealthIndicator.class, Qualifiers.byName(name));
    return Mono.from(indicator.getResult()).block(Duration.ofSeconds(5));
  }
}
