package dev.caisson.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The documents that containers are compared by (tests/inside), converted. The executor makes plans
 * of the results, which it reads as text, since it knows nothing of JSON. They are written anew
 * with {@code -Dspecs.write=true}.
 */
class SpecificationsTest {
  private static final Path INSIDE = Path.of("../../tests/inside");
  private static final Path CONVERTED = Path.of("../../services/executor/src/test/resources/specs");
  private static final ObjectMapper JSON = new ObjectMapper();

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(INSIDE.resolve("specs"))) {
      return files
          .map(file -> file.getFileName().toString().replace(".json", ""))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void isConvertedAsItWasRead(String name) throws IOException {
    String text = converted(document(INSIDE.resolve("specs/" + name + ".json")));
    Path file = CONVERTED.resolve(name + ".txtpb");
    if (Boolean.getBoolean("specs.write")) {
      Files.createDirectories(CONVERTED);
      Files.writeString(file, text);
    }
    assertThat(text).isEqualTo(Files.readString(file));
  }

  /** A refusal is a comment, so that the text is an empty message. */
  private static String converted(JsonNode document) throws IOException {
    try {
      return TextFormat.printer()
          .printToString(OciSpec.convert(JSON.writeValueAsBytes(document), "/srv/bundle").spec());
    } catch (OciException refused) {
      return "# " + refused.getMessage() + "\n";
    }
  }

  /**
   * The same as tests/inside/compose.jq makes of it, but for what is of one machine. What is to be
   * executed in a container stands in place of its own process.
   */
  private static JsonNode document(Path file) throws IOException {
    JsonNode specification = JSON.readTree(placed(Files.readString(file)));
    String base = specification.get("base").asText();
    ObjectNode document =
        (ObjectNode) JSON.readTree(INSIDE.resolve("documents/" + base + ".json").toFile());
    merge(document, specification.path("patch"));
    append(document, specification.path("add"));
    specification.path("remove").forEach(path -> remove(document, path));
    if (specification.has("exec")) {
      document.set("process", specification.get("exec"));
    }
    ObjectNode process = (ObjectNode) document.get("process");
    if (!specification.at("/patch/process").has("terminal") && !specification.has("exec")) {
      process.put("terminal", false);
    }
    process.set("args", JSON.createArrayNode().add("/bin/probe"));
    ((ObjectNode) document.get("root")).put("path", "/srv/rootfs");
    document.path("mounts").forEach(SpecificationsTest::moveSource);
    return document;
  }

  private static String placed(String text) {
    return text.replace("@ROOTFS@", "/srv/rootfs")
        .replace("@IMAGE@", "/srv/image")
        .replace("@UPPERS@", "/srv/uppers")
        .replace("@NAMESPACES@", "/srv/namespaces")
        .replace("@BESIDE@", "/proc/4242/ns");
  }

  private static void merge(ObjectNode into, JsonNode patch) {
    patch
        .properties()
        .forEach(change -> {
          if (into.get(change.getKey()) instanceof ObjectNode inner
              && change.getValue().isObject()) {
            merge(inner, change.getValue());
          } else {
            into.set(change.getKey(), change.getValue());
          }
        });
  }

  private static void append(ObjectNode into, JsonNode more) {
    more.properties()
        .forEach(entry -> {
          if (entry.getValue() instanceof ArrayNode list) {
            into.withArray(entry.getKey()).addAll(list);
          } else {
            append(into.withObject("/" + entry.getKey()), entry.getValue());
          }
        });
  }

  private static void remove(ObjectNode from, JsonNode path) {
    JsonNode parent = from;
    for (int i = 0; i < path.size() - 1; i++) {
      parent = parent.path(path.get(i).asText());
    }
    ((ObjectNode) parent).remove(path.get(path.size() - 1).asText());
  }

  /** One file, and directories by their names. */
  private static void moveSource(JsonNode mount) {
    String source = mount.path("source").asText();
    if (source.startsWith("/") || source.startsWith("@VOLUMES@")) {
      String name = source.substring(source.lastIndexOf('/') + 1);
      boolean directory = name.equals("data") || name.equals("shm");
      ((ObjectNode) mount).put("source", directory ? "/srv/" + name : "/srv/file");
    }
  }
}
