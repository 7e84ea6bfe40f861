package dev.caisson.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever the bytes: a conversion or a refusal, never another exception. */
class OciSpecPropertiesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> ENGINES = List.of("runc", "runc-rootless", "docker");
  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "0",
          "-1",
          "1e999",
          "18446744073709551616",
          "0.5",
          "\"\"",
          "\"\\u0000\"",
          "\"/..\"",
          "\"\\ud800\"",
          "[]",
          "[null]",
          "[[]]",
          "{}",
          "{\"\":null}",
          "[{\"\":{}}]");

  @Property(tries = 1000)
  void convertsOrRefusesAnyBytes(@ForAll @Size(max = 200) byte[] bytes, @ForAll String bundle) {
    assertThat(convertedOrRefused(bytes, bundle)).isTrue();
  }

  @Property(tries = 1000)
  void convertsOrRefusesADocumentWithOneByteChanged(
      @ForAll @IntRange(max = 2) int engine,
      @ForAll @IntRange(max = 100_000) int at,
      @ForAll byte b) {
    byte[] bytes = Documents.of(ENGINES.get(engine));
    bytes[at % bytes.length] = b;
    assertThat(convertedOrRefused(bytes, "/bundle")).isTrue();
  }

  @Property(tries = 2000)
  void convertsOrRefusesADocumentWithOneValueReplaced(
      @ForAll @IntRange(max = 2) int engine,
      @ForAll @IntRange(max = 100_000) int at,
      @ForAll @IntRange(max = 16) int value)
      throws IOException {
    JsonNode document = JSON.readTree(Documents.of(ENGINES.get(engine)));
    List<ObjectNode> objects = new ArrayList<>();
    collect(document, objects);
    ObjectNode object = objects.get(at % objects.size());
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    String name = names.isEmpty() ? "x" : names.get(at / objects.size() % names.size());
    object.set(name, JSON.readTree(VALUES.get(value)));
    assertThat(convertedOrRefused(JSON.writeValueAsBytes(document), "/bundle")).isTrue();
  }

  private static void collect(JsonNode node, List<ObjectNode> objects) {
    if (node instanceof ObjectNode object) {
      objects.add(object);
    }
    node.forEach(child -> collect(child, objects));
  }

  /** What was converted can be sent, and read again as the same. */
  private static boolean convertedOrRefused(byte[] bytes, String bundle) {
    try {
      var spec = OciSpec.convert(bytes, bundle).spec();
      return spec.equals(spec.getParserForType().parseFrom(spec.toByteArray()));
    } catch (OciException refusal) {
      return !refusal.getMessage().isEmpty() && refusal.getMessage().length() < 600;
    } catch (IOException lost) {
      return false;
    }
  }
}
