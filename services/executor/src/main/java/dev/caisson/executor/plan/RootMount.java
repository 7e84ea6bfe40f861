package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay.Medium;
import java.util.List;
import java.util.Optional;

/** The root filesystem of a container, in the place where it is filled. */
public final class RootMount {
  /** Of a tmpfs: inodes are charged to the cgroup as its pages are. */
  private static final String UNBOUNDED = "0";

  private final Assembly assembly;
  private final ContainerSpec spec;
  private final DirectoryFacts top;

  private RootMount(Assembly assembly, ContainerSpec spec, ContainerFacts facts) {
    this.assembly = assembly;
    this.spec = spec;
    this.top = facts.directories().getOrDefault("/", DirectoryFacts.ROOT);
  }

  /** Whether what the container writes goes elsewhere; into a root that is read-only it cannot. */
  public static boolean isOverlaid(RootFilesystem root) {
    return root.hasOverlay() && !root.getReadonly();
  }

  /**
   * The directory of the host in which the executor makes one for what the container writes.
   *
   * @return empty: it writes into memory, or into the root filesystem itself
   * @throws dev.caisson.executor.refusal.RefusedException if its path is none
   */
  public static Optional<String> upperDirectory(RootFilesystem root) {
    if (!isOverlaid(root)) {
      return Optional.empty();
    }
    return switch (root.getOverlay().getMedium()) {
      case SELF -> Optional.of(Paths.parent(Paths.clean("root.path", root.getPath())));
      case DIR ->
          Optional.of(Paths.clean("root.overlay.directory", root.getOverlay().getDirectory()));
      case MEMORY, MEDIUM_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
    };
  }

  /**
   * @throws dev.caisson.executor.refusal.RefusedException if there is no such root filesystem
   */
  static void check(RootFilesystem root) {
    if (root.getType() == RootFilesystem.Type.UNRECOGNIZED) {
      throw Refusal.invalid("root.type", "be DIRECTORY or EROFS", root.getTypeValue()).exception();
    }
    if (root.hasOverlay()) {
      check(root.getOverlay());
    }
  }

  private static void check(RootFilesystem.Overlay overlay) {
    Medium medium = overlay.getMedium();
    if (medium == Medium.MEDIUM_UNSPECIFIED || medium == Medium.UNRECOGNIZED) {
      throw Refusal.invalid(
              "root.overlay.medium", "be MEMORY, SELF or DIR", overlay.getMediumValue())
          .exception();
    }
    if (medium != Medium.DIR && !overlay.getDirectory().isEmpty()) {
      throw Refusal.invalid("root.overlay.directory", "be of DIR", medium).exception();
    }
    if (medium != Medium.MEMORY && overlay.getSize() != 0) {
      throw Refusal.invalid("root.overlay.size", "be of MEMORY", medium).exception();
    }
  }

  /**
   * Attaches it; the descriptor stays open to the end of the program.
   *
   * @param inHost whether it is to be where the host has it, in what hooks see of the host
   */
  static Descriptor attach(
      Assembly assembly, ContainerSpec spec, ContainerFacts facts, boolean inHost) {
    return new RootMount(assembly, spec, facts).attach(inHost);
  }

  private Descriptor attach(boolean inHost) {
    Donated tree = assembly.donate(tree());
    Descriptor root = isOverlaid(spec.getRoot()) ? overlay(tree) : tree;
    if (inHost) {
      String path = Paths.clean("root.path", spec.getRoot().getPath());
      Donated place = assembly.donate(new Donation.HostDirectory(path));
      attach(root, place);
    } else {
      Slot place =
          assembly.openTrusted(SandboxPlan.ROOTFS, Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
      attach(root, place);
      assembly.release(place);
    }
    return root;
  }

  private void attach(Descriptor root, Descriptor place) {
    assembly.add(new MountStep.Attach(root, place, "root filesystem", "/"));
  }

  private Donation tree() {
    String path = Paths.clean("root.path", spec.getRoot().getPath());
    boolean lower = isOverlaid(spec.getRoot());
    return spec.getRoot().getType() == RootFilesystem.Type.EROFS
        ? new Donation.RootImage(path)
        : new Donation.RootTree(
            path,
            lower ? Donation.Propagation.PRIVATE : propagation(spec),
            lower,
            !lower && !spec.getRoot().getReadonly());
  }

  /** How mounts of the host reach the root filesystem, and the binds that do not say. */
  static Donation.Propagation propagation(ContainerSpec spec) {
    return switch (spec.getRootfsPropagation()) {
      case SLAVE -> Donation.Propagation.SLAVE;
      case PRIVATE, PROPAGATION_UNSPECIFIED -> Donation.Propagation.PRIVATE;
      case UNRECOGNIZED ->
          throw Refusal.invalid(
                  "rootfs_propagation", "be PRIVATE or SLAVE", spec.getRootfsPropagationValue())
              .exception();
    };
  }

  private Slot overlay(Donated lower) {
    List<Flag> attributes = List.of(Flag.MOUNT_ATTR_NODEV);
    Optional<String> directory = upperDirectory(spec.getRoot());
    if (directory.isPresent()) {
      Donated upper = assembly.donate(new Donation.UpperTree(directory.get()));
      return new Overlay(assembly, "/").make(lower, upper, top, attributes);
    }
    Slot upper = memory().make(assembly);
    Slot overlay = new Overlay(assembly, "/").make(lower, upper, top, attributes);
    assembly.release(upper);
    return overlay;
  }

  /** Its pages are charged to the cgroup of who writes them: to the container's. */
  private NewFilesystem memory() {
    String size = Long.toUnsignedString(spec.getRoot().getOverlay().getSize());
    List<MountOption> options =
        List.of(
            MountOption.parse("mode=700"),
            MountOption.parse("size=" + size),
            MountOption.parse("nr_inodes=" + UNBOUNDED));
    return new NewFilesystem("tmpfs", options, Overlay.SAFE, "/");
  }
}
