package dev.caisson.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The config.json of a container that is made from a directory: what container tools usually give,
 * and no more.
 */
final class OciTemplate {
  private static final String RESOURCE = "default-config.json";

  private OciTemplate() {}

  static JsonObject of(Path rootfs) {
    JsonObject config = load();
    JsonObject root = new JsonObject();
    root.addProperty("path", rootfs.toString());
    config.add("root", root);
    return config;
  }

  private static JsonObject load() {
    try (InputStream text =
        Objects.requireNonNull(OciTemplate.class.getResourceAsStream(RESOURCE))) {
      return JsonParser.parseReader(new InputStreamReader(text, StandardCharsets.UTF_8))
          .getAsJsonObject();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
