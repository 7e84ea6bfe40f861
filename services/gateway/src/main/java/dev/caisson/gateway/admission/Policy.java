package dev.caisson.gateway.admission;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Message;
import dev.caisson.gateway.names.Tenants;
import dev.caisson.proto.v1.PolicyFinding;
import dev.cel.runtime.CelEvaluationException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What an operator wants to hold of requests. What cannot be evaluated counts as not held.
 * Immutable.
 *
 * @param permissions of calls that it is about
 * @param action of what it requires and does not hold
 * @param message why, for who is refused
 * @param rules for each type of request that there is with those permissions
 */
record Policy(
    String name,
    Set<String> permissions,
    Tenants tenants,
    PolicyFinding.Action action,
    String message,
    Map<Descriptor, Rule> rules) {

  Policy {
    permissions = Set.copyOf(permissions);
    rules = Map.copyOf(rules);
  }

  /**
   * Compiled for one type of request.
   *
   * @param when it is about; empty: always
   * @param defaults values for what is absent
   * @param require what must hold; empty: nothing
   */
  record Rule(Optional<Expression> when, List<Default> defaults, Optional<Expression> require) {
    Rule {
      defaults = List.copyOf(defaults);
    }

    private boolean isAbout(Subject subject) throws CelEvaluationException {
      return when.isEmpty() || when.get().isTrue(subject);
    }
  }

  private Optional<Rule> rule(Subject subject) {
    return permissions.contains(subject.permission()) && tenants.include(subject.tenant())
        ? Optional.ofNullable(rules.get(subject.request().getDescriptorForType()))
        : Optional.empty();
  }

  /** Fills in what is absent, and says so. */
  Subject fillIn(Subject subject, List<PolicyFinding> findings) {
    Optional<Rule> rule = rule(subject);
    if (rule.isEmpty() || rule.get().defaults().isEmpty()) {
      return subject;
    }
    Subject filled = subject;
    try {
      if (rule.get().isAbout(subject)) {
        for (Default each : rule.get().defaults()) {
          if (each.isMissing(filled.request())) {
            Message changed = each.applied(filled);
            filled = filled.with(changed);
            findings.add(finding(PolicyFinding.Action.SET, message).setField(each.field()).build());
          }
        }
      }
    } catch (CelEvaluationException e) {
      findings.add(failed(e));
    }
    return filled;
  }

  /** Says where what it requires does not hold. */
  void check(Subject subject, List<PolicyFinding> findings) {
    Optional<Rule> rule = rule(subject);
    try {
      if (rule.isPresent()
          && rule.get().require().isPresent()
          && rule.get().isAbout(subject)
          && !rule.get().require().get().isTrue(subject)) {
        findings.add(finding(action, message).build());
      }
    } catch (CelEvaluationException e) {
      findings.add(failed(e));
    }
  }

  private PolicyFinding failed(CelEvaluationException failure) {
    return finding(
            action,
            "it cannot be evaluated for this request, and an operator has to mend it: "
                + failure.getMessage())
        .build();
  }

  private PolicyFinding.Builder finding(PolicyFinding.Action does, String why) {
    return PolicyFinding.newBuilder().setPolicy(name).setAction(does).setMessage(why);
  }
}
