package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.MountAttributes;
import dev.caisson.linux.MountFlag;
import dev.caisson.linux.Mounts;
import dev.caisson.linux.OpenFlag;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * {@link Mounts} that are recorded. A new filesystem is an empty directory, a copy of a mount is
 * the same directory; attributes have no effect.
 */
final class FakeMounts implements Mounts {
  /** Where the directories of new filesystems are. */
  private static final Path DETACHED = Path.of("/detached-mounts");

  private final Monitor monitor;
  private final Recorder recorder;
  private final OpenFiles open;
  private final Tree tree;
  private int count;

  FakeMounts(Monitor monitor, Recorder recorder, OpenFiles open, Tree tree) {
    this.monitor = monitor;
    this.recorder = recorder;
    this.open = open;
    this.tree = tree;
  }

  @Override
  public Fd cloneTree(Fd at, boolean recursive) {
    recorder.enter("mounts.cloneTree", at, recursive);
    return monitor.change(() -> open.add(copy(at)));
  }

  private OpenNode copy(Fd at) {
    OpenNode original = open.get(at, OpenNode.class, Errno.EINVAL);
    return new OpenNode(original.path(), original.node(), Set.of(OpenFlag.PATH));
  }

  @Override
  public void setAttributes(Fd mount, MountAttributes attributes, boolean recursive) {
    recorder.enter("mounts.setAttributes", mount, attributes, recursive);
    open.get(mount, OpenNode.class, Errno.EINVAL);
    attributes.userNamespace().ifPresent(open::get);
  }

  @Override
  public Fd filesystem(String type, Map<String, String> options, Set<MountFlag> flags) {
    recorder.enter("mounts.filesystem", type, options, flags);
    return monitor.change(() -> {
      Path root = DETACHED.resolve(type + "-" + count++);
      tree.addDirectories(root);
      return open.add(tree.open(root, Set.of(OpenFlag.PATH)));
    });
  }

  @Override
  public Fd sysfsOf(Fd networkNamespace, Set<MountFlag> flags) {
    recorder.enter("mounts.sysfsOf", networkNamespace, flags);
    open.get(networkNamespace);
    return filesystem("sysfs", Map.of(), flags);
  }

  @Override
  public Fd mqueueOf(Fd pidfd, Set<MountFlag> flags) {
    recorder.enter("mounts.mqueueOf", pidfd, flags);
    open.get(pidfd);
    return filesystem("mqueue", Map.of(), flags);
  }
}
