package dev.caisson.gateway.access;

import java.util.Set;

/**
 * Who may do what, where.
 *
 * @param permissions as in {@code containers.create}
 * @param tenants ids; {@link #EVERY}: each that there is
 * @param members who
 */
record Binding(Set<String> permissions, Set<String> tenants, Set<Member> members) {
  static final String EVERY = "*";

  Binding {
    permissions = Set.copyOf(permissions);
    tenants = Set.copyOf(tenants);
    members = Set.copyOf(members);
  }

  boolean allows(Set<String> identities, String permission, String tenant) {
    return permissions.contains(permission)
        && isFor(tenant)
        && members.stream().anyMatch(member -> member.isOneOf(identities));
  }

  private boolean isFor(String tenant) {
    return tenants.contains(EVERY) || tenants.contains(tenant);
  }
}
