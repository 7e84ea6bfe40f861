package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The gateway as a process of its own. */
@Timeout(120)
class GatewayIT {
  @TempDir Path directory;
  private Process gateway;
  private int port;

  @BeforeEach
  void start() throws IOException {
    port = freePort();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--illegal-native-access=deny");
    command.add("-XX:TieredStopAtLevel=1");
    GatewayFixture.settings(directory)
        .forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.add("-Dcaisson.gateway.management-port=" + port);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("dev.caisson.gateway.Gateway");
    gateway =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
  }

  @AfterEach
  void kill() throws InterruptedException {
    gateway.destroyForcibly();
    assertThat(gateway.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void servesUntilItIsToldToEndAndLeavesNoSocket() throws Exception {
    Path socket = directory.resolve("g");
    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(socket));
    ManagedChannel channel = Channels.unix(socket);
    assertThat(
            HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
    channel.shutdownNow();

    HttpResponse<String> health = managed("/health");
    assertThat(health.statusCode()).isEqualTo(503);
    assertThat(health.body()).contains("executor", "journal", "does not answer");
    assertThat(managed("/prometheus").body())
        .contains("caisson_gateway_calls_seconds_count{code=\"OK\"");

    gateway.destroy();
    assertThat(gateway.waitFor(20, TimeUnit.SECONDS)).isTrue();
    // 128 and SIGTERM: it ended by its own hand, after draining.
    assertThat(gateway.exitValue()).isEqualTo(143);
    assertThat(socket).doesNotExist();
    assertThat(Files.readString(directory.resolve("log"))).doesNotContain("ERROR", "WARN");
  }

  private HttpResponse<String> managed(String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + port + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptions()
          .until(() -> send(client, uri).statusCode() > 0);
      return send(client, uri);
    }
  }

  private static HttpResponse<String> send(HttpClient client, URI uri) throws Exception {
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
