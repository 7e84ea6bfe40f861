package dev.caisson.executor.network;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * JSON that somebody else has written: read strictly, each field with the type that it must have.
 */
final class Json {
  private static final int MAX_DEPTH = 32;

  private Json() {}

  /** Not what it should be; the message says what, as the end of a sentence. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;

    Malformed(String message) {
      super(message);
    }

    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }
  }

  static JsonObject object(String text) throws Malformed {
    JsonReader reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.STRICT);
    reader.setNestingLimit(MAX_DEPTH);
    try {
      JsonElement parsed = JsonParser.parseReader(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT || !parsed.isJsonObject()) {
        throw new Malformed("it is not one JSON object");
      }
      return parsed.getAsJsonObject();
    } catch (JsonParseException | IllegalStateException | IOException e) {
      throw new Malformed("it is not JSON");
    }
  }

  /** Empty where there is none; null is none. */
  static String text(JsonObject object, String field) throws Malformed {
    Optional<JsonElement> value = get(object, field);
    if (value.isEmpty()) {
      return "";
    }
    if (!value.get().isJsonPrimitive() || !value.get().getAsJsonPrimitive().isString()) {
      throw new Malformed("its field " + field + " is no string");
    }
    return value.get().getAsString();
  }

  static boolean flag(JsonObject object, String field) throws Malformed {
    Optional<JsonElement> value = get(object, field);
    if (value.isEmpty()) {
      return false;
    }
    if (!value.get().isJsonPrimitive() || !value.get().getAsJsonPrimitive().isBoolean()) {
      throw new Malformed("its field " + field + " is neither true nor false");
    }
    return value.get().getAsBoolean();
  }

  static Optional<JsonObject> inner(JsonObject object, String field) throws Malformed {
    Optional<JsonElement> value = get(object, field);
    if (value.isPresent() && !value.get().isJsonObject()) {
      throw new Malformed("its field " + field + " is no object");
    }
    return value.map(JsonElement::getAsJsonObject);
  }

  /**
   * The objects of a list.
   *
   * @param most that it may have
   */
  static List<JsonObject> objects(JsonObject object, String field, int most) throws Malformed {
    List<JsonObject> objects = new ArrayList<>();
    for (JsonElement one : list(object, field, most)) {
      if (!one.isJsonObject()) {
        throw new Malformed("its field " + field + " has something else than objects");
      }
      objects.add(one.getAsJsonObject());
    }
    return objects;
  }

  static List<String> texts(JsonObject object, String field, int most) throws Malformed {
    List<String> texts = new ArrayList<>();
    for (JsonElement one : list(object, field, most)) {
      if (!one.isJsonPrimitive() || !one.getAsJsonPrimitive().isString()) {
        throw new Malformed("its field " + field + " has something else than strings");
      }
      texts.add(one.getAsString());
    }
    return texts;
  }

  private static List<JsonElement> list(JsonObject object, String field, int most)
      throws Malformed {
    Optional<JsonElement> value = get(object, field);
    if (value.isEmpty()) {
      return List.of();
    }
    if (!value.get().isJsonArray() || value.get().getAsJsonArray().size() > most) {
      throw new Malformed("its field " + field + " is no list of at most " + most);
    }
    return value.get().getAsJsonArray().asList();
  }

  private static Optional<JsonElement> get(JsonObject object, String field) {
    return Optional.ofNullable(object.get(field)).filter(value -> !value.isJsonNull());
  }
}
