package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.caisson.bench.GatewayReport.Latency;
import dev.caisson.bench.GatewayReport.Memory;
import dev.caisson.bench.GatewayReport.Rates;
import dev.caisson.bench.ServiceProcess.Footprint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GatewayReportTest {
  private static final long MIB = 1024 * 1024;
  private static final Latency LATENCY =
      new Latency(
          "get",
          Pattern.BACK_TO_BACK,
          new Statistics(100, 0.25, 0.5, 1, 0.1, 4),
          new Statistics(100, 0.5, 1, 3.5, 0.2, 5));
  private static final GatewayReport REPORT = report(400, 250, 1_000, 14);

  private static GatewayReport report(double megabytes, double firstByte, int open, int threads) {
    return new GatewayReport(
        Instant.EPOCH,
        "6.18",
        2,
        List.of(LATENCY),
        new Rates(8_000, 4_000),
        64,
        new Rates(800, megabytes),
        List.of(
            new Memory(
                "sandboxes",
                1_000,
                open,
                new Footprint(100 * MIB, 20 * MIB, 12),
                new Footprint(110 * MIB, 25 * MIB, threads))),
        new Statistics(20, firstByte, 280, 290, 240, 290));
  }

  private static String line(String table, String start) {
    return table.lines().filter(line -> line.startsWith(start)).findFirst().orElseThrow();
  }

  @Test
  void subtractsQuantilesOfTheExecutorFromThoseOfTheGateway() {
    assertThat(LATENCY.addedMedian()).isEqualTo(0.25);
    assertThat(LATENCY.addedP99()).isEqualTo(2.5);
  }

  @Test
  void tellsEachFigureBesideWhetherItsTargetIsMet() {
    String table = REPORT.table();
    assertThat(line(table, "get, back to back"))
        .matches(".* 100 +0.250 +0.500 +0.250 +1.000 +3.500 +2.500 +≤ 0.5 met, ≤ 2 missed");
    assertThat(line(table, "calls, 64 in flight")).matches(".* 8000 +4000 +0.50 *");
    assertThat(line(table, "MB of stdout")).matches(".* 800 +400 +0.50 +≥ 300 met");
    assertThat(line(table, "MiB of memory")).matches(".* 100.0 +110.0 +10.2");
    assertThat(table).containsPattern("\nwatches +0 +1000 +≥ 1000 met\n");
    assertThat(line(table, "threads")).matches(".* 12 +14 +≤ 14 met");
    assertThat(line(table, "first byte of ps")).matches(".* 250 +290 +20 +≤ 300 met");
  }

  @Test
  void tellsWhatMissesItsTarget() {
    String table = report(299, 301, 500, 15).table();
    assertThat(line(table, "MB of stdout")).endsWith("≥ 300 missed");
    assertThat(table).containsPattern("\nwatches +0 +500 +≥ 1000 missed\n");
    assertThat(line(table, "MiB of memory")).endsWith(" 20.5");
    assertThat(line(table, "threads")).endsWith("≤ 14 missed");
    assertThat(line(table, "first byte of ps")).endsWith("≤ 300 missed");
  }

  @Test
  void writesTheSameForPrograms(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("results").resolve("gateway.json");
    REPORT.write(file);
    JsonObject written = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    assertThat(written).isEqualTo(JsonParser.parseString(Report.json(REPORT.document())));
    assertThat(written.getAsJsonObject("callsPerSecond").get("gateway").getAsDouble())
        .isEqualTo(4_000);
    assertThat(
            written.getAsJsonObject("goals").getAsJsonObject("firstByte").get("bound").getAsInt())
        .isEqualTo(300);
  }
}
