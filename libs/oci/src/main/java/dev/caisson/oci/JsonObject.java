package dev.caisson.oci;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * One object of the document. Each field is asked for by name and type; what nobody asked for is
 * found by {@link #finish}. A null is an absent field.
 */
final class JsonObject {
  private static final BigInteger MAX_UNSIGNED_INT = BigInteger.valueOf(0xFFFF_FFFFL);
  private static final BigInteger MAX_UNSIGNED = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

  private static final String UNKNOWN = "is not known and was ignored";

  private final String path;
  private final JsonNode node;
  private final IgnoredFields ignored;
  private final Set<String> known = new HashSet<>();

  private JsonObject(String path, JsonNode node, IgnoredFields ignored) {
    this.path = path;
    this.node = node;
    this.ignored = ignored;
  }

  /**
   * @param ignored takes what has no effect
   */
  static JsonObject root(JsonNode node, IgnoredFields ignored) {
    if (!node.isObject()) {
      throw OciException.invalid("config.json", "be an object", node);
    }
    return new JsonObject("", node, ignored);
  }

  String path(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  boolean has(String name) {
    return get(name).isPresent();
  }

  Optional<JsonObject> object(String name) {
    return get(name).map(value -> object(path(name), value));
  }

  List<JsonObject> objects(String name) {
    List<JsonObject> objects = new ArrayList<>();
    for (JsonNode element : array(name)) {
      objects.add(object(path(name) + "[" + objects.size() + "]", element));
    }
    return objects;
  }

  /** The text; empty when the field is absent. */
  String string(String name) {
    return get(name).map(value -> text(path(name), value)).orElse("");
  }

  List<String> strings(String name) {
    List<String> texts = new ArrayList<>();
    for (JsonNode element : array(name)) {
      texts.add(text(path(name) + "[" + texts.size() + "]", element));
    }
    return texts;
  }

  /** Fields of any name, in the document's order. */
  Map<String, String> texts(String name) {
    Map<String, String> texts = new LinkedHashMap<>();
    JsonNode value = get(name).orElse(null);
    if (value != null) {
      requireType(value.isObject(), path(name), "be an object", value);
      value
          .properties()
          .forEach(entry -> {
            requireText(path(name), entry.getKey());
            texts.put(entry.getKey(), text(path(name) + "." + entry.getKey(), entry.getValue()));
          });
    }
    return texts;
  }

  /** Objects of any name, in the document's order. */
  Map<String, JsonObject> members(String name) {
    Map<String, JsonObject> members = new LinkedHashMap<>();
    object(name)
        .ifPresent(object ->
            object
                .node
                .properties()
                .forEach(entry -> {
                  requireText(object.path, entry.getKey());
                  String at = object.path + "." + Shown.of(entry.getKey());
                  members.put(entry.getKey(), object(at, entry.getValue()));
                }));
    return members;
  }

  boolean bool(String name) {
    return get(name)
        .map(value -> {
          requireType(value.isBoolean(), path(name), "be true or false", value);
          return value.booleanValue();
        })
        .orElse(false);
  }

  OptionalLong integer(String name, long min, long max) {
    Optional<JsonNode> value = get(name);
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(
        number(name, value.get(), BigInteger.valueOf(min), BigInteger.valueOf(max)).longValue());
  }

  OptionalInt integer(String name, int min, int max) {
    OptionalLong value = integer(name, (long) min, (long) max);
    return value.isPresent()
        ? OptionalInt.of(Math.toIntExact(value.getAsLong()))
        : OptionalInt.empty();
  }

  /** 0 to 2^32 - 1, as the bits of an int; 0 when absent. */
  int unsignedInt(String name) {
    return (int) integer(name, 0L, 0xFFFF_FFFFL).orElse(0);
  }

  /** Each 0 to 2^32 - 1, as the bits of an int. */
  List<Integer> unsignedInts(String name) {
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode element : array(name)) {
      String at = name + "[" + numbers.size() + "]";
      numbers.add(number(at, element, BigInteger.ZERO, MAX_UNSIGNED_INT).intValue());
    }
    return numbers;
  }

  /** 0 to 2^64 - 1, as the bits of a long. */
  OptionalLong unsigned(String name) {
    Optional<JsonNode> value = get(name);
    return value.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(number(name, value.get(), BigInteger.ZERO, MAX_UNSIGNED).longValue());
  }

  /** Refuses a field which would change what runs, unless its value is that of an absent one. */
  void refuse(String name, String hint) {
    get(name)
        .filter(value -> !isBlank(value))
        .ifPresent(value -> {
          throw OciException.unsupported(path(name), value, hint);
        });
  }

  /**
   * The same of an object whose members have names of the document's choosing: each says something.
   */
  void refuseMembers(String name, String hint) {
    object(name)
        .filter(members -> !members.node.isEmpty())
        .ifPresent(members -> {
          throw OciException.unsupported(path(name), members.node, hint);
        });
  }

  /**
   * Reports a field which changes nothing of what runs.
   *
   * @param why what follows the field's name in a sentence
   */
  void ignore(String name, String why) {
    get(name)
        .filter(value -> !isBlank(value))
        .ifPresent(value -> ignored.add(path(name), why, value));
  }

  /** Reports every field that nobody asked for. */
  void finish() {
    node.properties()
        .forEach(field -> {
          if (known.add(field.getKey())) {
            ignored.add(path(Shown.of(field.getKey())), UNKNOWN, field.getValue());
          }
        });
  }

  OciException invalid(String name, String rule, Object value) {
    return OciException.invalid(path(name), rule, value);
  }

  OciException unsupported(String name, Object value, String hint) {
    return OciException.unsupported(path(name), value, hint);
  }

  private Optional<JsonNode> get(String name) {
    known.add(name);
    return Optional.ofNullable(node.get(name)).filter(value -> !value.isNull());
  }

  private Iterable<JsonNode> array(String name) {
    Optional<JsonNode> value = get(name);
    value.ifPresent(list -> requireType(list.isArray(), path(name), "be an array", list));
    return value.<Iterable<JsonNode>>map(list -> list).orElse(List.of());
  }

  private JsonObject object(String at, JsonNode value) {
    requireType(value.isObject(), at, "be an object", value);
    return new JsonObject(at, value, ignored);
  }

  private BigInteger number(String name, JsonNode value, BigInteger min, BigInteger max) {
    requireType(value.isIntegralNumber(), path(name), "be a whole number", value);
    BigInteger number = value.bigIntegerValue();
    if (number.compareTo(min) < 0 || number.compareTo(max) > 0) {
      throw invalid(name, "be from " + min + " to " + max, number);
    }
    return number;
  }

  private static String text(String at, JsonNode value) {
    requireType(value.isTextual(), at, "be a string", value);
    requireText(at, value.textValue());
    return value.textValue();
  }

  /**
   * NUL ends a string in the kernel; a lone surrogate is lost in UTF-8: both would run as other.
   */
  private static void requireText(String at, String text) {
    if (text.indexOf('\0') >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw OciException.invalid(at, "be text without NUL and lone surrogates", text);
    }
  }

  private static void requireType(boolean right, String at, String rule, JsonNode value) {
    if (!right) {
      throw OciException.invalid(at, rule, value);
    }
  }

  /** Whether a value says no more than its absence: Go writes the zero value of what is not set. */
  private static boolean isBlank(JsonNode value) {
    return switch (value.getNodeType()) {
      case NULL, MISSING -> true;
      case BOOLEAN -> !value.booleanValue();
      case NUMBER -> value.decimalValue().signum() == 0;
      case STRING -> value.textValue().isEmpty();
      case ARRAY -> value.isEmpty();
      case OBJECT -> value.properties().stream().allMatch(entry -> isBlank(entry.getValue()));
      case BINARY, POJO -> false;
    };
  }
}
