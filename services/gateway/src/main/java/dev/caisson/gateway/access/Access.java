package dev.caisson.gateway.access;

import java.util.List;
import java.util.Set;

/** What an access file says, whole. Immutable. */
record Access(List<Issuer> issuers, List<Binding> bindings) {

  Access {
    issuers = List.copyOf(issuers);
    bindings = List.copyOf(bindings);
  }

  /**
   * Whether one of those who the caller is may do this in the tenant, whether that exists or not;
   * {@link dev.caisson.gateway.names.Tenants#EVERY}: in all of them.
   */
  boolean allows(Set<String> identities, String permission, String tenant) {
    return bindings.stream().anyMatch(binding -> binding.allows(identities, permission, tenant));
  }
}
