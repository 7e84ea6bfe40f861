package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.v1.Authorization;
import dev.caisson.proto.v1.AuthorizationProto;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.Role;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.rpc.RpcErrors;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every method there is, called in each role, in the caller's tenant and in another: what is let in
 * is what the table in docs/access.md says. The table is made from the descriptors: {@code
 * -Daccess.write=true} writes it.
 */
@Timeout(120)
class AccessMatrixTest {
  private static final Path DOCUMENT = Path.of("../../docs/access.md");
  private static final String BEGIN = "<!-- made from the descriptors -->\n";
  private static final String END = "<!-- until here -->\n";
  private static final List<Role> ROLES = List.of(Role.VIEWER, Role.OPERATOR, Role.ADMIN);

  /** Of a call that is let in and does not end by itself. */
  private static final long MILLIS = 400;

  @TempDir Path directory;

  @Test
  void theTableIsOfWhatThereIs() throws Exception {
    String document = Files.readString(DOCUMENT);
    int begin = document.indexOf(BEGIN) + BEGIN.length();
    int end = document.indexOf(END);
    if (Boolean.getBoolean("access.write")) {
      Files.writeString(DOCUMENT, document.substring(0, begin) + table() + document.substring(end));
    } else {
      assertThat(document.substring(begin, end)).isEqualTo(table());
    }
  }

  @Test
  void eachRoleMayCallWhatTheTableSays() throws Exception {
    for (Role role : ROLES) {
      try (GatewayFixture gateway = gateway(role, "t")) {
        gateway.executor.add("t", "s", "c");
        for (io.grpc.MethodDescriptor<?, ?> method : methods()) {
          String what = role + " " + method.getFullMethodName();
          Authorization rule = rule(method);
          boolean here = has(role, rule) && !rule.getAllTenants();
          assertThat(isLetIn(gateway, method, "t")).as(what).isEqualTo(here);
          assertThat(isLetIn(gateway, method, "other")).as(what + ", another tenant").isFalse();
          if (isOfTenants(rule)) {
            assertThat(isLetIn(gateway, method, "")).as(what + ", all tenants").isFalse();
          }
        }
      }
    }
  }

  @Test
  void whoHasARoleInAllTenantsMayCallForAll() throws Exception {
    for (Role role : ROLES) {
      try (GatewayFixture gateway = gateway(role, "\"*\"")) {
        gateway.executor.add("t", "s", "c");
        for (io.grpc.MethodDescriptor<?, ?> method : methods()) {
          String what = role + " " + method.getFullMethodName();
          Authorization rule = rule(method);
          assertThat(isLetIn(gateway, method, "t")).as(what).isEqualTo(has(role, rule));
          if (isOfTenants(rule)) {
            assertThat(isLetIn(gateway, method, ""))
                .as(what + ", all tenants")
                .isEqualTo(has(role, rule));
          }
        }
      }
    }
  }

  private static boolean isOfTenants(Authorization rule) {
    return !rule.getTenant().isEmpty();
  }

  private GatewayFixture gateway(Role role, String tenants) throws Exception {
    Path file = directory.resolve("access.yaml");
    Files.writeString(
        file,
        "bindings: [{role: %s, tenants: [%s], members: [\"unix:*\"]}]%n"
            .formatted(word(role), tenants));
    return GatewayFixture.start(directory, Map.of("caisson.gateway.access-file", file.toString()));
  }

  private static String table() {
    StringBuilder table = new StringBuilder("| method | permission |");
    ROLES.forEach(role -> table.append(' ').append(word(role)).append(" |"));
    table.append("\n|---|---|---|---|---|\n");
    for (io.grpc.MethodDescriptor<?, ?> method : methods()) {
      Authorization rule = rule(method);
      String name = method.getFullMethodName().replaceFirst("^caisson\\.(audit\\.)?v1\\.", "");
      table.append("| `").append(name).append("` | `").append(rule.getPermission()).append("` |");
      String yes = rule.getAllTenants() ? " in all tenants |" : " yes |";
      ROLES.forEach(role -> table.append(has(role, rule) ? yes : " no |"));
      table.append('\n');
    }
    return table.toString();
  }

  private static String word(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  private static boolean has(Role role, Authorization rule) {
    return rule.getRole().compareTo(role) <= 0;
  }

  private static List<io.grpc.MethodDescriptor<?, ?>> methods() {
    List<io.grpc.MethodDescriptor<?, ?>> methods = new ArrayList<>();
    Stream.of(
            SandboxesGrpc.getServiceDescriptor(),
            ContainersGrpc.getServiceDescriptor(),
            EventsGrpc.getServiceDescriptor(),
            AuditGrpc.getServiceDescriptor())
        .forEach(service -> methods.addAll(service.getMethods()));
    return methods;
  }

  private static Authorization rule(io.grpc.MethodDescriptor<?, ?> method) {
    return descriptor(method).getOptions().getExtension(AuthorizationProto.authorization);
  }

  private static MethodDescriptor descriptor(io.grpc.MethodDescriptor<?, ?> method) {
    return ((ProtoMethodDescriptorSupplier) method.getSchemaDescriptor()).getMethodDescriptor();
  }

  private static <Q, A> boolean isLetIn(
      GatewayFixture gateway, io.grpc.MethodDescriptor<Q, A> method, String tenant)
      throws Exception {
    CompletableFuture<Boolean> letIn = new CompletableFuture<>();
    ClientCall<Q, A> call =
        gateway.channel.newCall(
            method, CallOptions.DEFAULT.withDeadlineAfter(MILLIS, TimeUnit.MILLISECONDS));
    call.start(new FirstWord<>(letIn), new Metadata());
    call.sendMessage(request(method, tenant));
    if (!method.getType().clientSendsOneMessage()) {
      call.request(1);
    } else {
      call.halfClose();
      call.request(2);
    }
    boolean result = letIn.get(1, TimeUnit.MINUTES);
    call.cancel("known", null);
    return result;
  }

  /** Of a resource in the tenant; everything else is absent. */
  private static <Q> Q request(io.grpc.MethodDescriptor<Q, ?> method, String tenant) {
    DynamicMessage message = named(method, tenant);
    return method.getRequestMarshaller().parse(new ByteArrayInputStream(message.toByteArray()));
  }

  private static DynamicMessage named(io.grpc.MethodDescriptor<?, ?> method, String tenant) {
    Authorization rule = rule(method);
    var type = descriptor(method).getInputType();
    if (rule.getAllTenants()) {
      return DynamicMessage.getDefaultInstance(type);
    }
    if (isOfTenants(rule)) {
      return message(type, rule.getTenant().split("\\."), 0, tenant);
    }
    String[] path = rule.getResource().split("\\.");
    String name =
        path[path.length - 1].equals("parent")
            ? "tenants/" + tenant
            : "tenants/" + tenant + "/sandboxes/s";
    return message(type, path, 0, name);
  }

  private static DynamicMessage message(
      com.google.protobuf.Descriptors.Descriptor type, String[] path, int at, String name) {
    FieldDescriptor field = type.findFieldByName(path[at]);
    Object value =
        at == path.length - 1 ? name : message(field.getMessageType(), path, at + 1, name);
    return DynamicMessage.newBuilder(type).setField(field, value).build();
  }

  /** Refused as not allowed, or anything else. */
  private static final class FirstWord<A> extends ClientCall.Listener<A> {
    private final CompletableFuture<Boolean> letIn;

    FirstWord(CompletableFuture<Boolean> letIn) {
      this.letIn = letIn;
    }

    @Override
    public void onMessage(A message) {
      letIn.complete(true);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      letIn.complete(
          RpcErrors.info(status.asRuntimeException(trailers))
              .map(info -> !info.getReason().equals("NOT_ALLOWED"))
              .orElse(true));
    }
  }
}
