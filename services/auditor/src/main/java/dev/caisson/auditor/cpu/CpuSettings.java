package dev.caisson.auditor.cpu;

import io.micronaut.context.annotation.ConfigurationProperties;
import java.time.Duration;

/**
 * How CPU time is apportioned, kept and told.
 *
 * @param instance names this auditor among those that share the work: no two may have one name
 * @param standbyReplicas how many other auditors keep a copy of each account, to take over at once
 * @param history how long the figures of each sample are kept for windows
 * @param seriesKept how long a container can be scraped after its last news
 * @param silentKept how long the account of a sandbox that has not ended is kept after its last
 *     sample: longer than Kafka keeps samples, or a replay would begin it anew
 */
@ConfigurationProperties("caisson.cpu")
public record CpuSettings(
    String instance,
    int standbyReplicas,
    Duration history,
    Duration seriesKept,
    Duration silentKept) {

  static final int MAX_STANDBY_REPLICAS = 9;
  static final Duration MAX_HISTORY = Duration.ofDays(1);
  static final Duration MAX_SERIES_KEPT = Duration.ofDays(1);
  static final Duration MIN_SILENT_KEPT = Duration.ofDays(1);
  static final Duration MAX_SILENT_KEPT = Duration.ofDays(400);

  private static final Duration SECOND = Duration.ofSeconds(1);

  public CpuSettings {
    if (!instance.matches("[A-Za-z0-9._-]{1,64}")) {
      throw new IllegalArgumentException(
          "caisson.cpu.instance must be 1 to 64 letters, digits, dots, dashes: " + instance);
    }
    if (standbyReplicas < 0 || standbyReplicas > MAX_STANDBY_REPLICAS) {
      throw new IllegalArgumentException(
          "caisson.cpu.standby-replicas must be from 0 to 9: " + standbyReplicas);
    }
    requireWithin("history", history, SECOND, MAX_HISTORY);
    requireWithin("series-kept", seriesKept, SECOND, MAX_SERIES_KEPT);
    requireWithin("silent-kept", silentKept, MIN_SILENT_KEPT, MAX_SILENT_KEPT);
  }

  private static void requireWithin(String name, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "caisson.cpu.%s must be from %s to %s: %s".formatted(name, least, most, value));
    }
  }
}
