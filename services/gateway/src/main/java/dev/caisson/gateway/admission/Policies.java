package dev.caisson.gateway.admission;

import com.google.protobuf.Message;
import dev.caisson.proto.v1.PolicyFinding;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a policy file says, whole. Immutable. */
record Policies(List<Policy> all, List<Quota> quotas) {

  Policies {
    all = List.copyOf(all);
    quotas = List.copyOf(quotas);
  }

  /**
   * What they say of a request.
   *
   * @param request with the values that they set
   */
  record Review(Message request, List<PolicyFinding> findings) {
    Review {
      findings = List.copyOf(findings);
    }

    List<PolicyFinding> with(PolicyFinding.Action action) {
      return findings.stream().filter(one -> one.getAction() == action).toList();
    }
  }

  /** The first that names the tenant. */
  Optional<Quota> quotaOf(String tenant) {
    return quotas.stream().filter(one -> one.tenants().include(tenant)).findFirst();
  }

  /**
   * All values are set first, in the order of the file; what is required must hold of the result.
   */
  Review review(Subject subject) {
    List<PolicyFinding> findings = new ArrayList<>();
    Subject filled = subject;
    for (Policy policy : all) {
      filled = policy.fillIn(filled, findings);
    }
    for (Policy policy : all) {
      policy.check(filled, findings);
    }
    return new Review(filled.request(), findings);
  }
}
