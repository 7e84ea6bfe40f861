package dev.caisson.contract;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Makes a contract of descriptors. */
final class ContractReader {

  private final List<Element> elements = new ArrayList<>();

  private ContractReader() {}

  static Contract read(Collection<FileDescriptor> files) {
    ContractReader reader = new ContractReader();
    files.forEach(reader::file);
    return Contract.of(reader.elements);
  }

  private void file(FileDescriptor file) {
    elements.add(
        Element.of(
            "file " + file.getName(),
            "package",
            file.getPackage(),
            "java_package",
            file.getOptions().getJavaPackage()));
    file.getMessageTypes().forEach(this::message);
    file.getEnumTypes().forEach(this::enumType);
    file.getServices().forEach(this::service);
  }

  private void message(Descriptor message) {
    if (message.getOptions().getMapEntry()) {
      return; // The field says what it maps.
    }
    String name = message.getFullName();
    elements.add(Element.of("message " + name, "file", message.getFile().getName()));
    message.getFields().forEach(this::field);
    reserved(name, message.toProto());
    message.getNestedTypes().forEach(this::message);
    message.getEnumTypes().forEach(this::enumType);
  }

  private void field(FieldDescriptor field) {
    OneofDescriptor oneof = field.getRealContainingOneof();
    elements.add(
        Element.of(
            "field " + field.getContainingType().getFullName() + " " + field.getNumber(),
            "name",
            field.getName(),
            "type",
            field.isMapField() ? mapType(field) : type(field),
            "cardinality",
            cardinality(field),
            "oneof",
            oneof == null ? "none" : oneof.getName()));
  }

  private static String cardinality(FieldDescriptor field) {
    if (field.isMapField()) {
      return "map";
    }
    if (field.isRepeated()) {
      return "repeated";
    }
    return field.toProto().getProto3Optional() ? "optional" : "singular";
  }

  private static String mapType(FieldDescriptor field) {
    Descriptor entry = field.getMessageType();
    return "map<" + type(entry.findFieldByNumber(1)) + "," + type(entry.findFieldByNumber(2)) + ">";
  }

  private static String type(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case MESSAGE -> field.getMessageType().getFullName();
      case ENUM -> field.getEnumType().getFullName();
      case INT, LONG, FLOAT, DOUBLE, BOOLEAN, STRING, BYTE_STRING ->
          field.getType().name().toLowerCase(Locale.ROOT);
    };
  }

  private void enumType(EnumDescriptor type) {
    elements.add(Element.of("enum " + type.getFullName(), "file", type.getFile().getName()));
    type.getValues().forEach(this::value);
    reserved(type.getFullName(), type.toProto());
  }

  // By name, since several may have one number.
  private void value(EnumValueDescriptor value) {
    elements.add(
        Element.of(
            "value " + value.getType().getFullName() + " " + value.getName(),
            "number",
            Integer.toString(value.getNumber())));
  }

  private void service(ServiceDescriptor service) {
    elements.add(
        Element.of("service " + service.getFullName(), "file", service.getFile().getName()));
    service.getMethods().forEach(this::method);
  }

  private void method(MethodDescriptor method) {
    elements.add(
        Element.of(
            "method " + method.getService().getFullName() + " " + method.getName(),
            "request",
            method.getInputType().getFullName(),
            "requests",
            method.isClientStreaming() ? "stream" : "one",
            "response",
            method.getOutputType().getFullName(),
            "responses",
            method.isServerStreaming() ? "stream" : "one"));
    HttpRule rule = method.getOptions().getExtension(AnnotationsProto.http);
    Stream.concat(Stream.of(rule), rule.getAdditionalBindingsList().stream())
        .filter(one -> one.getPatternCase() != HttpRule.PatternCase.PATTERN_NOT_SET)
        .forEach(one -> path(method, one));
  }

  /** By which a method is reached over HTTP; in a line of facts {@code =} is theirs. */
  private void path(MethodDescriptor method, HttpRule rule) {
    String verb = rule.getPatternCase().name();
    Object path =
        rule.getField(
            HttpRule.getDescriptor().findFieldByNumber(rule.getPatternCase().getNumber()));
    elements.add(
        Element.of(
            "path "
                + method.getService().getFullName()
                + " "
                + verb
                + ":"
                + path.toString().replace('=', '~'),
            "method",
            method.getName(),
            "body",
            rule.getBody().isEmpty() ? "none" : rule.getBody()));
  }

  private void reserved(String owner, DescriptorProto message) {
    // Its end is the number after the last.
    message
        .getReservedRangeList()
        .forEach(range -> reserved(owner, range.getStart(), range.getEnd() - 1));
    message.getReservedNameList().forEach(name -> reserved(owner, name));
  }

  private void reserved(String owner, EnumDescriptorProto type) {
    type.getReservedRangeList().forEach(range -> reserved(owner, range.getStart(), range.getEnd()));
    type.getReservedNameList().forEach(name -> reserved(owner, name));
  }

  private void reserved(String owner, int first, int last) {
    elements.add(Element.of("reserved " + owner + " " + first, "last", Integer.toString(last)));
  }

  private void reserved(String owner, String name) {
    elements.add(Element.of("reserved-name " + owner + " " + name));
  }
}
