package dev.caisson.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import dev.caisson.events.Topic;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** docs/asyncapi.yaml is what the code says; {@code -Dcontract.write=true} writes it anew. */
class AsyncApiTest {

  private static final Path DOCUMENT = Path.of("../../docs/asyncapi.yaml");

  private static final ObjectMapper YAML =
      new ObjectMapper(
          YAMLFactory.builder()
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.LITERAL_BLOCK_STYLE)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .build());

  private static final JsonSchemaFactory SCHEMAS =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7);

  static List<String> vectors() throws IOException {
    return Vectors.names();
  }

  @Test
  void saysWhatTheCodeSays() throws IOException {
    String document = YAML.writeValueAsString(new AsyncApi().document());
    if (Boolean.getBoolean("contract.write")) {
      Files.writeString(DOCUMENT, document);
    }
    assertThat(Files.readString(DOCUMENT)).isEqualTo(document);
  }

  @Test
  void isAnAsyncApiDocument() throws IOException {
    assertThat(errors(document())).isEmpty();
  }

  @Test
  void isHeldAgainstASchemaThatRefuses() throws IOException {
    ObjectNode broken = (ObjectNode) document();
    ((ObjectNode) broken.at("/channels/events/bindings/kafka")).put("partitions", 0);
    assertThat(errors(broken)).isNotEmpty();
  }

  @Test
  void refersToWhatIsThere() throws IOException {
    JsonNode document = document();
    assertThat(document.findValuesAsText("$ref"))
        .isNotEmpty()
        .allSatisfy(
            to -> assertThat(document.at(to.substring(1)).isMissingNode()).as(to).isFalse());
  }

  @Test
  void hasEveryTopicAndEveryPayload() throws IOException {
    JsonNode document = document();
    assertThat(document.get("channels").findValuesAsText("address"))
        .containsExactlyElementsOf(Arrays.stream(Topic.values()).map(Topic::topicName).toList());
    Set<String> messages = new HashSet<>();
    document.at("/channels/events/messages").fieldNames().forEachRemaining(messages::add);
    assertThat(messages)
        .containsAll(Vectors.payloads().map(payload -> payload.getJsonName()).toList());
  }

  /** The schema of the headers holds for real ones, and names each of them. */
  @ParameterizedTest
  @MethodSource("vectors")
  void describesTheHeadersOfEachEvent(String name) throws IOException {
    JsonNode schema = document().at("/components/schemas/eventHeaders");
    JsonNode headers = YAML.valueToTree(Vectors.read(name).headers());
    assertThat(SCHEMAS.getSchema(schema).validate(headers)).isEmpty();
    headers
        .fieldNames()
        .forEachRemaining(
            header -> assertThat(schema.get("properties").has(header)).as(header).isTrue());
  }

  private static JsonNode document() throws IOException {
    return YAML.readTree(DOCUMENT.toFile());
  }

  private static Set<ValidationMessage> errors(JsonNode document) throws IOException {
    try (InputStream schema = AsyncApiTest.class.getResourceAsStream("/asyncapi/3.0.0.json")) {
      return SCHEMAS.getSchema(schema).validate(document);
    }
  }
}
