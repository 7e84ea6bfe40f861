package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.plan.Donation;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.MountAttributes;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Resolve;
import dev.caisson.proto.executor.v1.Reason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Opens what a program is given: every path that comes from a spec is resolved here, once, beneath a root that the guard
 * allows, and checked on the descriptor.
 *
 * <p>Thread-safe.
 */
final class Donor {
  private static final Set<Resolve> BENEATH = EnumSet.of(Resolve.BENEATH, Resolve.NO_MAGIC_LINKS);

  private final Kernel kernel;
  private final AllowedRoots roots;

  Donor(Kernel kernel, AllowedRoots roots) {
    this.kernel = kernel;
    this.roots = roots;
  }

  /**
   * What the descriptors are taken from.
   *
   * @param userNamespace of the sandbox; absent where it has the host's
   * @param cgroup which the process joins
   * @param stdio stdin, stdout, stderr
   * @param containerProcess whose namespaces an exec enters
   */
  record Sources(
      Optional<Fd> userNamespace,
      Cgroup cgroup,
      List<Fd> stdio,
      Optional<Fd> containerProcess) {}

  /** The receiver closes them. Nothing stays open when one fails. */
  List<Fd> open(List<Donation> donations, Sources sources) {
    List<Fd> opened = new ArrayList<>();
    try {
      for (Donation donation : donations) {
        opened.add(open(donation, sources));
      }
      return opened;
    } catch (RuntimeException e) {
      opened.forEach(Fd::close);
      throw e;
    }
  }

  private Fd open(Donation donation, Sources sources) {
    return switch (donation) {
      case Donation.RootTree root -> rootTree(root, sources.userNamespace());
      case Donation.BindTree bind -> bindTree(bind, sources.userNamespace());
      case Donation.DeviceTree device -> deviceTree(device);
      case Donation.CgroupProcs join -> cgroupProcs(join, sources.cgroup());
      case Donation.Stdio stdio -> sources.stdio().get(stdio.stream().ordinal()).duplicate();
      case Donation.ContainerProcess process -> sources.containerProcess().orElseThrow().duplicate();
    };
  }
}
