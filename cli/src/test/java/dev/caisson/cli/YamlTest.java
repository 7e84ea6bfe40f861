package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.ToNumberPolicy;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class YamlTest {
  private static final Gson EXACT =
      new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.BIG_DECIMAL).create();

  @Test
  void writesBlocks() {
    assertThat(
            yaml(
                """
                {"containers": [{"name": "a/b", "exit": {"code": 3}, "args": []}, {"up": true}],
                 "none": null, "labels": {}, "nested": [[1, 2], []], "a key": "x"}
                """))
        .isEqualTo(
            """
            containers:
              - name: "a/b"
                exit:
                  code: 3
                args: []
              - up: true
            none: null
            labels: {}
            nested:
              - - 1
                - 2
              - []
            "a key": "x"
            """);
  }

  @Test
  void escapesWhatALineOrATerminalWouldTakeForSomethingElse() {
    assertThat(yaml("[\"\\u001b[2J\\n\\\"\\\\\\u0085\\u2028\\ufeff\\ud800é😀\"]"))
        .isEqualTo("- \"\\u001b[2J\\u000a\\\"\\\\\\u0085\\u2028\\ufeff\\ud800é😀\"\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no",
        "Y",
        "null",
        "~",
        "1e3",
        "0x1F",
        "1:30",
        "2026-11-29",
        "",
        " x ",
        "- x",
        "a: b",
        "# x",
        "<<",
        "=",
        "*x",
        "&x",
        "!x",
        "%x",
        "@x",
        "`x",
        "|",
        ">",
        "---",
        "...",
        "? x",
        "{",
        "["
      })
  void keepsStringsAndKeysWhatTheyAre(String text) {
    JsonObject object = new JsonObject();
    object.addProperty(text, text);
    assertThat(read(Yaml.of(object))).isEqualTo(Map.of(text, text));
  }

  @Test
  void announcesKeysThatAreLongerThanAReaderLooksAhead() {
    JsonObject object = new JsonObject();
    object.addProperty("k".repeat(2000), 1);
    object.add("l".repeat(2000), JsonParser.parseString("{\"a\": [1]}"));
    assertThat(read(Yaml.of(object))).isEqualTo(plain(object));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-7", "1.5", "1.0E10", "1e3", "2.5E-7", "18446744073709551615"})
  void keepsNumbersNumbers(String number) {
    assertThat(read(yaml("[" + number + "]")))
        .isEqualTo(List.of(new BigDecimal(number).stripTrailingZeros()));
  }

  @Property
  void isReadAsWhatItIs(@ForAll("documents") JsonElement document) {
    assertThat(read(Yaml.of(document))).isEqualTo(plain(document));
  }

  @Provide
  Arbitrary<JsonElement> documents() {
    return documents(3);
  }

  private static Arbitrary<JsonElement> documents(int depth) {
    Arbitrary<JsonElement> scalars =
        Arbitraries.oneOf(
            strings().map(JsonPrimitive::new),
            Arbitraries.longs().map(JsonPrimitive::new),
            Arbitraries.doubles().map(JsonPrimitive::new),
            Arbitraries.of(true, false).map(JsonPrimitive::new),
            Arbitraries.just(JsonNull.INSTANCE));
    if (depth == 0) {
      return scalars;
    }
    Arbitrary<JsonElement> parts = documents(depth - 1);
    return Arbitraries.oneOf(
        scalars, parts.list().ofMaxSize(4).map(YamlTest::array), objects(parts));
  }

  private static Arbitrary<String> strings() {
    return Arbitraries.strings().all().ofMaxLength(12);
  }

  private static JsonElement array(List<JsonElement> elements) {
    JsonArray array = new JsonArray();
    elements.forEach(array::add);
    return array;
  }

  private static Arbitrary<JsonElement> objects(Arbitrary<JsonElement> values) {
    return Combinators.combine(
            strings().list().uniqueElements().ofMaxSize(4), values.list().ofSize(4))
        .as((names, members) -> {
          JsonObject object = new JsonObject();
          for (int i = 0; i < names.size(); i++) {
            object.add(names.get(i), members.get(i));
          }
          return object;
        });
  }

  private static String yaml(String json) {
    return Yaml.of(JsonParser.parseString(json));
  }

  private static @Nullable Object read(String yaml) {
    return normal(new org.yaml.snakeyaml.Yaml().load(yaml));
  }

  /** Numbers as decimals, whatever type a reader gives them. */
  private static @Nullable Object normal(@Nullable Object read) {
    return switch (read) {
      case Number number -> new BigDecimal(number.toString()).stripTrailingZeros();
      case List<?> list -> list.stream().map(YamlTest::normal).toList();
      case Map<?, ?> map -> {
        Map<Object, @Nullable Object> all = new LinkedHashMap<>();
        map.forEach((key, value) -> all.put(key, normal(value)));
        yield all;
      }
      case null, default -> read;
    };
  }

  private static @Nullable Object plain(JsonElement json) {
    return normal(EXACT.fromJson(json, Object.class));
  }
}
