package dev.caisson.client;

import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Which calls the channel makes again by itself, and when: gRPC's service config, in a file that
 * clients in other languages can take as it is.
 */
final class ServiceConfig {
  private static final String FILE = "service-config.json";

  private ServiceConfig() {}

  /** As gRPC takes it. Without Gson's binding, which takes longer to begin than all of the rest. */
  static Map<String, Object> read() {
    InputStream file = Objects.requireNonNull(ServiceConfig.class.getResourceAsStream(FILE), FILE);
    try (JsonReader text = new JsonReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
      return object(text);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to read " + FILE, e);
    }
  }

  private static Map<String, Object> object(JsonReader text) throws IOException {
    Map<String, Object> object = new LinkedHashMap<>();
    text.beginObject();
    while (text.hasNext()) {
      object.put(text.nextName(), value(text));
    }
    text.endObject();
    return object;
  }

  private static List<Object> array(JsonReader text) throws IOException {
    List<Object> array = new ArrayList<>();
    text.beginArray();
    while (text.hasNext()) {
      array.add(value(text));
    }
    text.endArray();
    return array;
  }

  private static Object value(JsonReader text) throws IOException {
    return switch (text.peek()) {
      case BEGIN_OBJECT -> object(text);
      case BEGIN_ARRAY -> array(text);
      case NUMBER -> text.nextDouble();
      default -> text.nextString();
    };
  }
}
