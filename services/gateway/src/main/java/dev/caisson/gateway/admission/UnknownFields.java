package dev.caisson.gateway.admission;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import java.util.List;
import java.util.Map;

/**
 * What a newer API has and this gateway does not know. It would be sent on with the rest, past the
 * policies, and mean something to an executor that knows it; or mean nothing, without a word.
 */
final class UnknownFields {
  /** Of a list, of whatever: a policy may look at each for each. */
  private static final int MOST_ENTRIES = 4096;

  private UnknownFields() {}

  /** Refuses a message with any, at any depth. */
  static void refuse(Message message) {
    if (!message.getUnknownFields().asMap().isEmpty()) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          message.getDescriptorForType().getName(),
          "have only fields that this gateway knows, which may be older than its caller",
          "it has field number " + message.getUnknownFields().asMap().keySet().iterator().next());
    }
    for (Map.Entry<FieldDescriptor, Object> field : message.getAllFields().entrySet()) {
      List<?> all =
          field.getKey().isRepeated() ? (List<?>) field.getValue() : List.of(field.getValue());
      if (all.size() > MOST_ENTRIES) {
        throw Errors.invalid(
            Reason.INVALID_FIELD,
            field.getKey().getName(),
            "have at most " + MOST_ENTRIES + " entries",
            all.size());
      }
      all.forEach(one -> refuse(field.getKey(), one));
    }
  }

  private static void refuse(FieldDescriptor field, Object value) {
    if (value instanceof Message message) {
      refuse(message);
    } else if (value instanceof EnumValueDescriptor known && known.getIndex() < 0) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          field.getName(),
          "be a value that this gateway knows, which may be older than its caller",
          known.getNumber());
    }
  }
}
