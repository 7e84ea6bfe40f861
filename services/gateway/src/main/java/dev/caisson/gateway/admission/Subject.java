package dev.caisson.gateway.admission;

import com.google.protobuf.Message;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the policies are asked about.
 *
 * @param permission that the call needs, as in {@code containers.create}
 * @param tenant the id
 * @param principal who asks
 * @param identities all that an operator can call him
 * @param request decoded
 */
record Subject(
    String permission, String tenant, String principal, Set<String> identities, Message request) {

  Subject with(Message other) {
    return new Subject(permission, tenant, principal, identities, other);
  }

  Map<String, Object> variables() {
    return Map.of(
        Expression.PERMISSION,
        permission,
        Expression.TENANT,
        tenant,
        Expression.PRINCIPAL,
        principal,
        Expression.IDENTITIES,
        List.copyOf(new TreeSet<>(identities)),
        Expression.REQUEST,
        request);
  }
}
