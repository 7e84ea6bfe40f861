package dev.caisson.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Left-aligned columns, as wide as their widest cell; columns of numbers are right-aligned. */
final class Table {
  private static final String GAP = "  ";
  private final List<List<String>> rows = new ArrayList<>();
  private final boolean[] right;

  /** A heading that begins with `>` is of a right-aligned column. */
  Table(String... headings) {
    right = new boolean[headings.length];
    for (int column = 0; column < headings.length; column++) {
      right[column] = headings[column].startsWith(">");
    }
    rows.add(Arrays.stream(headings).map(heading -> heading.replaceFirst("^>", "")).toList());
  }

  Table row(String... cells) {
    rows.add(List.of(cells));
    return this;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      text.append(line(row).stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private String line(List<String> row) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < row.size(); column++) {
      String padding = " ".repeat(width(column) - row.get(column).length());
      line.append(right[column] ? padding + row.get(column) : row.get(column) + padding)
          .append(GAP);
    }
    return line.toString();
  }

  private int width(int column) {
    return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
  }
}
