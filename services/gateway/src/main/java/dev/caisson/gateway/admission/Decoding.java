package dev.caisson.gateway.admission;

import com.google.protobuf.Message;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.model.Recent;
import dev.caisson.oci.Converted;
import dev.caisson.oci.DefaultSeccomp;
import dev.caisson.oci.OciException;
import dev.caisson.oci.OciSpec;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.MountOrBuilder;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.OciBundle;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.Reason;
import java.util.List;
import java.util.Set;

/**
 * Containers as typed values, with what goes without saying filled in. A request is decoded once:
 * the policies, the executor's guard and the effect have the same one.
 */
final class Decoding {
  /** Configurations up to {@link #MAX_KEPT_BYTES}: the same one is mostly run more than once. */
  private static final Recent<OciBundle, Converted> CONVERTED = new Recent<>(64);

  private static final int MAX_KEPT_BYTES = 64 * 1024;

  private static final String BIND = "bind";
  private static final Set<String> UNTYPED = Set.of("", "none");
  private static final Set<String> BIND_OPTIONS = Set.of(BIND, "rbind");

  private Decoding() {}

  /** What is asked for; itself where it has no container to be made. */
  static Message of(Message subject) {
    return switch (subject) {
      case CreateContainerRequest create -> decoded(create);
      case PlanContainerRequest plan ->
          plan.toBuilder().setCreate(decoded(plan.getCreate())).build();
      case CreateSandboxRequest create -> withUserNamespace(create);
      default -> subject;
    };
  }

  private static CreateContainerRequest decoded(CreateContainerRequest request) {
    Converted converted = converted(request.getContainer());
    return request.toBuilder()
        .setContainer(
            request.getContainer().toBuilder()
                .setSpec(withUserNamespace(withBinds(converted.spec())))
                .clearIgnored()
                .addAllIgnored(converted.ignored()))
        .build();
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
          : CONVERTED.get(oci, Decoding::convert);
    } catch (OciException refusal) {
      throw Errors.of(refusal);
    }
  }

  private static Converted convert(OciBundle oci) {
    return OciSpec.convert(oci.getConfigJson().toByteArray(), oci.getBundle());
  }

  /** A bind is of type `bind`, however it was written. */
  private static ContainerSpec withBinds(ContainerSpec spec) {
    if (spec.getMountsList().stream().noneMatch(Decoding::isOtherwiseBind)) {
      return spec;
    }
    ContainerSpec.Builder changed = spec.toBuilder();
    changed.getMountsBuilderList().stream()
        .filter(Decoding::isOtherwiseBind)
        .forEach(mount -> mount.setType(BIND));
    return changed.build();
  }

  private static boolean isOtherwiseBind(MountOrBuilder mount) {
    return UNTYPED.contains(mount.getType())
        && mount.getOptionsList().stream().anyMatch(BIND_OPTIONS::contains);
  }

  private static CreateSandboxRequest withUserNamespace(CreateSandboxRequest request) {
    if (request.getSandbox().getUserNamespace().getMode() != UserNamespace.Mode.MODE_UNSPECIFIED) {
      return request;
    }
    CreateSandboxRequest.Builder chosen = request.toBuilder();
    chosen.getSandboxBuilder().getUserNamespaceBuilder().setMode(UserNamespace.Mode.AUTO);
    return chosen.build();
  }

  /** One of its own is the default, unless a namespace to join is listed. */
  private static ContainerSpec withUserNamespace(ContainerSpec spec) {
    if (spec.getUserNamespace().getMode() != UserNamespace.Mode.MODE_UNSPECIFIED) {
      return spec;
    }
    boolean joined =
        spec.getNamespacesList().stream()
            .anyMatch(one -> one.getType() == Namespace.Type.USER && !one.getPath().isEmpty());
    ContainerSpec.Builder chosen = spec.toBuilder();
    chosen
        .getUserNamespaceBuilder()
        .setMode(joined ? UserNamespace.Mode.JOINED : UserNamespace.Mode.AUTO);
    return chosen.build();
  }
}
