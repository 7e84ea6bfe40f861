package dev.caisson.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A JSON document in block YAML that readers of version 1.1 and of 1.2 understand alike: strings
 * are always quoted, so that no `no` becomes false and no `1e3` a number.
 */
final class Yaml {
  private static final String STEP = "  ";

  /** Names of fields; any other key is quoted. */
  private static final Pattern PLAIN_KEY = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,63}");

  private static final Pattern WORD_OF_YAML =
      Pattern.compile("y|n|yes|no|on|off|true|false|null", Pattern.CASE_INSENSITIVE);

  /** YAML 1.2.2, 7.4.2: a key that is not announced has at most 1024 characters. */
  private static final int LONGEST_KEY = 1024;

  private Yaml() {}

  static String of(JsonElement document) {
    return String.join("\n", lines(document)) + "\n";
  }

  private static List<String> lines(JsonElement value) {
    return switch (value) {
      case JsonObject object when !object.isEmpty() -> members(object);
      case JsonArray array when !array.isEmpty() -> elements(array);
      case JsonPrimitive scalar -> List.of(scalar(scalar));
      default -> List.of(value.toString()); // {}, [], null
    };
  }

  private static List<String> members(JsonObject object) {
    List<String> lines = new ArrayList<>();
    object.asMap().forEach((name, value) -> addMember(lines, key(name), value));
    return lines;
  }

  private static void addMember(List<String> lines, String key, JsonElement value) {
    boolean announced = key.length() > LONGEST_KEY;
    if (announced) {
      lines.add("? " + key);
    }
    String head = announced ? ":" : key + ":";
    if (isBlock(value)) {
      lines.add(head);
      lines(value).forEach(line -> lines.add(STEP + line));
    } else {
      lines.add(head + " " + lines(value).getFirst());
    }
  }

  private static boolean isBlock(JsonElement value) {
    return switch (value) {
      case JsonObject object -> !object.isEmpty();
      case JsonArray array -> !array.isEmpty();
      default -> false;
    };
  }

  private static List<String> elements(JsonArray array) {
    List<String> lines = new ArrayList<>();
    for (JsonElement element : array) {
      String mark = "- ";
      for (String line : lines(element)) {
        lines.add(mark + line);
        mark = STEP;
      }
    }
    return lines;
  }

  private static String key(String name) {
    boolean plain = PLAIN_KEY.matcher(name).matches() && !WORD_OF_YAML.matcher(name).matches();
    return plain ? name : quoted(name);
  }

  private static String scalar(JsonPrimitive scalar) {
    if (scalar.isString()) {
      return quoted(scalar.getAsString());
    }
    return scalar.isNumber() ? number(scalar.getAsString()) : scalar.getAsString();
  }

  /** Without an exponent, whose sign and point version 1.1 demands. */
  private static String number(String json) {
    return json.matches(".*[eE].*") ? new BigDecimal(json).toPlainString() : json;
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints().forEach(point -> quoted.append(escaped(point)));
    return quoted.append('"').toString();
  }

  private static String escaped(int point) {
    if (point == '"' || point == '\\') {
      return "\\" + (char) point;
    }
    if (isShown(point)) {
      return Character.toString(point);
    }
    return String.format(Locale.ROOT, point > Character.MAX_VALUE ? "\\U%08x" : "\\u%04x", point);
  }

  /**
   * Not what YAML (1.2.2, 5.1) has no place for, versions of it end a line at, or a terminal obeys.
   */
  private static boolean isShown(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
