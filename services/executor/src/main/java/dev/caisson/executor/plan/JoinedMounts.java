package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Propagation;
import java.util.List;
import java.util.Optional;

/**
 * A container in the mount namespace of another one of its sandbox: it has that one's root
 * filesystem and mounts, enters them as an executed process does, and changes none.
 */
public final class JoinedMounts {
  private JoinedMounts() {}

  /** The namespace that it joins, if it does. */
  public static Optional<Donation.NamespaceFile> of(ContainerSpec spec) {
    return spec.getNamespacesList().stream()
        .filter(one -> one.getType() == Namespace.Type.MOUNT && !one.getPath().isEmpty())
        .map(one -> new Donation.NamespaceFile(one.getType(), one.getPath()))
        .findFirst();
  }

  /** Refuses what would have to change mounts that are another's. */
  static void check(ContainerSpec spec) {
    if (of(spec).isEmpty()) {
      return;
    }
    refuse(spec.getMountsCount() > 0, "mounts");
    refuse(spec.getMaskedPathsCount() > 0, "masked_paths");
    refuse(spec.getReadonlyPathsCount() > 0, "readonly_paths");
    refuse(spec.getDevicesCount() > 0, "devices");
    refuse(spec.getHooks().getCreateContainerCount() > 0, "hooks.create_container");
    refuse(!spec.getMountLabel().isEmpty(), "mount_label");
    refuse(
        spec.getRootfsPropagation() != Propagation.PROPAGATION_UNSPECIFIED, "rootfs_propagation");
    if (RootMount.upperDirectory(spec.getRoot()).isPresent()) {
      throw Refusal.unsupported(
              "root.overlay",
              "What a container writes to disk goes when it is deleted: mounts with such a root"
                  + " cannot be joined. Keep it in memory, or write into the root filesystem.")
          .exception();
    }
  }

  private static void refuse(boolean given, String field) {
    if (given) {
      throw Refusal.invalid(
              field,
              "be left out where the mount namespace is another container's, which has its own",
              "given")
          .exception();
    }
  }

  /**
   * Enters them. The process stays where the container cannot be until it has entered its working
   * directory: see {@link ProcessTail}.
   */
  static void enter(Assembly assembly, Donation.NamespaceFile namespace) {
    Slot outside = assembly.openTrusted("/", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    var mounts = assembly.donate(namespace);
    assembly.add(new NamespaceStep.Join(mounts, List.of(Flag.CLONE_NEWNS)));
    assembly.add(new FileStep.Close(mounts));
    assembly.add(new ProcessStep.EnterDirectory(outside, "the sandbox's root"));
    assembly.release(outside);
  }
}
