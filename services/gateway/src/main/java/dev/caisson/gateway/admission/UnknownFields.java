package dev.caisson.gateway.admission;

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
      if (field.getKey().getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
        if (field.getKey().isRepeated()) {
          ((List<?>) field.getValue()).forEach(one -> refuse((Message) one));
        } else {
          refuse((Message) field.getValue());
        }
      }
    }
  }
}
