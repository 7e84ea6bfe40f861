package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.names.ContainerName;
import dev.caisson.gateway.names.SandboxName;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.v1.Reason;
import java.util.function.Predicate;

/** Which events a watcher sees: those of its tenant, of one sandbox, or of one container. */
final class EventFilter {
  private static final String CONTAINERS = "/containers/";

  private EventFilter() {}

  /**
   * Reads what is asked for.
   *
   * @param resource a full name; empty: the whole tenant
   */
  static Predicate<Event> of(String tenant, String resource) {
    Predicate<Subject> inTenant = subject -> subject.getTenant().equals(tenant);
    Predicate<Subject> wanted = resource.isEmpty() ? inTenant : named(resource, tenant);
    return event -> event.hasSubject() && inTenant.and(wanted).test(event.getSubject());
  }

  private static Predicate<Subject> named(String resource, String tenant) {
    if (resource.contains(CONTAINERS)) {
      ContainerName name = ContainerName.parse("resource", resource);
      requireTenant(name.tenant(), tenant, resource);
      return subject ->
          name.matches(subject.getSandboxId()) && name.container().equals(subject.getContainerId());
    }
    SandboxName name = SandboxName.parse("resource", resource);
    requireTenant(name.tenant(), tenant, resource);
    return subject -> name.sandbox().equals(subject.getSandboxId());
  }

  private static void requireTenant(String of, String tenant, String resource) {
    if (!of.equals(tenant)) {
      throw Errors.invalid(Reason.INVALID_FIELD, "resource", "be in the parent", resource);
    }
  }
}
