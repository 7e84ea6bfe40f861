package dev.caisson.executor;

import dev.caisson.executor.journal.Durability;
import dev.caisson.executor.journal.FullMode;
import dev.caisson.executor.journal.JournalSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * How the journal is kept, as the executor is told on its command line.
 *
 * @param durability {@code --journal-durability}: {@code group} or {@code always}
 * @param fullMode {@code --journal-full}: {@code fail-closed} or {@code fail-open}
 * @param mebibytes {@code --journal-mib}: all of it
 * @param retentionHours {@code --journal-retention-hours}: how long what is relayed is kept
 */
record JournalOptions(Durability durability, FullMode fullMode, int mebibytes, int retentionHours) {
  static final Map<String, String> DEFAULTS =
      Map.of(
          "--journal-durability", "group",
          "--journal-full", "fail-closed",
          "--journal-mib", "1024",
          "--journal-retention-hours", "24");

  private static final Map<String, Durability> DURABILITIES =
      Map.of("group", Durability.GROUP, "always", Durability.ALWAYS);
  private static final Map<String, FullMode> FULL_MODES =
      Map.of("fail-closed", FullMode.FAIL_CLOSED, "fail-open", FullMode.FAIL_OPEN);

  /** The reserve, which is at most half of it, must hold what has to be recorded of a full host. */
  private static final int MIN_MEBIBYTES = 4;

  private static final int MAX_MEBIBYTES = 1 << 20;

  /** A year. */
  private static final int MAX_HOURS = 366 * 24;

  static JournalOptions of(Map<String, String> values) {
    return new JournalOptions(
        named(values, "--journal-durability", DURABILITIES, "group or always"),
        named(values, "--journal-full", FULL_MODES, "fail-closed or fail-open"),
        number(values, "--journal-mib", MIN_MEBIBYTES, MAX_MEBIBYTES),
        number(values, "--journal-retention-hours", 0, MAX_HOURS));
  }

  private static <T> T named(
      Map<String, String> values, String name, Map<String, T> known, String words) {
    String value = values.getOrDefault(name, "");
    T found = known.get(value);
    if (found == null) {
      throw new IllegalArgumentException(name + " must be " + words + ": " + value);
    }
    return found;
  }

  private static int number(Map<String, String> values, String name, int least, int most) {
    String value = values.getOrDefault(name, "");
    int number = value.matches("\\d{1,7}") ? Integer.parseInt(value) : -1;
    if (number < least || number > most) {
      throw new IllegalArgumentException(name + " must be " + least + " to " + most + ": " + value);
    }
    return number;
  }

  JournalSettings settings(Path directory, String node) {
    long bytes = (long) mebibytes << 20;
    return new JournalSettings(
        directory,
        node,
        durability,
        fullMode,
        bytes,
        Math.min(JournalSettings.DEFAULT_RESERVE_BYTES, bytes / 4),
        Math.min(JournalSettings.DEFAULT_SEGMENT_BYTES, bytes / 8),
        JournalSettings.DEFAULT_SYNC_INTERVAL,
        Duration.ofHours(retentionHours));
  }
}
