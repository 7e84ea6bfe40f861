package dev.caisson.gateway.admission;

import com.google.common.primitives.UnsignedLong;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructTypeReference;
import dev.cel.common.values.CelByteString;
import dev.cel.runtime.CelEvaluationException;
import java.util.ArrayList;
import java.util.List;

/**
 * The value of a field for requests that have none. Immutable.
 *
 * @param field its path, as in {@code container.spec.resources.memory.limit}
 * @param path the same
 * @param value what it is to be
 */
record Default(String field, List<FieldDescriptor> path, Expression value) {

  Default {
    path = List.copyOf(path);
  }

  /**
   * Compiles one.
   *
   * @throws IllegalArgumentException that says how the path is wrong
   * @throws CelValidationException that says how the expression is wrong
   */
  static Default compile(String field, String value, Descriptor request)
      throws CelValidationException {
    List<FieldDescriptor> path = path(field, request);
    return new Default(field, path, Expression.compile(value, request, type(path.getLast())));
  }

  private static List<FieldDescriptor> path(String field, Descriptor request) {
    List<FieldDescriptor> path = new ArrayList<>();
    Descriptor at = request;
    for (String name : field.split("\\.", -1)) {
      FieldDescriptor found = at == null ? null : at.findFieldByName(name);
      if (found == null) {
        throw new IllegalArgumentException(
            "must name a field of " + request.getFullName() + ", and " + name + " is none");
      }
      boolean single = !found.isRepeated();
      at =
          single && found.getJavaType() == FieldDescriptor.JavaType.MESSAGE
              ? found.getMessageType()
              : null;
      path.add(found);
    }
    if (path.getLast().isMapField()) {
      throw new IllegalArgumentException("must not name a map");
    }
    return path;
  }

  private static CelType type(FieldDescriptor field) {
    CelType one =
        switch (field.getType()) {
          case BOOL -> SimpleType.BOOL;
          case INT32, INT64, SINT32, SINT64, SFIXED32, SFIXED64, ENUM -> SimpleType.INT;
          case UINT32, UINT64, FIXED32, FIXED64 -> SimpleType.UINT;
          case FLOAT, DOUBLE -> SimpleType.DOUBLE;
          case STRING -> SimpleType.STRING;
          case BYTES -> SimpleType.BYTES;
          case MESSAGE, GROUP -> StructTypeReference.create(field.getMessageType().getFullName());
        };
    return field.isRepeated() ? ListType.create(one) : one;
  }

  /** Whether the request says nothing there. */
  boolean isMissing(Message request) {
    Message at = request;
    for (FieldDescriptor field : path.subList(0, path.size() - 1)) {
      at = (Message) at.getField(field);
    }
    FieldDescriptor last = path.getLast();
    return last.isRepeated() ? at.getRepeatedFieldCount(last) == 0 : !at.hasField(last);
  }

  /**
   * The request with that value.
   *
   * @throws CelEvaluationException if there is no such value for it
   */
  Message applied(Subject subject) throws CelEvaluationException {
    Object made = value.value(subject);
    try {
      return with(subject.request(), path, made);
    } catch (ArithmeticException | IllegalArgumentException | InvalidProtocolBufferException e) {
      throw new CelEvaluationException(field + " cannot be " + made, e);
    }
  }

  private static Message with(Message at, List<FieldDescriptor> path, Object value)
      throws InvalidProtocolBufferException {
    FieldDescriptor field = path.getFirst();
    Message.Builder changed = at.toBuilder();
    if (path.size() > 1) {
      return changed
          .setField(field, with((Message) at.getField(field), path.subList(1, path.size()), value))
          .build();
    }
    if (field.isRepeated()) {
      for (Object one : (List<?>) value) {
        changed.addRepeatedField(field, converted(changed, field, one));
      }
      return changed.build();
    }
    return changed.setField(field, converted(changed, field, value)).build();
  }

  private static Object converted(Message.Builder parent, FieldDescriptor field, Object value)
      throws InvalidProtocolBufferException {
    return switch (field.getJavaType()) {
      case BOOLEAN, STRING, DOUBLE -> value;
      case FLOAT -> ((Double) value).floatValue();
      case LONG -> ((Number) value).longValue();
      case INT -> int32(value);
      case ENUM -> enumerated(field, ((Number) value).intValue());
      case BYTE_STRING ->
          value instanceof CelByteString bytes
              ? ByteString.copyFrom(bytes.toByteArray())
              : (ByteString) value;
      case MESSAGE ->
          parent.newBuilderForField(field).mergeFrom(((Message) value).toByteString()).build();
    };
  }

  private static int int32(Object value) {
    if (value instanceof UnsignedLong unsigned) {
      long number = unsigned.longValue();
      if (number < 0 || number > 0xffff_ffffL) {
        throw new ArithmeticException("more than 32 bits");
      }
      return (int) number;
    }
    return Math.toIntExact(((Number) value).longValue());
  }

  private static EnumValueDescriptor enumerated(FieldDescriptor field, int number) {
    EnumValueDescriptor value = field.getEnumType().findValueByNumber(number);
    if (value == null) {
      throw new IllegalArgumentException(field.getEnumType().getFullName() + " has no " + number);
    }
    return value;
  }
}
