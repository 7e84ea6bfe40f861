package dev.caisson.gateway.admission;

import com.google.protobuf.Message;
import dev.caisson.gateway.access.MethodRule;
import dev.caisson.gateway.access.MethodRules;
import dev.caisson.gateway.bridge.CheckedListener;
import dev.caisson.gateway.bridge.EndedListener;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.journal.DenialReports;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.PolicyFinding;
import dev.caisson.proto.v1.Reason;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decodes what is asked for, and lets it through as the policies want it to be. What goes on is
 * what they have seen.
 */
@Singleton
public final class Admission implements ServerInterceptor {
  /** What a plan is the dry run of. */
  private static final String CREATE = "containers.create";

  private static final String EXEC = "containers.exec";

  /** Of calls that take long, or have large answers, though they are one question each. */
  private static final String TRAIL = "trail.";

  private final Quotas quotas = new Quotas(System::nanoTime);
  private final LargeAnswers large = new LargeAnswers();
  private final MethodRules rules;
  private final PolicyFile file;
  private final DenialReports denials;
  private final MeterRegistry registry;

  Admission(MethodRules rules, PolicyFile file, DenialReports denials, MeterRegistry registry) {
    this.rules = rules;
    this.file = file;
    this.denials = denials;
    this.registry = registry;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Optional<Caller> caller = Caller.known();
    if (caller.isEmpty()) { // health and reflection
      return next.startCall(call, headers);
    }
    Findings findings = new Findings();
    LivingQuota living = new LivingQuota();
    Reviewed reviewed =
        new Reviewed(
            rules.of(call.getMethodDescriptor().getFullMethodName()),
            call.getMethodDescriptor(),
            caller.get(),
            findings,
            living);
    ServerCall.Listener<Q> served =
        Contexts.interceptCall(
            Context.current().withValues(Findings.KEY, findings, LivingQuota.KEY, living),
            new ExceededCall<>(new WarnedCall<>(call, findings), reviewed::exceeded),
            headers,
            next);
    return new EndedListener<>(new CheckedListener<>(served, reviewed::message), reviewed::release);
  }

  /** One call. */
  private final class Reviewed {
    private final MethodRule rule;
    private final String operation;
    private final Caller caller;
    private final Findings findings;
    private final LivingQuota living;
    private final Set<TenantUse.Kind> kinds = EnumSet.noneOf(TenantUse.Kind.class);
    private final boolean isLarge;
    private boolean begun;
    private Quotas.Share share = Quotas.Share.NONE;
    private Quotas.Share place = Quotas.Share.NONE;

    Reviewed(
        MethodRule rule,
        MethodDescriptor<?, ?> method,
        Caller caller,
        Findings findings,
        LivingQuota living) {
      this.living = living;
      this.rule = rule;
      this.operation = String.valueOf(method.getBareMethodName());
      this.caller = caller;
      this.findings = findings;
      this.isLarge = rule.permission().startsWith(TRAIL);
      if (method.getType() != MethodDescriptor.MethodType.UNARY || isLarge) {
        kinds.add(TenantUse.Kind.STREAMS);
      }
      if (rule.permission().equals(EXEC)) {
        kinds.add(TenantUse.Kind.EXECS);
      }
    }

    @SuppressWarnings("unchecked") // of the same type as the one that came
    <Q> Q message(Q message) {
      Message request = (Message) message;
      UnknownFields.refuse(request);
      Optional<String> tenant = rule.tenant(request);
      return tenant.isEmpty()
          ? message // input of a stream
          : (Q) rule.withSubject(request, admitted(rule.subject(request), tenant.get()));
    }

    private Message admitted(Message subject, String tenant) {
      Optional<Policies> policies = file.content();
      takeShare(policies, tenant);
      if (policies.isEmpty()) {
        return Decoding.of(subject);
      }
      Message decoded = Decoding.of(subject);
      Policies.Review review = review(policies.get(), rule.permission(), tenant, decoded);
      List<PolicyFinding> denied = review.with(PolicyFinding.Action.DENY);
      if (!denied.isEmpty()) {
        StatusRuntimeException refusal = refusal(tenant, denied);
        denials.report(operation, caller.actor(""), refusal);
        throw refusal;
      }
      return review.request() instanceof PlanContainerRequest plan
          ? planned(policies.get(), tenant, plan)
          : review.request();
    }

    /** Before the request costs anything; once for each call. */
    private void takeShare(Optional<Policies> policies, String tenant) {
      if (begun) {
        return;
      }
      begun = true;
      Optional<Quota> quota = policies.flatMap(all -> all.quotaOf(tenant));
      quota.ifPresent(one -> living.is(one.living()));
      try {
        if (quota.isPresent()) {
          share = quotas.take(quota.get(), tenant, kinds);
        }
        if (isLarge) {
          place = large.take(tenant);
        }
      } catch (StatusRuntimeException refusal) {
        exceeded(refusal);
        throw refusal;
      }
    }

    void release() {
      share.release();
      place.release();
    }

    void exceeded(StatusRuntimeException refusal) {
      registry.counter("caisson.gateway.quota.refusals").increment();
      denials.report(operation, caller.actor(""), refusal);
    }

    /** What they say of creating it is an answer, not a refusal. */
    private Message planned(Policies policies, String tenant, PlanContainerRequest plan) {
      Policies.Review review = review(policies, CREATE, tenant, plan.getCreate());
      return plan.toBuilder().setCreate((CreateContainerRequest) review.request()).build();
    }

    private Policies.Review review(
        Policies policies, String permission, String tenant, Message request) {
      Policies.Review review =
          policies.review(
              new Subject(permission, tenant, caller.principal(), caller.identities(), request));
      findings.add(review.findings());
      review
          .findings()
          .forEach(one ->
              registry
                  .counter(
                      "caisson.gateway.policy.findings",
                      "policy",
                      one.getPolicy(),
                      "action",
                      one.getAction().name().toLowerCase(Locale.ROOT))
                  .increment());
      return review;
    }

    private StatusRuntimeException refusal(String tenant, List<PolicyFinding> denied) {
      return Errors.of(
          Status.Code.PERMISSION_DENIED,
          Reason.POLICY_DENIED.name(),
          denied.stream()
              .map(one ->
                  "The policy %s of tenants/%s does not allow this: %s"
                      .formatted(one.getPolicy(), tenant, one.getMessage()))
              .collect(Collectors.joining("; ")),
          Map.of(
              "policies",
              denied.stream().map(PolicyFinding::getPolicy).collect(Collectors.joining(",")),
              "tenant",
              tenant));
    }
  }
}
