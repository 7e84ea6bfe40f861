package dev.caisson.gateway.access;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Message;
import dev.caisson.proto.v1.Authorization;
import dev.caisson.proto.v1.AuthorizationProto;
import dev.caisson.proto.v1.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What calling a method needs.
 *
 * @param permission as in {@code containers.create}
 * @param role the least of the built-in ones that has it
 * @param resource the way to the field of the request that names the resource
 */
record MethodRule(String permission, Role role, List<FieldDescriptor> resource) {

  /**
   * As the method's option says.
   *
   * @throws IllegalArgumentException where it has none, or one that cannot be: a mistake in the
   *     proto
   */
  static MethodRule of(MethodDescriptor method) {
    Authorization option = method.getOptions().getExtension(AuthorizationProto.authorization);
    if (option.getPermission().isEmpty() || option.getRole() == Role.ROLE_UNSPECIFIED) {
      throw new IllegalArgumentException(method.getFullName() + " must have an authorization");
    }
    return new MethodRule(
        option.getPermission(), option.getRole(), path(method, option.getResource()));
  }

  private static List<FieldDescriptor> path(MethodDescriptor method, String path) {
    List<FieldDescriptor> fields = new ArrayList<>();
    Descriptor message = method.getInputType();
    for (String name : path.split("\\.", -1)) {
      FieldDescriptor field = message.findFieldByName(name);
      boolean last = fields.size() == path.chars().filter(each -> each == '.').count();
      boolean sound =
          field != null
              && !field.isRepeated()
              && field.getJavaType()
                  == (last ? FieldDescriptor.JavaType.STRING : FieldDescriptor.JavaType.MESSAGE);
      if (!sound) {
        throw new IllegalArgumentException(
            method.getFullName() + ": authorization.resource must name a text field: " + path);
      }
      fields.add(field);
      message = last ? message : field.getMessageType();
    }
    return List.copyOf(fields);
  }

  /**
   * The name of the resource; empty where the message is one that names none, as input of a stream.
   */
  Optional<String> resource(Message request) {
    Message at = request;
    for (FieldDescriptor field : resource.subList(0, resource.size() - 1)) {
      if (!at.hasField(field)) {
        return Optional.empty();
      }
      at = (Message) at.getField(field);
    }
    FieldDescriptor last = resource.getLast();
    return last.hasPresence() && !at.hasField(last)
        ? Optional.empty()
        : Optional.of((String) at.getField(last));
  }

  /** Its path, as in {@code create.parent}. */
  String field() {
    return String.join(".", resource.stream().map(FieldDescriptor::getName).toList());
  }
}
