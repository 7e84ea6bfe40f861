package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.UserNamespace;

/**
 * What a specification must be for there to be a plan. A field that is not carried out is refused.
 */
final class SpecRules {
  private SpecRules() {}

  static void check(ContainerSpec spec, boolean rootContainer) {
    UnknownFields.refuse(spec);
    require(spec.hasProcess(), "process");
    require(spec.hasRoot() && !spec.getRoot().getPath().isEmpty(), "root.path");
    ProcessRules.check(spec.getProcess());
    Labels.check(spec);
    if (spec.hasPersonality()) {
      ProcessAttributes.check(spec.getPersonality());
    }
    if (spec.hasMemoryPolicy()) {
      MemoryPolicies.check(spec.getMemoryPolicy());
    }
    boolean ownUsers = spec.getUserNamespace().getMode() != UserNamespace.Mode.HOST;
    Scheduling.requirePossible(spec.getProcess(), rootContainer && ownUsers);
    Namespaces.check(spec, rootContainer);
    checkNames(spec, rootContainer);
    checkHooks(spec);
    Devices.check(spec.getDevicesList());
    var _ = DeviceList.of(spec);
    RootMount.check(spec.getRoot());
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

  /** They look for the container's root where the host has it. */
  private static void checkHooks(ContainerSpec spec) {
    if (spec.getHooks().getCreateContainerCount() > 0
        && spec.getRoot().getType() == RootFilesystem.Type.EROFS) {
      throw Refusal.invalid(
              "hooks.create_container", "be of a container whose root is a directory", "an image")
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
