package dev.caisson.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import dev.caisson.events.HashChain;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import java.util.HexFormat;
import java.util.Map;

/** An event with every field set, each to a value of its own: what a new vector freezes. */
final class Filled {

  private static final ByteString ID =
      ByteString.copyFrom(HexFormat.of().parseHex("0192f0c1a2b37c4d8e5f60718293a4b5"));

  /** What has a form of its own, by the field's name. */
  private static final Map<String, String> FORMS =
      Map.of(
          "node", "node-1",
          "sandbox_uid", "0192f0c1-0000-7000-8000-000000000001",
          "container_uid", "0192f0c1-0000-7000-8000-000000000002",
          "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          "tracestate", "vendor=value");

  private final int variant;

  private Filled(int variant) {
    this.variant = variant;
  }

  /**
   * An outcome of this payload.
   *
   * @param variant which member of each oneof is set
   */
  static Event event(FieldDescriptor payload, int variant) {
    Filled filled = new Filled(variant);
    Event.Builder event = Event.newBuilder();
    for (FieldDescriptor field : Event.getDescriptor().getFields()) {
      if (field.getContainingOneof() == null) {
        filled.set(event, field);
      }
    }
    filled.set(event, payload);
    event.setPhase(Phase.OUTCOME).clearIntentEpoch().clearFailure();
    return event.build();
  }

  private void fill(Message.Builder message) {
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      OneofDescriptor oneof = field.getRealContainingOneof();
      if (oneof == null || oneof.getField(variant % oneof.getFieldCount()).equals(field)) {
        set(message, field);
      }
    }
  }

  private void set(Message.Builder message, FieldDescriptor field) {
    if (field.isRepeated()) {
      message.addRepeatedField(field, value(message, field));
    } else {
      message.setField(field, value(message, field));
    }
  }

  private Object value(Message.Builder message, FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case MESSAGE -> inner(message.newBuilderForField(field));
      case ENUM -> field.getEnumType().getValues().getLast();
      case BOOLEAN -> true;
      // Above what a signed number has, where there is no sign.
      case INT -> field.getType() == FieldDescriptor.Type.UINT32 ? -field.getNumber() : -7;
      case LONG -> 7_000_000_000L + field.getNumber();
      case FLOAT -> 0.5f;
      case DOUBLE -> 0.25;
      case STRING -> FORMS.getOrDefault(field.getName(), "some " + field.getName());
      case BYTE_STRING -> bytes(field);
    };
  }

  private Message inner(Message.Builder message) {
    switch (message) {
      case Timestamp.Builder time -> time.setSeconds(1_700_000_000).setNanos(123_000_000);
      case Duration.Builder duration -> duration.setSeconds(2).setNanos(500_000_000);
      default -> fill(message);
    }
    return message.build();
  }

  private static ByteString bytes(FieldDescriptor field) {
    return field.getNumber() == Event.ID_FIELD_NUMBER
            && field.getContainingType().equals(Event.getDescriptor())
        ? ID
        : HashChain.next(HashChain.GENESIS, ByteString.copyFrom(field.getName(), UTF_8));
  }
}
