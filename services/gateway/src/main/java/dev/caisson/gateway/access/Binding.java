package dev.caisson.gateway.access;

import dev.caisson.gateway.names.Tenants;
import java.util.Set;

/**
 * Who may do what, where.
 *
 * @param permissions as in {@code containers.create}
 * @param members who
 */
record Binding(Set<String> permissions, Tenants tenants, Set<Member> members) {

  Binding {
    permissions = Set.copyOf(permissions);
    members = Set.copyOf(members);
  }

  boolean allows(Set<String> identities, String permission, String tenant) {
    return permissions.contains(permission)
        && tenants.include(tenant)
        && members.stream().anyMatch(member -> member.isOneOf(identities));
  }
}
