package dev.caisson.gateway.api;

import dev.caisson.gateway.admission.LivingQuota;
import dev.caisson.gateway.errors.DocumentErrors;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.names.Ids;
import dev.caisson.gateway.names.SandboxName;
import dev.caisson.gateway.names.TenantName;
import dev.caisson.oci.DefaultSeccomp;
import dev.caisson.oci.OciException;
import dev.caisson.oci.SandboxMembership;
import dev.caisson.proto.executor.v1.Logs;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.Reason;
import java.util.stream.Stream;

/** A request for a container, decoded, turned into the executor's words. */
final class Creation {
  private static final String SANDBOXES = "/sandboxes/";

  private Creation() {}

  static dev.caisson.proto.executor.v1.CreateContainerRequest of(
      CreateContainerRequest request, StdioMode stdio) {
    String containerId = Ids.require("container_id", request.getContainerId());
    ContainerSpec spec = request.getContainer().getSpec();
    Place place = place(request.getParent(), spec);
    var made = dev.caisson.proto.executor.v1.CreateContainerRequest.newBuilder();
    if (request.hasLogs()) {
      made.setLogs(
          Logs.newBuilder()
              .setMaxBytes(request.getLogs().getMaxBytes())
              .setMaxFiles(request.getLogs().getMaxFiles()));
    }
    if (request.hasNetwork()) {
      made.setNetwork(request.getNetwork());
    }
    return made.setActor(Caller.current().actor(Ids.requireRequestId(request.getRequestId())))
        .setTenant(place.tenant())
        .setContainerId(containerId)
        .setSandboxId(place.sandboxId())
        .setSpec(spec)
        .setStdio(stdio)
        .setDonated(request.getDonated())
        .setQuota(LivingQuota.current())
        .addAllIgnored(request.getContainer().getIgnoredList())
        .setOwnFilter(spec.hasSeccomp() && !DefaultSeccomp.isIn(spec))
        .build();
  }

  /** Of a container that is not run. */
  static dev.caisson.proto.executor.v1.CreateContainerRequest of(CreateContainerRequest request) {
    DonatedDescriptors donated = request.getDonated();
    boolean streams =
        Stream.of(
                donated.getStdin(), donated.getStdout(), donated.getStderr(), donated.getConsole())
            .anyMatch(token -> !token.isEmpty());
    if (request.getAttach() && streams) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, "attach", "be false where streams or a console are donated", true);
    }
    return of(request, request.getAttach() ? StdioMode.PIPE : StdioMode.DISCARD);
  }

  /** A failure of the executor, in the words of the document where the request came as one. */
  static Throwable inItsWords(CreateContainerRequest request, Throwable error) {
    return request.getContainer().getSpec().getOciVersion().isEmpty()
        ? error
        : DocumentErrors.translate(error);
  }

  /** An empty sandbox: one of the container's own. */
  private record Place(String tenant, String sandboxId) {}

  private static Place place(String parent, ContainerSpec spec) {
    SandboxMembership membership = membership(spec);
    if (!parent.contains(SANDBOXES)) {
      String joined =
          membership instanceof SandboxMembership.Member member
              ? Ids.require("annotations: the sandbox's id", member.sandboxId())
              : "";
      return new Place(TenantName.parse("parent", parent).tenant(), joined);
    }
    SandboxName sandbox = SandboxName.parse("parent", parent);
    requireAgreement(sandbox, membership);
    return new Place(sandbox.tenant(), sandbox.sandbox());
  }

  private static SandboxMembership membership(ContainerSpec spec) {
    try {
      return SandboxMembership.of(spec.getAnnotationsMap());
    } catch (OciException refusal) {
      throw Errors.of(refusal);
    }
  }

  private static void requireAgreement(SandboxName sandbox, SandboxMembership membership) {
    boolean agrees =
        switch (membership) {
          case SandboxMembership.StandAlone _ -> true;
          case SandboxMembership.Root _ -> false;
          case SandboxMembership.Member member -> member.sandboxId().equals(sandbox.sandbox());
        };
    if (!agrees) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, "parent", "agree with the spec's annotations", sandbox);
    }
  }
}
