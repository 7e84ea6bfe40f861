package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.DocumentErrors;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.names.Ids;
import dev.caisson.gateway.names.SandboxName;
import dev.caisson.gateway.names.TenantName;
import dev.caisson.model.Recent;
import dev.caisson.oci.Converted;
import dev.caisson.oci.DefaultSeccomp;
import dev.caisson.oci.OciException;
import dev.caisson.oci.OciSpec;
import dev.caisson.oci.SandboxMembership;
import dev.caisson.proto.executor.v1.Logs;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.OciBundle;
import dev.caisson.proto.v1.Reason;
import java.util.List;
import java.util.stream.Stream;

/** A request for a container, checked and turned into the executor's words. */
final class Creation {
  /** Configurations up to {@link #MAX_KEPT_BYTES}: the same one is mostly run more than once. */
  private static final Recent<OciBundle, Converted> CONVERTED = new Recent<>(64);

  private static final int MAX_KEPT_BYTES = 64 * 1024;

  private static final String SANDBOXES = "/sandboxes/";

  private Creation() {}

  static dev.caisson.proto.executor.v1.CreateContainerRequest of(
      CreateContainerRequest request, StdioMode stdio) {
    String containerId = Ids.require("container_id", request.getContainerId());
    Converted converted = converted(request.getContainer());
    ContainerSpec spec = withUserNamespace(converted.spec());
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
        .addAllIgnored(converted.ignored())
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
    return request.getContainer().hasOci() ? DocumentErrors.translate(error) : error;
  }

  private static Converted converted(Container container) {
    return switch (container.getSourceCase()) {
      case SPEC -> new Converted(checked(container.getSpec()), List.of());
      case OCI -> converted(container.getOci());
      case SOURCE_NOT_SET ->
          throw Errors.invalid(
              Reason.INVALID_FIELD, "container.source", "be spec or oci", "neither is set");
    };
  }

  /** What the executor would refuse too, said in the public API's words. */
  private static ContainerSpec checked(ContainerSpec spec) {
    if (spec.getProcess().getArgsCount() == 0) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, "container.spec.process.args", "have at least one entry", "[]");
    }
    if (spec.getRoot().getPath().isEmpty()) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, "container.spec.root.path", "be the path of a directory", "");
    }
    return filtered(spec);
  }

  /** As a config.json without a filter has it. */
  private static ContainerSpec filtered(ContainerSpec spec) {
    try {
      return DefaultSeccomp.applied(spec);
    } catch (OciException refusal) {
      throw Errors.of(refusal);
    }
  }

  private static Converted converted(OciBundle oci) {
    try {
      return oci.getConfigJson().size() > MAX_KEPT_BYTES
          ? convert(oci)
          : CONVERTED.get(oci, Creation::convert);
    } catch (OciException refusal) {
      throw Errors.of(refusal);
    }
  }

  private static Converted convert(OciBundle oci) {
    return OciSpec.convert(oci.getConfigJson().toByteArray(), oci.getBundle());
  }

  /** One of its own is the default, unless a namespace to join is listed. */
  private static ContainerSpec withUserNamespace(ContainerSpec spec) {
    if (spec.getUserNamespace().getMode() != UserNamespace.Mode.MODE_UNSPECIFIED) {
      return spec;
    }
    boolean joined =
        spec.getNamespacesList().stream()
            .anyMatch(one ->
                one.getType() == dev.caisson.proto.types.v1.Namespace.Type.USER
                    && !one.getPath().isEmpty());
    ContainerSpec.Builder chosen = spec.toBuilder();
    chosen
        .getUserNamespaceBuilder()
        .setMode(joined ? UserNamespace.Mode.JOINED : UserNamespace.Mode.AUTO);
    return chosen.build();
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
