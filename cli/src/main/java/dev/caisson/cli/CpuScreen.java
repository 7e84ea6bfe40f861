package dev.caisson.cli;

import dev.caisson.proto.types.v1.ConsoleSize;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** Rates as lines that fit on a screen: with bars, as far as there is room for them. */
final class CpuScreen {
  /** Head, what was left out, and the sum; and the line that the cursor is on. */
  private static final int OTHER_LINES = 4;

  private static final int MIN_BAR = 8;
  private static final int MAX_BAR = 60;
  private static final int MAX_NAME = 40;
  private static final int MIN_NAME = 9;
  private static final int FIGURES = " 000.00  0000000.000  not seen ".length();
  private static final String EIGHTHS = " ▏▎▍▌▋▊▉";
  private static final char FULL = '█';

  /** Whether the terminal is told in an encoding that has the blocks. */
  private static final boolean BLOCKS =
      Charset.forName(System.getProperty("stdout.encoding", "US-ASCII"))
          .newEncoder()
          .canEncode(FULL);

  private final int name;
  private final int bar;
  private final int width;
  private final int rows;

  /** For all of them, so that columns do not move as long as names and the size are the same. */
  private CpuScreen(List<CpuRates.Row> all, ConsoleSize size) {
    int longest =
        all.stream()
            .mapToInt(row -> row.sandbox().length() + row.container().length() + 1)
            .max()
            .orElse(0);
    width = size.getWidth() - 1;
    name = Math.max(MIN_NAME, Math.min(Math.min(longest, MAX_NAME), width - FIGURES));
    int room = width - name - FIGURES;
    bar = room < MIN_BAR ? 0 : Math.min(room, MAX_BAR);
    rows = Math.max(1, size.getHeight() - OTHER_LINES);
  }

  /** As many lines as there is room for, none longer than the screen is wide. */
  static List<String> lines(List<CpuRates.Row> all, ConsoleSize size) {
    return new CpuScreen(all, size).lines(all);
  }

  private List<String> lines(List<CpuRates.Row> all) {
    double most =
        Math.max(1, all.stream().mapToDouble(row -> row.cpus().orElse(0)).max().orElse(1));
    List<String> lines = new ArrayList<>();
    String scale = bar == 0 ? "" : String.format(Locale.ROOT, "0 to %.2f CPUs", most);
    lines.add(line("CONTAINER", "CPUs", "CHARGED (s)", "STATE", scale));
    all.stream().limit(rows).forEach(row -> lines.add(line(row, most)));
    if (all.size() > rows) {
      lines.add(cut("  and " + (all.size() - rows) + " more"));
    }
    lines.add(sum(all));
    return lines;
  }

  private String line(CpuRates.Row row, double most) {
    return line(
        row.sandbox() + "/" + row.container(),
        cpus(row.cpus()),
        seconds(row.nanos()),
        row.state(),
        bar(row.cpus().orElse(0) / most));
  }

  private String sum(List<CpuRates.Row> all) {
    double cpus = all.stream().mapToDouble(row -> row.cpus().orElse(0)).sum();
    long nanos = all.stream().mapToLong(CpuRates.Row::nanos).sum();
    return line("= sum", cpus(OptionalDouble.of(cpus)), seconds(nanos), "", "");
  }

  private String line(String who, String cpus, String seconds, String state, String bar) {
    String shown = who.length() <= name ? who : who.substring(0, name - 1) + "~";
    String figures =
        String.format(Locale.ROOT, "%-" + name + "s %6s  %11s  %-8s ", shown, cpus, seconds, state);
    return cut((figures + bar).stripTrailing());
  }

  private String cut(String line) {
    return line.length() <= width ? line : line.substring(0, Math.max(0, width));
  }

  /** In eighths of a character, where there are such. */
  private String bar(double part) {
    if (!BLOCKS) {
      return "#".repeat((int) Math.round(Math.clamp(part, 0, 1) * bar));
    }
    int eighths = (int) Math.round(Math.clamp(part, 0, 1) * bar * EIGHTHS.length());
    String full = String.valueOf(FULL).repeat(eighths / EIGHTHS.length());
    int rest = eighths % EIGHTHS.length();
    return rest == 0 ? full : full + EIGHTHS.charAt(rest);
  }

  static String cpus(OptionalDouble cpus) {
    return cpus.isEmpty() ? "-" : String.format(Locale.ROOT, "%.2f", cpus.getAsDouble());
  }

  private static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%d.%03d", nanos / 1_000_000_000, nanos / 1_000_000 % 1_000);
  }
}
