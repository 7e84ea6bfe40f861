package dev.caisson.executor.sandbox;

import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import java.nio.file.Path;

/**
 * What this executor may do on its host.
 *
 * @param hostsRoot whether it is the host's root, and not that of a user namespace: whoever is not
 *     has only the ids of that namespace, and can id-map nothing that the host has mounted
 * @param groups whether its processes may change their supplementary groups
 */
public record Powers(boolean hostsRoot, boolean groups) {
  /** A file that every host has, with nothing mounted below it. */
  private static final Path ANYTHING = Path.of("/dev/null");

  /**
   * Those of this process.
   *
   * @throws LinuxException when it is nobody's root
   */
  public static Powers of(Kernel kernel, TrustedProc proc) {
    Powers powers = new Powers(proc.isHostsRoot(), proc.maySetGroups());
    if (proc.effectiveUser() != 0 || !mayMount(kernel)) {
      throw new LinuxException(
          "start as nobody's root; without the host's, start it by",
          "unshare --user --map-root-user --mount",
          Errno.EPERM);
    }
    return powers;
  }

  /** Only who owns the mount namespace may copy a mount of it: open_tree(2). */
  private static boolean mayMount(Kernel kernel) {
    try (Fd device = kernel.files().open(ANYTHING, OpenFlag.PATH)) {
      kernel.mounts().cloneTree(device, false).close();
      return true;
    } catch (LinuxException e) {
      if (e.errno() == Errno.EPERM) {
        return false;
      }
      throw e;
    }
  }
}
