package dev.caisson.executor.sandbox;

import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.plan.Donation.NamespaceFile;
import dev.caisson.executor.plan.Paths;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.RootFilesystem;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.stream.Stream;

/**
 * Opens namespaces that are to be joined: below the directories that the guard allows, or those of
 * a process. What was opened is checked, not the path: that it is a namespace of the type, that it
 * is not the host's, and, where it is a process's, that it belongs to a sandbox of the same tenant.
 *
 * <p>Thread-safe.
 */
final class NamespaceFiles {
  private final Kernel kernel;
  private final TrustedProc proc;
  private final Duration patience;
  private final Donor donor;
  private final GuardPolicy policy;
  private final Supplier<Collection<Sandbox>> sandboxes;

  NamespaceFiles(
      Host host, Donor donor, GuardPolicy policy, Supplier<Collection<Sandbox>> sandboxes) {
    this.kernel = host.kernel();
    this.proc = host.proc();
    this.patience = host.settings().stepTimeout();
    this.donor = donor;
    this.policy = policy;
    this.sandboxes = sandboxes;
  }

  /** The receiver closes it. */
  Fd open(NamespaceFile wanted, String tenant) {
    Fd opened = openPath(wanted);
    try {
      requireType(wanted, opened);
      requireAllowed(wanted, opened, tenant);
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /** Refuses a namespace that is not the sandbox's: all of its containers share it. */
  void requireSandboxes(NamespaceFile wanted, Sandbox sandbox) {
    try (Fd opened = openPath(wanted)) {
      requireType(wanted, opened);
      if (!isOf(sandbox.requireHolder().pidfd(), wanted, opened)) {
        throw Refusal.invalid(
                "namespaces.path", "be the sandbox's, which its containers share", wanted.path())
            .exception();
      }
    }
  }

  /**
   * One that a process of the sandbox can be born in: the kernel lets caisson-init into no PID
   * namespace but its own and those beneath. The receiver closes it.
   */
  Fd openWithin(NamespaceFile wanted, Sandbox sandbox) {
    Fd opened = openPath(wanted);
    try {
      requireType(wanted, opened);
      if (processes(sandbox).noneMatch(pidfd -> isOf(pidfd, wanted, opened))) {
        throw Refusal.invalid(
                "namespaces.path",
                "be the PID namespace of a container of the same sandbox",
                wanted.path())
            .exception();
      }
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /**
   * The mounts of another container of the sandbox: of one with the same root filesystem, which the
   * request names. The receiver closes it.
   */
  Fd openMounts(NamespaceFile wanted, RootFilesystem root, Sandbox sandbox) {
    Fd opened = openPath(wanted);
    try {
      requireType(wanted, opened);
      Container owner = ownerOf(opened, wanted, sandbox);
      if (!owner.record().getSpec().getRoot().equals(root)) {
        throw Refusal.invalid(
                "root", "be that of the container whose mounts are joined", root.getPath())
            .exception();
      }
      owner
          .running()
          .flatMap(Container.Running::program)
          .ifPresent(waiting -> waiting.awaitApart(patience));
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private Container ownerOf(Fd mounts, NamespaceFile wanted, Sandbox sandbox) {
    return sandbox.containers().stream()
        .filter(one -> one.running().filter(r -> isOf(r.pidfd(), wanted, mounts)).isPresent())
        .findFirst()
        .orElseThrow(() ->
            Refusal.invalid(
                    "namespaces.path",
                    "be the mount namespace of a container of the same sandbox",
                    wanted.path())
                .exception());
  }

  private Fd openPath(NamespaceFile wanted) {
    String path = Paths.clean("namespaces.path", wanted.path());
    Matcher process = Paths.PROCESS_NAMESPACE.matcher(path);
    try {
      return process.matches()
          ? proc.namespace(Integer.parseUnsignedInt(process.group(1)), process.group(2))
          : donor.namespaceFile(path);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR) {
        throw notThere(path);
      }
      if (e.errno() == Errno.EACCES || e.errno() == Errno.EPERM) {
        throw notAllowed(); // what the kernel shows to nobody else is nobody else's to join
      }
      throw e;
    } catch (NumberFormatException e) {
      throw notThere(path); // no process has such a number
    }
  }

  private static RefusedException notThere(String path) {
    return Refusal.invalid("namespaces.path", "be there", path).exception();
  }

  private void requireType(NamespaceFile wanted, Fd opened) {
    long expected = wanted.flag().hostBits();
    if (typeOf(opened) != expected) {
      throw Refusal.invalid(
              "namespaces.path", "be a namespace of the type " + wanted.word(), wanted.path())
          .exception();
    }
  }

  /** 0 for what is no namespace. */
  private long typeOf(Fd opened) {
    try {
      return kernel.processes().namespaceType(opened);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOTTY) {
        return 0;
      }
      throw e;
    }
  }

  /**
   * Refuses what is neither below a directory that the guard allows nor the tenant's own, and the
   * host's.
   */
  void requireAllowed(NamespaceFile wanted, Fd opened, String tenant) {
    boolean hosts = isHosts(wanted, opened);
    if (hosts) {
      requireHostAllowed(wanted);
    }
    boolean asked = hosts && wanted.type() == Namespace.Type.USER; // as without a path
    if (!asked
        && policy.namespaceRoot(wanted.path()).isEmpty()
        && !belongsTo(tenant, wanted, opened)) {
      throw notAllowed();
    }
  }

  private void requireHostAllowed(NamespaceFile wanted) {
    boolean users = wanted.type() == Namespace.Type.USER;
    if (!(users ? policy.hostUserNamespace() : policy.hostNamespaces())) {
      throw Refusal.guard(
              users ? "user-namespace.host" : "namespaces.host",
              "On this host a container must not join a namespace of the host.")
          .exception();
    }
  }

  private static RefusedException notAllowed() {
    return Refusal.guard(
            "namespaces.roots",
            "A namespace to be joined is not below a directory that this host allows, nor that of"
                + " one of the tenant's sandboxes.")
        .exception();
  }

  boolean isHosts(NamespaceFile wanted, Fd opened) {
    try (Fd own = proc.ownNamespace(wanted.word())) {
      return same(own, opened);
    }
  }

  boolean belongsTo(String tenant, NamespaceFile wanted, Fd opened) {
    boolean users = wanted.type() == Namespace.Type.USER;
    return sandboxes.get().stream()
        .filter(sandbox -> sandbox.record().getTenant().equals(tenant))
        .flatMap(sandbox -> users ? holder(sandbox) : processes(sandbox))
        .anyMatch(pidfd -> isOf(pidfd, wanted, opened));
  }

  /** Alone: a container's process may have made a user namespace with maps of its own choosing. */
  private static Stream<Fd> holder(Sandbox sandbox) {
    return sandbox.holder().map(Holder::pidfd).stream();
  }

  /** caisson-init, and the first process of each container. */
  private static Stream<Fd> processes(Sandbox sandbox) {
    return Stream.concat(
        holder(sandbox),
        sandbox.containers().stream()
            .flatMap(container -> container.running().stream())
            .map(Container.Running::pidfd));
  }

  private boolean isOf(Fd pidfd, NamespaceFile wanted, Fd opened) {
    try (Fd theirs = proc.namespace(pidfd, wanted.word())) {
      return same(theirs, opened);
    } catch (LinuxException e) {
      return false; // it has ended
    }
  }

  private boolean same(Fd one, Fd other) {
    return kernel.files().status(one).sameFile(kernel.files().status(other));
  }
}
