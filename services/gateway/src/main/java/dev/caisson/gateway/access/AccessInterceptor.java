package dev.caisson.gateway.access;

import com.google.protobuf.Message;
import dev.caisson.gateway.bridge.CheckedListener;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.journal.DenialReports;
import dev.caisson.gateway.names.TenantName;
import dev.caisson.gateway.names.Tenants;
import dev.caisson.proto.v1.Reason;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;

/**
 * Lets a message through where its caller may do in that tenant what the method does. It knows
 * nothing of what there is: a refusal tells nobody whether something exists.
 */
@Singleton
public final class AccessInterceptor implements ServerInterceptor {
  private final MethodRules rules;
  private final AccessFile file;
  private final DenialReports denials;

  AccessInterceptor(MethodRules rules, AccessFile file, DenialReports denials) {
    this.rules = rules;
    this.file = file;
    this.denials = denials;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Optional<Caller> caller = Caller.known();
    if (caller.isEmpty()) { // health and reflection
      return next.startCall(call, headers);
    }
    MethodRule rule = rules.of(call.getMethodDescriptor().getFullMethodName());
    Check check = new Check(rule, caller.get(), call.getMethodDescriptor());
    return new CheckedListener<>(
        next.startCall(call, headers),
        message -> {
          check.accept((Message) message);
          return message;
        });
  }

  /** Of one call. */
  private final class Check {
    private final MethodRule rule;
    private final Caller caller;
    private final String operation;
    private final boolean streams;
    private boolean begun;

    Check(MethodRule rule, Caller caller, MethodDescriptor<?, ?> method) {
      this.rule = rule;
      this.caller = caller;
      this.operation = String.valueOf(method.getBareMethodName());
      this.streams = !method.getType().clientSendsOneMessage();
    }

    /** Input of a stream names nothing; what has begun it did. */
    void accept(Message request) {
      Optional<String> asked = rule.tenant(request);
      if (asked.isEmpty() && streams) {
        requireBegun();
        return;
      }
      String tenant = asked.orElseGet(() -> TenantName.of(rule.field(), ""));
      boolean allowed =
          file.content()
              .map(access -> access.allows(caller.identities(), rule.permission(), tenant))
              .orElse(true);
      if (!allowed) {
        StatusRuntimeException refusal = refusal(tenant);
        denials.report(operation, caller.actor(""), refusal);
        throw refusal;
      }
      begun = true;
    }

    private void requireBegun() {
      if (!begun) {
        throw Errors.invalid(
            Reason.INVALID_STREAM, "The stream", "begin with " + rule.field(), "not named");
      }
    }

    private StatusRuntimeException refusal(String tenant) {
      return Errors.of(
          Status.Code.PERMISSION_DENIED,
          Reason.NOT_ALLOWED.name(),
          "%s must have the permission %s in %s; an operator can bind it to a role that has it"
              .formatted(caller.principal(), rule.permission(), where(tenant)),
          Map.of(
              "principal", caller.principal(),
              "permission", rule.permission(),
              "tenant", tenant));
    }

    private String where(String tenant) {
      if (!tenant.equals(Tenants.EVERY)) {
        return "tenants/" + tenant;
      }
      return rule.field().isEmpty()
          ? "all tenants (*), since the record of all is asked for"
          : "all tenants (*), since " + rule.field() + " names none";
    }
  }
}
