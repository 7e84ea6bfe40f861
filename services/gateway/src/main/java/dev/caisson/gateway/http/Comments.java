package dev.caisson.gateway.http;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What the protos say of each thing in them, by its full name. Places in a file are those of
 * google/protobuf/descriptor.proto, SourceCodeInfo. Immutable.
 */
final class Comments {
  private static final List<String> RESOURCES =
      List.of("/caisson/v1/api.binpb", "/caisson/audit/v1/api.binpb");

  private final Map<String, String> texts = new HashMap<>();

  private Comments(List<FileDescriptorSet> all) {
    all.forEach(files -> files.getFileList().forEach(this::read));
  }

  /** Those of the API, as it was built. */
  static Comments read() {
    return new Comments(RESOURCES.stream().map(Comments::files).toList());
  }

  private static FileDescriptorSet files(String resource) {
    try (InputStream in =
        Objects.requireNonNull(Comments.class.getResourceAsStream(resource), resource)) {
      return FileDescriptorSet.parseFrom(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Empty where there is none. */
  String of(String fullName) {
    return texts.getOrDefault(fullName, "");
  }

  private void read(FileDescriptorProto file) {
    Map<List<Integer>, String> places = new HashMap<>();
    for (Location location : file.getSourceCodeInfo().getLocationList()) {
      if (location.hasLeadingComments()) {
        places.put(
            location.getPathList(), location.getLeadingComments().strip().replaceAll("\\n ?", " "));
      }
    }
    String prefix = file.getPackage() + ".";
    for (int i = 0; i < file.getMessageTypeCount(); i++) {
      message(
          file.getMessageType(i),
          prefix,
          place(List.of(), FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, i),
          places);
    }
    for (int i = 0; i < file.getEnumTypeCount(); i++) {
      values(
          file.getEnumType(i),
          prefix,
          place(List.of(), FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER, i),
          places);
    }
    for (int i = 0; i < file.getServiceCount(); i++) {
      var service = file.getService(i);
      List<Integer> at = place(List.of(), FileDescriptorProto.SERVICE_FIELD_NUMBER, i);
      keep(prefix + service.getName(), at, places);
      for (int j = 0; j < service.getMethodCount(); j++) {
        keep(
            prefix + service.getName() + "." + service.getMethod(j).getName(),
            place(at, ServiceDescriptorProto.METHOD_FIELD_NUMBER, j),
            places);
      }
    }
  }

  private void message(
      DescriptorProto message, String prefix, List<Integer> at, Map<List<Integer>, String> places) {
    String name = prefix + message.getName();
    keep(name, at, places);
    for (int i = 0; i < message.getFieldCount(); i++) {
      keep(
          name + "." + message.getField(i).getName(),
          place(at, DescriptorProto.FIELD_FIELD_NUMBER, i),
          places);
    }
    for (int i = 0; i < message.getNestedTypeCount(); i++) {
      message(
          message.getNestedType(i),
          name + ".",
          place(at, DescriptorProto.NESTED_TYPE_FIELD_NUMBER, i),
          places);
    }
    for (int i = 0; i < message.getEnumTypeCount(); i++) {
      values(
          message.getEnumType(i),
          name + ".",
          place(at, DescriptorProto.ENUM_TYPE_FIELD_NUMBER, i),
          places);
    }
  }

  private void values(
      EnumDescriptorProto type,
      String prefix,
      List<Integer> at,
      Map<List<Integer>, String> places) {
    keep(prefix + type.getName(), at, places);
    for (int i = 0; i < type.getValueCount(); i++) {
      keep(
          prefix + type.getName() + "." + type.getValue(i).getName(),
          place(at, EnumDescriptorProto.VALUE_FIELD_NUMBER, i),
          places);
    }
  }

  private void keep(String name, List<Integer> at, Map<List<Integer>, String> places) {
    String text = places.get(at);
    if (text != null) {
      texts.put(name, text);
    }
  }

  private static List<Integer> place(List<Integer> parent, int field, int index) {
    List<Integer> place = new ArrayList<>(parent);
    place.add(field);
    place.add(index);
    return place;
  }
}
