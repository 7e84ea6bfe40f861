package dev.caisson.linux;

import java.util.Map;
import java.util.Set;

/** Mounts that are attached nowhere yet: made, changed, then donated. Thread-safe. */
public interface Mounts {
  /** A detached copy of the mount at a file or directory, open_tree(2): a bind mount to be. */
  Fd cloneTree(Fd at, boolean recursive);

  /** mount_setattr(2). */
  void setAttributes(Fd mount, MountAttributes attributes, boolean recursive);

  /**
   * A new filesystem as a detached mount: fsopen, fsconfig, fsmount.
   *
   * <p>The kernel's own explanation of a failure is in the exception's subject, if it gave one.
   *
   * @param options set in the map's order; an empty value makes a flag
   */
  Fd filesystem(String type, Map<String, String> options, Set<MountFlag> flags);

  /**
   * A sysfs that shows a network namespace, as a detached mount. A thread of its own enters the
   * namespace for it, and ends.
   */
  Fd sysfsOf(Fd networkNamespace, Set<MountFlag> flags);

  /** The same of a mqueue, which shows the IPC namespace that a process is in. */
  Fd mqueueOf(Fd pidfd, Set<MountFlag> flags);
}
