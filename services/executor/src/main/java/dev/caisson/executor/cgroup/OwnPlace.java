package dev.caisson.executor.cgroup;

import dev.caisson.linux.Files;
import dev.caisson.linux.LinuxException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The cgroups that this process was started in, as they are where sandboxes have none of their own:
 * hierarchies of version 1 beside those that are used. What runs in sandboxes would be in them too,
 * and whoever started the executor, as a container engine, ends all that is in them with it.
 */
public final class OwnPlace {
  private static final System.Logger LOG = System.getLogger(OwnPlace.class.getName());

  /**
   * A unit of systemd's, as ours, ends its main process alone with KillMode=process:
   * systemd.kill(5).
   */
  private static final String UNIT = ".service";

  /** Beside the sandboxes' parent: whatever is in that may be ended. */
  private static final String BESIDE = "-executor";

  /** This process, whatever its number is in the PID namespace of who reads it: cgroups(7). */
  private static final String SELF = "0";

  private final ControlFiles files;
  private final List<Mountinfo.Entry> mounts;

  OwnPlace(Files kernelFiles, List<Mountinfo.Entry> mounts) {
    this.files = new ControlFiles(kernelFiles);
    this.mounts = mounts;
  }

  /**
   * That of this process.
   *
   * @param mountinfo {@code /proc/self/mountinfo}
   */
  public static OwnPlace of(Files kernelFiles, Path mountinfo) {
    return new OwnPlace(kernelFiles, Mountinfo.read(mountinfo));
  }

  /**
   * Moves this process, and so what it starts from now on, to a cgroup of its own beside the
   * sandboxes'.
   *
   * @param own {@code /proc/self/cgroup}
   * @param parent of all sandboxes
   */
  public void leave(String own, String parent) {
    Set<String> used =
        Hierarchies.detect(mounts, files).all().stream()
            .filter(hierarchy -> !hierarchy.unified())
            .flatMap(hierarchy -> hierarchy.controllers().stream())
            .map(controller -> controller.kernelName(false))
            .collect(Collectors.toSet());
    Map<String, String> paths = Membership.parse(own).paths();
    for (Mountinfo.Entry mount : Mountinfo.wholeFirst(mounts)) {
      if (mount.type().equals("cgroup") && Collections.disjoint(mount.superOptions(), used)) {
        placeIn(mount, paths)
            .filter(path -> !path.equals("/") && !path.equals(parent + BESIDE))
            .filter(path -> !path.endsWith(UNIT) && !path.contains(UNIT + "/"))
            .ifPresent(path -> move(mount.mountPoint(), path, parent + BESIDE));
      }
    }
  }

  private static Optional<String> placeIn(Mountinfo.Entry mount, Map<String, String> paths) {
    return mount.root().equals("/")
        ? mount.superOptions().stream().filter(paths::containsKey).map(paths::get).findFirst()
        : Optional.empty();
  }

  private void move(Path mount, String from, String to) {
    try {
      Path directory = mount;
      for (String name : to.substring(1).split("/", -1)) {
        directory = directory.resolve(name);
        if (!files.exists(directory)) {
          files.makeDirectory(directory);
        }
      }
      files.write(directory.resolve("cgroup.procs"), SELF);
    } catch (LinuxException e) {
      LOG.log(
          Level.WARNING,
          "Sandboxes stay in {0} of {1}: who ends all processes there ends them ({2})",
          from,
          mount,
          e.getMessage());
    }
  }
}
