package dev.caisson.oci;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Converts config.json. Stateless. */
public final class OciSpec {
  /** Of the text, in bytes. */
  public static final int MAX_BYTES = 1024 * 1024;

  /** Of objects and arrays in one another. The specification itself needs 6. */
  public static final int MAX_DEPTH = 64;

  /** Of one string, in characters. */
  public static final int MAX_STRING = 128 * 1024;

  /** A key twice is refused: what a policy reads must be what runs. */
  private static final ObjectReader JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxDocumentLength(MAX_BYTES)
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_STRING)
                          .maxNameLength(4096)
                          .maxNumberLength(40)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(JsonNode.class);

  private OciSpec() {}

  /**
   * Converts a document completely or not at all.
   *
   * @param json the text of config.json, in UTF-8
   * @param bundle absolute path of the bundle, against which relative paths are resolved; empty:
   *     there is none, and a relative path is refused
   * @throws OciException when it is not converted; nothing else is thrown, whatever the bytes
   */
  public static Converted convert(byte[] json, String bundle) {
    IgnoredFields ignored = new IgnoredFields();
    JsonObject document = JsonObject.root(parse(json), ignored);
    return new Converted(new DocumentReader(document, Bundle.of(bundle)).read(), ignored.list());
  }

  private static JsonNode parse(byte[] json) {
    if (json.length > MAX_BYTES) {
      throw OciException.invalid("config.json", "be at most " + MAX_BYTES + " bytes", json.length);
    }
    try {
      JsonNode node = JSON.readTree(utf8(json));
      if (node.isMissingNode()) {
        throw OciException.malformed("config.json must not be empty", Optional.empty());
      }
      return node;
    } catch (JsonProcessingException failure) {
      throw malformed(failure);
    }
  }

  private static String utf8(byte[] json) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
    } catch (CharacterCodingException failure) {
      throw OciException.malformed("config.json must be UTF-8", Optional.empty());
    }
  }

  private static OciException malformed(JsonProcessingException failure) {
    JsonLocation at = failure.getLocation();
    Optional<OciException.Position> position =
        at == null || at.getLineNr() < 1
            ? Optional.empty()
            : Optional.of(new OciException.Position(at.getLineNr(), at.getColumnNr()));
    String where =
        position.map(p -> " (line " + p.line() + ", column " + p.column() + ")").orElse("");
    return OciException.malformed(
        "config.json must be JSON: " + Shown.of(failure.getOriginalMessage()) + where, position);
  }
}
