package dev.caisson.gateway.access;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Message;
import dev.caisson.gateway.names.TenantName;
import dev.caisson.gateway.names.Tenants;
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
 * @param request what the method takes
 * @param scope what says which tenant is asked for
 * @param resource the way to the field of the request that names the resource, or the tenant; empty
 *     where all tenants are asked for
 * @param opening the field of a stream's first message with what is asked for; empty: the message
 *     itself
 */
public record MethodRule(
    String permission,
    Role role,
    Descriptor request,
    Scope scope,
    List<FieldDescriptor> resource,
    Optional<FieldDescriptor> opening) {

  /** How a request says which tenant it is about. */
  enum Scope {
    /** By the name of a resource. */
    RESOURCE,
    /** By the tenant's id; an empty one means all. */
    TENANT,
    /** It is about all. */
    ALL_TENANTS
  }

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
    Scope scope = scope(method, option);
    List<FieldDescriptor> resource =
        switch (scope) {
          case RESOURCE -> path(method, option.getResource());
          case TENANT -> path(method, option.getTenant());
          case ALL_TENANTS -> List.of();
        };
    return new MethodRule(
        option.getPermission(),
        option.getRole(),
        method.getInputType(),
        scope,
        resource,
        method.isClientStreaming() && resource.size() > 1
            ? Optional.of(resource.getFirst())
            : Optional.empty());
  }

  private static Scope scope(MethodDescriptor method, Authorization option) {
    List<Scope> said = new ArrayList<>();
    if (!option.getResource().isEmpty()) {
      said.add(Scope.RESOURCE);
    }
    if (!option.getTenant().isEmpty()) {
      said.add(Scope.TENANT);
    }
    if (option.getAllTenants()) {
      said.add(Scope.ALL_TENANTS);
    }
    if (said.size() != 1) {
      throw new IllegalArgumentException(
          method.getFullName() + ": authorization must have one of resource, tenant, all_tenants");
    }
    return said.getFirst();
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
            method.getFullName() + ": authorization must name a text field: " + path);
      }
      fields.add(field);
      message = last ? message : field.getMessageType();
    }
    return List.copyOf(fields);
  }

  /** Of what is asked for. */
  public Descriptor subjectType() {
    return opening.map(FieldDescriptor::getMessageType).orElse(request);
  }

  /** What is asked for by a message that names the resource. */
  public Message subject(Message message) {
    return opening.map(field -> (Message) message.getField(field)).orElse(message);
  }

  /** The same message, asking for that. */
  public Message withSubject(Message message, Message subject) {
    return opening
        .map(field -> message.toBuilder().setField(field, subject).build())
        .orElse(subject);
  }

  /**
   * The id of the tenant that is asked for, {@link Tenants#EVERY} for all; empty where the message
   * is one that names none, as input of a stream.
   *
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT where it is no name, or no id
   */
  public Optional<String> tenant(Message message) {
    return switch (scope) {
      case RESOURCE -> text(message).map(name -> TenantName.of(field(), name));
      case TENANT -> text(message).map(id -> Tenants.asked(field(), id));
      case ALL_TENANTS -> Optional.of(Tenants.EVERY);
    };
  }

  private Optional<String> text(Message message) {
    Message at = message;
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

  /** The path of the resource, as in {@code create.parent}. */
  public String field() {
    return String.join(".", resource.stream().map(FieldDescriptor::getName).toList());
  }
}
