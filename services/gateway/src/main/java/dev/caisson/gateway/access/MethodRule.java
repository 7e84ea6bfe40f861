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
 * @param opening the field of a stream's first message with what is asked for; empty: the message
 *     itself
 */
public record MethodRule(
    String permission,
    Role role,
    List<FieldDescriptor> resource,
    Optional<FieldDescriptor> opening) {

  public MethodRule {
    resource = List.copyOf(resource);
  }

  /**
   * As the method's option says.
   *
   * @throws IllegalArgumentException where it has none, or one that cannot be: a mistake in the
   *     proto
   */
  public static MethodRule of(MethodDescriptor method) {
    Authorization option = method.getOptions().getExtension(AuthorizationProto.authorization);
    if (option.getPermission().isEmpty() || option.getRole() == Role.ROLE_UNSPECIFIED) {
      throw new IllegalArgumentException(method.getFullName() + " must have an authorization");
    }
    List<FieldDescriptor> resource = path(method, option.getResource());
    return new MethodRule(
        option.getPermission(),
        option.getRole(),
        resource,
        method.isClientStreaming() && resource.size() > 1
            ? Optional.of(resource.getFirst())
            : Optional.empty());
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

  /** Of what is asked for. */
  public Descriptor subjectType() {
    return opening
        .map(FieldDescriptor::getMessageType)
        .orElseGet(() -> resource.getFirst().getContainingType());
  }

  /** What is asked for by a message that names the resource. */
  public Message subject(Message request) {
    return opening.map(field -> (Message) request.getField(field)).orElse(request);
  }

  /** The same message, asking for that. */
  public Message withSubject(Message request, Message subject) {
    return opening
        .map(field -> request.toBuilder().setField(field, subject).build())
        .orElse(subject);
  }

  /**
   * The name of the resource; empty where the message is one that names none, as input of a stream.
   */
  public Optional<String> resource(Message request) {
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
  public String field() {
    return String.join(".", resource.stream().map(FieldDescriptor::getName).toList());
  }
}
