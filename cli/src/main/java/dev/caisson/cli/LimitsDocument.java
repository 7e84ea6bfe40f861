package dev.caisson.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.caisson.proto.types.v1.Resources;
import java.util.List;
import java.util.Map;

/** Limits as config.json has them: runtime-spec config-linux.md, "Control groups". */
final class LimitsDocument {
  /** Where it spells them otherwise. */
  private static final Map<String, String> NAMES =
      Map.of(
          "blockIo", "blockIO",
          "throttleReadIopsDevice", "throttleReadIOPSDevice",
          "throttleWriteIopsDevice", "throttleWriteIOPSDevice");

  private LimitsDocument() {}

  /**
   * Puts those that are given in the place of what a document's {@code resources} say. Not those of
   * RDMA and {@code unified}, which no option gives.
   */
  static void put(JsonObject resources, Resources limits) {
    putAll(resources, limits);
  }

  private static void putAll(JsonObject object, Message message) {
    message.getAllFields().forEach((field, value) -> put(object, field, value));
  }

  private static void put(JsonObject object, FieldDescriptor field, Object value) {
    String name = NAMES.getOrDefault(field.getJsonName(), field.getJsonName());
    if (value instanceof Message part && object.get(name) instanceof JsonObject there) {
      putAll(there, part);
    } else {
      object.add(name, json(value));
    }
  }

  /** Of a list: its numbers are there where they are 0, too. */
  private static JsonObject element(Message message) {
    JsonObject object = new JsonObject();
    message.getDescriptorForType().getFields().stream()
        .filter(field -> !field.hasPresence() || message.hasField(field))
        .forEach(field -> put(object, field, message.getField(field)));
    return object;
  }

  private static JsonElement json(Object value) {
    return switch (value) {
      case Message message -> {
        JsonObject object = new JsonObject();
        putAll(object, message);
        yield object;
      }
      case List<?> list -> {
        JsonArray array = new JsonArray();
        list.forEach(element -> array.add(element((Message) element)));
        yield array;
      }
      case Number number -> new JsonPrimitive(number);
      default -> new JsonPrimitive(value.toString());
    };
  }
}
