package dev.caisson.cli;

import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.MemoryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** What containers use, as a table, or as much of it as there is room for. */
final class UsageTable {
  /** The head, how many there is no room for, and the line that the cursor is on. */
  private static final int OTHER_LINES = 3;

  private UsageTable() {}

  static String of(List<UsageRates.Row> rows) {
    Table table = new Table("CONTAINER", "SANDBOX", ">CPU %", ">MEMORY", ">LIMIT", ">PIDS");
    for (UsageRates.Row row : rows) {
      MemoryStatistics memory = row.now().getMemory();
      table.row(
          Names.id(row.name()),
          Names.sandboxOf(row.name()),
          percent(row.percent()),
          StatsLine.bytes(memory.getUsageBytes()),
          memory.hasLimitBytes() ? StatsLine.bytes(memory.getLimitBytes()) : "-",
          String.valueOf(row.now().getPids().getCurrent()));
    }
    return table.toString();
  }

  private static String percent(OptionalDouble percent) {
    return percent.isEmpty() ? "-" : String.format(Locale.ROOT, "%.1f", percent.getAsDouble());
  }

  /** Columns are as wide as all of the rows need, so that they stay where they are. */
  static List<String> lines(List<UsageRates.Row> rows, ConsoleSize size) {
    int room = Math.max(1, size.getHeight() - OTHER_LINES);
    int width = Math.max(0, size.getWidth() - 1);
    Stream<String> shown = of(rows).lines().limit(1L + room);
    Stream<String> more =
        rows.size() > room ? Stream.of("  and " + (rows.size() - room) + " more") : Stream.of();
    return Stream.concat(shown, more)
        .map(line -> line.substring(0, Math.min(line.length(), width)))
        .toList();
  }
}
