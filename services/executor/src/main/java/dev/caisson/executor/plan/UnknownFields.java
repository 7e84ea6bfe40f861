package dev.caisson.executor.plan;

import com.google.protobuf.Message;
import dev.caisson.executor.refusal.Refusal;
import java.util.List;

/**
 * What a caller says in fields that this executor does not know: it would be left out in silence,
 * whatever it is to protect.
 */
final class UnknownFields {
  private UnknownFields() {}

  /** Refuses a message that has one, at whatever depth; all are bounded by the decoder. */
  static void refuse(Message message) {
    message.getUnknownFields().asMap().keySet().stream()
        .findFirst()
        .ifPresent(number -> {
          String field = message.getDescriptorForType().getName() + " field " + number;
          throw Refusal.unsupported(field, field + " is not known to this executor.").exception();
        });
    message.getAllFields().values().forEach(UnknownFields::refuseIn);
  }

  private static void refuseIn(Object value) {
    if (value instanceof Message inner) {
      refuse(inner);
    } else if (value instanceof List<?> many) {
      many.forEach(UnknownFields::refuseIn);
    }
  }
}
