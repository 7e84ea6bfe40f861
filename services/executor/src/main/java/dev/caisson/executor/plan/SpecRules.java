package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hooks;
import java.util.List;

/**
 * What a specification must be for there to be a plan. A field that is not carried out is refused.
 */
final class SpecRules {
  private SpecRules() {}

  static void check(ContainerSpec spec, boolean rootContainer) {
    require(spec.hasProcess(), "process");
    require(spec.hasRoot() && !spec.getRoot().getPath().isEmpty(), "root.path");
    ProcessRules.check(spec.getProcess());
    Namespaces.check(spec, rootContainer);
    checkNames(spec, rootContainer);
    checkHooks(spec.getHooks());
    if (spec.hasSeccomp()) {
      throw Refusal.unsupported("seccomp", "System call filters are not supported.").exception();
    }
    if (!rootContainer && spec.getSysctlCount() > 0) {
      throw onlyRoot("sysctl");
    }
  }

  private static void checkNames(ContainerSpec spec, boolean rootContainer) {
    Hostnames.checkOptional("hostname", spec.getHostname());
    Hostnames.checkOptional("domainname", spec.getDomainname());
    if (!rootContainer && !spec.getHostname().isEmpty()) {
      throw onlyRoot("hostname");
    }
    if (!rootContainer && !spec.getDomainname().isEmpty()) {
      throw onlyRoot("domainname");
    }
  }

  private static void checkHooks(Hooks hooks) {
    refuse(hooks.getCreateContainerList(), "hooks.createContainer");
    refuse(hooks.getStartContainerList(), "hooks.startContainer");
  }

  private static void refuse(List<?> hooks, String field) {
    if (!hooks.isEmpty()) {
      throw Refusal.unsupported(
              field, "Hooks that run in the container are not supported; use createRuntime.")
          .exception();
    }
  }

  private static void require(boolean present, String field) {
    if (!present) {
      throw Refusal.invalid(field, "be given", "absent").exception();
    }
  }

  private static RuntimeException onlyRoot(String field) {
    return Refusal.invalid(
            field, "be given by the first container of a sandbox alone", "given by a further one")
        .exception();
  }
}
