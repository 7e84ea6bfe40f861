package dev.caisson.gateway.http;

import com.google.gson.Gson;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Messages as JSON: ProtoJSON, https://protobuf.dev/programming-guides/json. */
final class JsonText {
  private static final TypeRegistry DETAILS =
      TypeRegistry.newBuilder()
          .add(List.of(ErrorInfo.getDescriptor(), RetryInfo.getDescriptor()))
          .build();

  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().usingTypeRegistry(DETAILS).omittingInsignificantWhitespace();
  private static final JsonFormat.Parser PARSER = JsonFormat.parser();
  private static final Gson GSON = new Gson();

  /** Messages that are one text in JSON, and what the text is. */
  static final Map<String, String> TEXTS =
      Map.of(
          "google.protobuf.Timestamp", "date-time",
          "google.protobuf.Duration", "duration-in-seconds",
          "google.protobuf.FieldMask", "field-mask");

  private JsonText() {}

  /** On one line. */
  static String of(Message message) {
    try {
      return PRINTER.print(message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a message of the API must have a JSON form", e);
    }
  }

  static String of(StatusRuntimeException error) {
    com.google.rpc.Status status = io.grpc.protobuf.StatusProto.fromThrowable(error);
    return "{\"error\":"
        + of(status == null ? com.google.rpc.Status.getDefaultInstance() : status)
        + "}";
  }

  /** Merges a text into a message. */
  static void merge(String text, Message.Builder into) {
    try {
      PARSER.merge(text.isBlank() ? "{}" : text, into);
    } catch (InvalidProtocolBufferException e) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          "The body",
          "be JSON of a " + into.getDescriptorForType().getFullName(),
          String.valueOf(e.getMessage()));
    }
  }

  /**
   * Sets one field by its path, as query parameters do it, whatever it was.
   *
   * @param path as in {@code container.name} or {@code container.uid}; also in lowerCamelCase
   * @param values more than one for a repeated field alone
   */
  static void set(Message.Builder into, String path, List<String> values) {
    String[] names = path.split("\\.", -1);
    Message.Builder at = into;
    for (int i = 0; i < names.length - 1; i++) {
      FieldDescriptor field = field(at.getDescriptorForType(), names[i], path);
      if (field.isRepeated() || field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
        throw unknown(path);
      }
      at = at.getFieldBuilder(field);
    }
    FieldDescriptor last = field(at.getDescriptorForType(), names[names.length - 1], path);
    boolean text =
        last.getJavaType() != FieldDescriptor.JavaType.MESSAGE
            || TEXTS.containsKey(last.getMessageType().getFullName());
    if (last.isMapField() || !text || (values.size() > 1 && !last.isRepeated())) {
      throw unknown(path);
    }
    List<Object> all = new ArrayList<>();
    values.forEach(value -> all.add(value(last, value)));
    Object json = last.isRepeated() ? all : all.getFirst();
    at.clearField(last);
    try {
      PARSER.merge(GSON.toJson(Map.of(last.getJsonName(), json)), at);
    } catch (InvalidProtocolBufferException e) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, path, "be a value of that field", String.valueOf(e.getMessage()));
    }
  }

  /** ProtoJSON takes numbers as texts, too, but not booleans. */
  private static Object value(FieldDescriptor field, String text) {
    return field.getJavaType() == FieldDescriptor.JavaType.BOOLEAN
            && (text.equals("true") || text.equals("false"))
        ? Boolean.valueOf(text)
        : text;
  }

  private static FieldDescriptor field(Descriptor type, String name, String path) {
    return type.getFields().stream()
        .filter(one -> one.getName().equals(name) || one.getJsonName().equals(name))
        .findFirst()
        .orElseThrow(() -> unknown(path));
  }

  private static StatusRuntimeException unknown(String path) {
    return Errors.invalid(
        Reason.INVALID_FIELD, "The query", "have only fields of the request, each once", path);
  }
}
