package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Statistics;
import io.micronaut.runtime.server.EmbeddedServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ContainerMetricsTest {
  private static final Map<String, Object> WANTED =
      Map.of("caisson.gateway.container-metrics", "true");
  @TempDir Path directory;

  private static List<String> scrape(GatewayFixture gateway) throws Exception {
    URI uri = gateway.context.getBean(EmbeddedServer.class).getURI().resolve("/prometheus");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).isEqualTo(200);
      return answer.body().lines().filter(line -> line.startsWith("container_")).toList();
    }
  }

  private static void add(GatewayFixture gateway, String id, String statistics) throws Exception {
    gateway.executor.add("acme", "box", id);
    Statistics.Builder parsed = Statistics.newBuilder();
    TextFormat.merge(statistics, parsed);
    gateway.executor.statistics.put("acme/" + id, parsed.build());
  }

  private static String web(String metric, String mode, String device, String value) {
    return "%s{container=\"web\",%snode=\"node-1\",sandbox=\"box\",%stenant=\"acme\"} %s"
        .formatted(metric, mode, device, value);
  }

  @Test
  void saysWhatContainersUseUnderConventionalNames() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory, WANTED)) {
      add(
          gateway,
          "web",
          """
          cpu { usage_nanoseconds: 3500000000 user_nanoseconds: 2000000000
            system_nanoseconds: 1500000000 pressure { some { total_microseconds: 500000 } } }
          memory { usage_bytes: 4096 working_set_bytes: 1024 anonymous_bytes: 512
            limit_bytes: 8192 oom_kills: 2 }
          io { devices { major: 8 minor: 16 read_bytes: 7 write_bytes: 9 } }
          network { interfaces { name: "eth0" receive_bytes: 11 transmit_bytes: 13 } }
          """);

      assertThat(scrape(gateway))
          .contains(
              web("container_cpu_time_seconds_total", "cpu_mode=\"user\",", "", "2.0"),
              web("container_cpu_time_seconds_total", "cpu_mode=\"system\",", "", "1.5"),
              web("container_pressure_cpu_waiting_seconds_total", "", "", "0.5"),
              web("container_memory_usage_bytes", "", "", "4096.0"),
              web("container_memory_working_set_bytes", "", "", "1024.0"),
              web("container_memory_rss_bytes", "", "", "512.0"),
              web("container_memory_available_bytes", "", "", "7168.0"),
              web("container_oom_events_total", "", "", "2.0"),
              web(
                  "container_disk_io_bytes_total",
                  "disk_io_direction=\"read\",",
                  "system_device=\"8:16\",",
                  "7.0"))
          .anyMatch(line ->
              line.startsWith("container_network_io_bytes_total{container=\"\",")
                  && line.endsWith(" 13.0"))
          .noneMatch(line -> line.startsWith("container_uptime"));
    }
  }

  @Test
  void saysWhatLimitsHaveHeldUpOrRefused() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory, WANTED)) {
      add(
          gateway,
          "web",
          """
          cpu { periods: 20 throttled_periods: 15 throttled_nanoseconds: 2500000000 }
          memory { limit_bytes: 8192 limit_hits: 3 swap_bytes: 100 page_faults: 70
            major_page_faults: 4 }
          pids { current: 7 limit: 64 limit_hits: 5 }
          """);

      assertThat(scrape(gateway))
          .contains(
              web("container_cpu_cfs_periods_total", "", "", "20.0"),
              web("container_cpu_cfs_throttled_periods_total", "", "", "15.0"),
              web("container_cpu_cfs_throttled_seconds_total", "", "", "2.5"),
              web("container_spec_memory_limit_bytes", "", "", "8192.0"),
              web("container_memory_failcnt_total", "", "", "3.0"),
              web("container_memory_swap", "", "", "100.0"),
              web(
                  "container_paging_faults_total",
                  "",
                  "system_paging_fault_type=\"minor\",",
                  "66.0"),
              web(
                  "container_paging_faults_total",
                  "",
                  "system_paging_fault_type=\"major\",",
                  "4.0"),
              web("container_threads", "", "", "7.0"),
              web("container_threads_max", "", "", "64.0"),
              web("container_threads_refused_total", "", "", "5.0"));
    }
  }

  @Test
  void saysWhatPassedDisksAndNetworks() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory, WANTED)) {
      add(
          gateway,
          "web",
          """
          io { devices { major: 8 minor: 16 read_operations: 17 write_operations: 19 } }
          network { interfaces { name: "eth0" receive_packets: 1 receive_errors: 2
            receive_drops: 3 transmit_packets: 4 transmit_errors: 5 transmit_drops: 6 } }
          """);

      List<String> lines = scrape(gateway);
      assertThat(lines)
          .contains(
              web("container_fs_reads_total", "", "system_device=\"8:16\",", "17.0"),
              web("container_fs_writes_total", "", "system_device=\"8:16\",", "19.0"),
              eth0("container_network_receive_packets_total", "1.0"),
              eth0("container_network_receive_errors_total", "2.0"),
              eth0("container_network_receive_packets_dropped_total", "3.0"),
              eth0("container_network_transmit_packets_total", "4.0"),
              eth0("container_network_transmit_errors_total", "5.0"),
              eth0("container_network_transmit_packets_dropped_total", "6.0"));
      assertThat(lines).as("what has no limit").noneMatch(line -> line.contains("_cfs_"));
    }
  }

  private static String eth0(String metric, String value) {
    String labels =
        "container=\"\",network_interface_name=\"eth0\",node=\"node-1\",sandbox=\"box\",tenant=\"acme\"";
    return metric + "{" + labels + "} " + value;
  }

  @Test
  void networksOfSandboxesAreCountedOnceAndUptimeOfWhatRuns() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory, WANTED)) {
      String network = "network { interfaces { name: \"eth0\" receive_bytes: 11 } }";
      add(gateway, "a", network);
      add(gateway, "b", network);
      gateway.executor.containers.computeIfPresent(
          "acme/a",
          (_, container) ->
              container.toBuilder()
                  .setState(ContainerState.RUNNING)
                  .setStartTime(Timestamp.newBuilder().setSeconds(1))
                  .build());

      List<String> lines = scrape(gateway);
      assertThat(lines)
          .filteredOn(line -> line.startsWith("container_network_io_bytes_total"))
          .hasSize(2);
      assertThat(lines)
          .filteredOn(line -> line.startsWith("container_uptime_seconds"))
          .singleElement()
          .asString()
          .contains("container=\"a\"");
    }
  }

  @Test
  void whoIsGoneIsNotThereAndNeitherIsAnybodyWithoutAnExecutor() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory, WANTED)) {
      add(gateway, "a", "memory { usage_bytes: 1 }");
      add(gateway, "b", "memory { usage_bytes: 1 }");
      assertThat(scrape(gateway)).anyMatch(line -> line.contains("container=\"a\""));
      gateway.executor.containers.remove("acme/a");
      gateway.executor.statistics.remove("acme/b"); // deleted since it was listed
      assertThat(scrape(gateway)).isEmpty();
      gateway.stopExecutor();
      assertThat(scrape(gateway)).isEmpty();
    }
  }

  @Test
  void saysNothingOfContainersUnlessItIsAsked() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      add(gateway, "a", "memory { usage_bytes: 1 }");
      assertThat(scrape(gateway)).isEmpty();
    }
  }
}
