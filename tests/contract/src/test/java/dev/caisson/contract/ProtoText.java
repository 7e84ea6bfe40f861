package dev.caisson.contract;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A message and all that it consists of as one proto file without a package: readers of AsyncAPI
 * follow no import but Google's own.
 */
final class ProtoText {

  private static final String GOOGLE = "google.protobuf";

  private final StringBuilder text = new StringBuilder();
  private final SortedSet<String> imports = new TreeSet<>();

  // By the name without the package, in the order in which they are met.
  private final Map<String, Descriptor> messages = new LinkedHashMap<>();
  private final Map<String, EnumDescriptor> enums = new LinkedHashMap<>();

  private ProtoText() {}

  static String of(Descriptor root) {
    ProtoText proto = new ProtoText();
    proto.collect(root);
    proto.messages.values().forEach(message -> proto.message(message, ""));
    proto.enums.values().forEach(type -> proto.enumType(type, ""));
    StringBuilder head = new StringBuilder("syntax = \"proto3\";\n");
    proto.imports.forEach(name -> head.append("import \"").append(name).append("\";\n"));
    return head.append(proto.text).toString();
  }

  private void collect(Descriptor root) {
    Deque<Descriptor> open = new ArrayDeque<>();
    open.add(root);
    while (!open.isEmpty()) {
      Descriptor message = outermost(open.remove());
      if (isGoogles(message.getFile())) {
        imports.add(message.getFile().getName());
      } else if (isNew(message)) {
        addReferred(message, open);
      }
    }
  }

  private boolean isNew(Descriptor message) {
    Descriptor same = messages.putIfAbsent(message.getName(), message);
    if (same != null && !same.equals(message)) {
      throw new AssertionError("two messages have one name: " + message.getFullName());
    }
    return same == null;
  }

  private void addReferred(Descriptor message, Deque<Descriptor> open) {
    message.getNestedTypes().forEach(nested -> addReferred(nested, open));
    for (FieldDescriptor field : message.getFields()) {
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
        if (!field.getMessageType().getOptions().getMapEntry()) {
          open.add(field.getMessageType());
        }
      } else if (field.getJavaType() == FieldDescriptor.JavaType.ENUM
          && field.getEnumType().getContainingType() == null) {
        enums.put(field.getEnumType().getName(), field.getEnumType());
      }
    }
  }

  private void message(Descriptor message, String indent) {
    line(indent, "message " + message.getName() + " {");
    String inner = indent + "  ";
    OneofDescriptor oneof = null;
    for (FieldDescriptor field : message.getFields()) {
      OneofDescriptor its = field.getRealContainingOneof();
      if (!Objects.equals(its, oneof)) {
        close(oneof, inner);
        if (its != null) {
          line(inner, "oneof " + its.getName() + " {");
        }
        oneof = its;
      }
      line(its == null ? inner : inner + "  ", field(field));
    }
    close(oneof, inner);
    message.getNestedTypes().stream()
        .filter(nested -> !nested.getOptions().getMapEntry())
        .forEach(nested -> message(nested, inner));
    message.getEnumTypes().forEach(type -> enumType(type, inner));
    line(indent, "}");
  }

  private void close(OneofDescriptor oneof, String indent) {
    if (oneof != null) {
      line(indent, "}");
    }
  }

  private static String field(FieldDescriptor field) {
    return label(field) + type(field) + " " + field.getName() + " = " + field.getNumber() + ";";
  }

  private static String label(FieldDescriptor field) {
    if (field.isMapField()) {
      return "";
    }
    if (field.isRepeated()) {
      return "repeated ";
    }
    return field.toProto().getProto3Optional() ? "optional " : "";
  }

  private static String type(FieldDescriptor field) {
    if (field.isMapField()) {
      Descriptor entry = field.getMessageType();
      return "map<%s, %s>"
          .formatted(type(entry.findFieldByNumber(1)), type(entry.findFieldByNumber(2)));
    }
    return switch (field.getJavaType()) {
      case MESSAGE -> name(field.getMessageType().getFile(), field.getMessageType().getFullName());
      case ENUM -> name(field.getEnumType().getFile(), field.getEnumType().getFullName());
      case INT, LONG, FLOAT, DOUBLE, BOOLEAN, STRING, BYTE_STRING ->
          field.getType().name().toLowerCase(Locale.ROOT);
    };
  }

  private void enumType(EnumDescriptor type, String indent) {
    line(indent, "enum " + type.getName() + " {");
    type.getValues()
        .forEach(value -> line(indent + "  ", value.getName() + " = " + value.getNumber() + ";"));
    line(indent, "}");
  }

  private static String name(FileDescriptor file, String fullName) {
    return isGoogles(file) ? fullName : fullName.substring(file.getPackage().length() + 1);
  }

  private static Descriptor outermost(Descriptor message) {
    Descriptor outer = message;
    while (outer.getContainingType() != null) {
      outer = outer.getContainingType();
    }
    return outer;
  }

  private static boolean isGoogles(FileDescriptor file) {
    return file.getPackage().equals(GOOGLE);
  }

  private void line(String indent, String line) {
    text.append(indent).append(line).append('\n');
  }
}
