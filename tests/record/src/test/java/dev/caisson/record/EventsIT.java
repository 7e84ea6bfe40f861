package dev.caisson.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * From the executor's journal to PostgreSQL: how many events a second, and how late. Figures of a
 * machine, which nothing is held to; {@code caisson bench events} prints them.
 */
@EnabledIfSystemProperty(
    named = "caisson.bench.events",
    matches = "[1-9][0-9]*",
    disabledReason = "A measurement: caisson bench events makes it")
class EventsIT {

  private static final long EVENTS = Long.getLong("caisson.bench.events", 0);

  /** As a busy fleet's node has in an hour. */
  private static final int STEADY_PER_SECOND = 1_000;

  private static final int STEADY_SECONDS = 60;

  /** Of what is steady, so much comes before it is measured: services start meanwhile. */
  private static final int WARM_SECONDS = 40;

  /** As fast as they come: one in so many, first, before it is measured. */
  private static final int WARM_PART = 4;

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final long BETWEEN_LOOKS_NANOS = 5_000_000;
  private static final int NANOS_PER_MILLI = 1_000_000;

  /** With indexes. */
  private static final String ON_DISK =
      "SELECT CAST(sum(pg_total_relation_size(inhrelid)) AS BIGINT) FROM pg_inherits"
          + " WHERE inhparent = 'trail'::regclass";

  @TempDir Path directory;

  @Test
  void asFastAsTheyCome() throws Exception {
    try (RecordPath path = started(EVENTS, 0)) {
      awaitSeen(path, EVENTS / WARM_PART);
      long from = stored(path);
      long began = System.nanoTime();
      Map<String, Duration> before = path.cpu();
      awaitSeen(path, EVENTS);
      Awaitility.await().atMost(PATIENCE).until(() -> stored(path) >= EVENTS);
      double seconds = (System.nanoTime() - began) / 1e9;
      Map<String, Duration> after = path.cpu();
      long written = EVENTS - from;
      long bytes = path.number("SELECT CAST(avg(length(event)) AS BIGINT) FROM trail");
      assertThat(bytes).as("bytes of an event").isBetween(270L, 330L);
      long stored = path.number(ON_DISK) / (from + written);
      long each = Math.round(written / seconds);
      System.out.println(
          "events: %d of %d bytes on average, from the journal to PostgreSQL: %d/s; there %d bytes each"
              .formatted(written, bytes, each, stored));
      Map<String, Double> cpu = new LinkedHashMap<>();
      after.forEach((name, time) ->
          cpu.put(name, micros(time.minus(before.getOrDefault(name, Duration.ZERO)), written)));
      System.out.println("events: CPU time of each, µs: " + each(cpu, "%s %.1f"));
      keep(
          "sustained",
          "\"bytes\": %d, \"perSecond\": %d, \"stored\": %d, \"cpuMicros\": {%s}"
              .formatted(bytes, each, stored, each(cpu, "\"%s\": %.1f")));
    }
  }

  private static double micros(Duration time, long events) {
    return time.toNanos() / 1e3 / events;
  }

  private static String each(Map<String, Double> figures, String form) {
    return figures.entrySet().stream()
        .map(figure -> String.format(Locale.ROOT, form, figure.getKey(), figure.getValue()))
        .collect(Collectors.joining(", "));
  }

  @Test
  void steadily() throws Exception {
    long events = (long) STEADY_PER_SECOND * STEADY_SECONDS;
    try (RecordPath path = started(events, STEADY_SECONDS);
        Connection connection = path.connect()) {
      Awaitility.await().atMost(PATIENCE).until(() -> stored(path) > 0);
      long[] lags = lags(connection, STEADY_PER_SECOND * WARM_SECONDS, Math.toIntExact(events));
      long half = at(lags, 0.5);
      long most = at(lags, 0.99);
      System.out.println(
          "events: %d/s, from the journal until seen in PostgreSQL: p50 %d ms, p99 %d ms"
              .formatted(STEADY_PER_SECOND, half, most));
      keep("lag", "\"p50Millis\": %d, \"p99Millis\": %d".formatted(half, most));
    }
  }

  /** For programs, where somebody wants it. */
  private static void keep(String what, String figures) throws IOException {
    String results = System.getProperty("caisson.bench.results");
    if (results != null) {
      String document =
          "{\"time\": \"%s\", \"kernel\": \"%s\", \"processors\": %d, %s}%n"
              .formatted(
                  Instant.now(),
                  System.getProperty("os.version"),
                  Runtime.getRuntime().availableProcessors(),
                  figures);
      Files.writeString(Path.of(results + "-" + what + ".json"), document);
    }
  }

  private RecordPath started(long events, long seconds) throws Exception {
    RecordPath path = new RecordPath(directory, 1, events, seconds);
    path.journal().start();
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(path.key()));
    return path;
  }

  /**
   * Until the newest record is at least that: records of other sandboxes may be behind. It costs
   * the database nothing, while to count what is measured slows it down.
   */
  private static void awaitSeen(RecordPath path, long seq) {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> number(path, "SELECT coalesce(max(last_seq), 0) FROM trail_node") >= seq);
  }

  private static long stored(RecordPath path) {
    return number(path, "SELECT count(*) FROM trail");
  }

  private static long number(RecordPath path, String query) {
    try {
      return path.number(query);
    } catch (SQLException e) { // it has no tables yet
      return 0;
    }
  }

  /**
   * Of each event from one to another, milliseconds: from its time until a look has found it. They
   * come in the order of their sandboxes, not of their numbers.
   */
  private static long[] lags(Connection connection, int from, int to) throws SQLException {
    LongStream.Builder lags = LongStream.builder();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    BitSet seen = new BitSet(to);
    seen.set(0, from);
    try (PreparedStatement newer =
        connection.prepareStatement(
            "SELECT seq, time_nanos FROM trail WHERE node = 'n1' AND epoch = 1 AND seq >= ?")) {
      while (seen.nextClearBit(0) < to) {
        assertThat(System.nanoTime()).as("all events within 5 min").isLessThan(deadline);
        newer.setLong(1, seen.nextClearBit(0));
        try (ResultSet rows = newer.executeQuery()) {
          Instant now = Instant.now();
          long nanos = now.getEpochSecond() * 1_000_000_000 + now.getNano();
          while (rows.next()) {
            int seq = rows.getInt(1);
            if (!seen.get(seq)) {
              seen.set(seq);
              lags.add((nanos - rows.getLong(2)) / NANOS_PER_MILLI);
            }
          }
        }
        LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
      }
    }
    return lags.build().toArray();
  }

  private static long at(long[] values, double quantile) {
    long[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[(int) Math.ceil(quantile * sorted.length) - 1];
  }
}
