package dev.caisson.executor.plan;

import dev.caisson.proto.types.v1.Namespace;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A descriptor that the executor opens, checks and sends along with a program, in the order of
 * {@link Plan#donations()}.
 */
public sealed interface Donation {

  /** How the lines of the steps call it. */
  String name();

  /**
   * How the executor comes by it, in the manner of strace(1). Paths are those that the caller gave.
   */
  String text();

  /** A standard stream, by its number. */
  enum Stream {
    STDIN(0),
    STDOUT(1),
    STDERR(2);

    private final int number;

    Stream(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  /** An image's device files are files. */
  Set<Flag> NO_DEVICES = Set.of(Flag.MOUNT_ATTR_NODEV);

  /** How mounts of one side reach the other. */
  enum Propagation {
    PRIVATE,
    SLAVE
  }

  /**
   * The root filesystem: a detached recursive copy of the mount at a directory of the host, with
   * the attributes, id-mapped where there is a user namespace.
   *
   * @param lower whether it only lies below an overlay
   * @param writable whether the container can write to it
   */
  record RootTree(String path, Propagation propagation, boolean lower, boolean writable)
      implements Donation {
    public MountAttributes attributes() {
      return new MountAttributes(
          lower ? Set.of(Flag.MOUNT_ATTR_NODEV, Flag.MOUNT_ATTR_RDONLY) : NO_DEVICES, propagation);
    }

    /** What is mounted inside the directory is not seen through an overlay. */
    public boolean recursive() {
      return !lower;
    }

    @Override
    public String name() {
      return "rootfs";
    }

    @Override
    public String text() {
      return "open_tree("
          + Quoted.of(path)
          + (recursive()
              ? ", AT_RECURSIVE|OPEN_TREE_CLONE) = rootfs "
              : ", OPEN_TREE_CLONE) = rootfs ")
          + attributes().text();
    }
  }

  /**
   * The root filesystem in a file: an EROFS image, mounted by the executor as a detached mount with
   * the attributes, id-mapped where there is a user namespace.
   */
  record RootImage(String path) implements Donation {
    public MountAttributes attributes() {
      return new MountAttributes(
          Set.of(Flag.MOUNT_ATTR_NODEV, Flag.MOUNT_ATTR_RDONLY), Propagation.PRIVATE);
    }

    @Override
    public String name() {
      return "rootfs";
    }

    @Override
    public String text() {
      return "fsmount(erofs, " + Quoted.of(path) + ") = rootfs " + attributes().text();
    }
  }

  /**
   * Where what a container writes goes: a directory that the executor has made for this container,
   * as a detached mount, id-mapped where there is a user namespace.
   *
   * @param directory in which it is made
   */
  record UpperTree(String directory) implements Donation {
    public MountAttributes attributes() {
      return new MountAttributes(NO_DEVICES, Propagation.PRIVATE);
    }

    @Override
    public String name() {
      return "upper";
    }

    @Override
    public String text() {
      return "open_tree(mkdirat("
          + Quoted.of(directory)
          + ", container's own, 0700), OPEN_TREE_CLONE) = upper "
          + attributes().text();
    }
  }

  /**
   * A directory or file of the host: a detached copy of the mount there, to which the attributes
   * have been applied.
   *
   * @param number counts the bind mounts from 0
   * @param idMap absent: as the sandbox's ids are
   */
  record BindTree(
      int number,
      String source,
      boolean recursive,
      MountAttributes attributes,
      Optional<IdMap> idMap)
      implements Donation {
    @Override
    public String name() {
      return "bind" + number;
    }

    @Override
    public String text() {
      String flags = recursive ? "AT_RECURSIVE|OPEN_TREE_CLONE" : "OPEN_TREE_CLONE";
      String call = "open_tree(" + Quoted.of(source) + ", " + flags + ") = " + name();
      return call + " " + attributes.text() + idMap.map(map -> " " + map.text()).orElse("");
    }
  }

  /**
   * A device of the host: a detached copy of the mount of its node alone, whose type and numbers
   * were checked, with the attributes. Nodes cannot be made inside a user namespace.
   */
  record DeviceTree(String path, int major, int minor) implements Donation {
    /**
     * The node is the host's: nobody shall change its mode. A device can be written nevertheless.
     */
    public MountAttributes attributes() {
      return new MountAttributes(
          Set.of(Flag.MOUNT_ATTR_RDONLY, Flag.MOUNT_ATTR_NOSUID, Flag.MOUNT_ATTR_NOEXEC),
          Propagation.PRIVATE);
    }

    @Override
    public String name() {
      return Paths.name(path);
    }

    @Override
    public String text() {
      String device = " (character device " + major + ":" + minor + ") ";
      String call = "open_tree(" + Quoted.of(path) + ", OPEN_TREE_CLONE) = " + name();
      return call + device + attributes().text();
    }
  }

  /**
   * A device of the host that a specification lists: a detached copy of the mount of its node
   * alone, which is found by its numbers, with the attributes of {@link DeviceTree}.
   *
   * @param number counts the devices from 0
   * @param path in the container; the host's may be another
   */
  record HostDevice(int number, String path, boolean block, int major, int minor)
      implements Donation {
    public MountAttributes attributes() {
      return new DeviceTree(path, major, minor).attributes();
    }

    @Override
    public String name() {
      return "device" + number;
    }

    @Override
    public String text() {
      String device = (block ? "block" : "character") + " device " + major + ":" + minor;
      return "open_tree(" + device + ", OPEN_TREE_CLONE) = " + name() + " " + attributes().text();
    }
  }

  /**
   * The file of the process's own cgroup to which it writes itself, open for writing.
   *
   * @param hierarchy of version 1: its controllers, {@code cpu,cpuacct}, or {@code name=systemd};
   *     of version 2 {@link #UNIFIED}
   */
  record CgroupEntry(String hierarchy) implements Donation {
    public static final String UNIFIED = "v2";

    @Override
    public String name() {
      return "cgroup." + hierarchy;
    }

    /**
     * Its name. In version 1 {@code tasks}: a thread that writes itself there does not wait for an
     * RCU grace period, as the writer of {@code cgroup.procs} does (5 to 15 ms; {@code
     * cgroup_procs_write_start} in Linux's kernel/cgroup/cgroup.c, since 5.5). Whoever joins has
     * one thread, so that both are the same.
     */
    public String file() {
      return hierarchy.equals(UNIFIED) ? "cgroup.procs" : "tasks";
    }

    @Override
    public String text() {
      return "openat2(cgroup of " + hierarchy + ", \"" + file() + "\", O_WRONLY) = " + name();
    }
  }

  /**
   * The process's end of a pipe, owned by the process's user: a program may open {@code
   * /dev/stdout} anew.
   *
   * @param uid in the container's user namespace, unsigned
   * @param gid in the container's user namespace, unsigned
   * @param given a local caller's, which may be no pipe: then it keeps its owner
   */
  record Stdio(Stream stream, int uid, int gid, boolean given) implements Donation {
    /** The executor's. */
    Stdio(Stream stream, int uid, int gid) {
      this(stream, uid, gid, false);
    }

    @Override
    public String name() {
      return stream.name().toLowerCase(java.util.Locale.ROOT);
    }

    @Override
    public String text() {
      String owner = Integer.toUnsignedString(uid) + ":" + Integer.toUnsignedString(gid);
      return given
          ? "recvmsg(local caller) = " + name() + " (a pipe's owner " + owner + ")"
          : "pipe2() = " + name() + " (owner " + owner + ")";
    }
  }

  /** A descriptor of a local caller: see {@link Passed}. */
  record Given(String name) implements Donation {
    @Override
    public String text() {
      return "recvmsg(local caller) = " + name;
    }
  }

  /** Where a program sends the master of its terminal to. */
  record TerminalSocket() implements Donation {
    @Override
    public String name() {
      return "terminal";
    }

    @Override
    public String text() {
      return "socketpair(AF_UNIX, SOCK_SEQPACKET) = terminal";
    }
  }

  /** One end of a pair of sockets: the listener of the process's filter goes through it. */
  record ListenerSocket() implements Donation {
    @Override
    public String name() {
      return "listener-socket";
    }

    @Override
    public String text() {
      return "socketpair() = listener-socket";
    }
  }

  /**
   * A pipe that holds the home directory of a user, as the container's own {@code /etc/passwd} has
   * it.
   *
   * @param uid in the container's user namespace, unsigned
   */
  record Home(int uid) implements Donation {
    @Override
    public String name() {
      return "home";
    }

    @Override
    public String text() {
      String user = Integer.toUnsignedString(uid);
      return "pipe2() = home (of user " + user + " in the container's /etc/passwd)";
    }
  }

  /** A sysfs of a network namespace that is not the sandbox's own: a detached mount. */
  record SysTree() implements Donation {
    @Override
    public String name() {
      return "sysfs";
    }

    @Override
    public String text() {
      return "fsmount(sysfs of the network namespace, ro, nosuid, nodev, noexec) = sysfs";
    }
  }

  /** All that the host has mounted: a detached copy, which nothing that is mounted in it leaves. */
  record HostTree() implements Donation {
    @Override
    public String name() {
      return "host";
    }

    @Override
    public String text() {
      return "open_tree(\"/\", AT_RECURSIVE|OPEN_TREE_CLONE) = host (private)";
    }
  }

  /**
   * Where in {@link HostTree} the host has a directory. Opened by the executor: in a user namespace
   * not everybody may look behind each directory of the host's.
   */
  record HostDirectory(String path) implements Donation {
    @Override
    public String name() {
      return "place";
    }

    @Override
    public String text() {
      return "openat2(host, " + Quoted.of(path) + ", O_PATH|O_DIRECTORY) = place";
    }
  }

  /** The message queues of an IPC namespace that is not the sandbox's own: a detached mount. */
  record Queues(List<Flag> attributes) implements Donation {
    public Queues {
      attributes = List.copyOf(attributes);
    }

    @Override
    public String name() {
      return "mqueue";
    }

    @Override
    public String text() {
      String words =
          attributes.stream()
              .map(flag -> ", " + flag.name().replace("MOUNT_ATTR_", "").toLowerCase(Locale.ROOT))
              .collect(Collectors.joining());
      return "fsmount(mqueue of the IPC namespace" + words + ") = mqueue";
    }
  }

  /**
   * The container's own cgroup in a hierarchy, where there are some of version 1: a detached copy
   * of the mount of its directory, with these attributes and no others. It is what a cgroup
   * namespace of the container's shows when the hierarchy is mounted there, for which the kernel
   * would walk through every cgroup of the host, or wait for who takes one apart.
   *
   * @param hierarchy as in {@link CgroupEntry}
   */
  record CgroupTree(String hierarchy, List<Flag> attributes) implements Donation {
    public CgroupTree {
      attributes = List.copyOf(attributes);
    }

    @Override
    public String name() {
      return "cgroup-tree." + hierarchy;
    }

    @Override
    public String text() {
      var exactly = new MountAttributes(Set.copyOf(attributes), Propagation.PRIVATE);
      String call = "open_tree(cgroup of " + hierarchy + ", OPEN_TREE_CLONE) = " + name();
      return call + " " + exactly.text();
    }
  }

  /** A pidfd of the container's first process. */
  record ContainerProcess() implements Donation {
    @Override
    public String name() {
      return "container";
    }

    @Override
    public String text() {
      return "pidfd_open(first process of the container) = container";
    }
  }

  /**
   * A namespace of the container's first process while that has executed nothing yet, and nobody in
   * the container may look at it: ptrace(2), "Ptrace access mode checking".
   */
  record ContainerNamespace(Namespace.Type type) implements Donation {
    private NamespaceFile file() {
      return new NamespaceFile(type, "");
    }

    public Flag flag() {
      return file().flag();
    }

    /** As procfs calls it. */
    public String word() {
      return file().word();
    }

    @Override
    public String name() {
      return "container-" + file().name();
    }

    @Override
    public String text() {
      return "openat2(first process of the container, \"ns/" + word() + "\") = " + name();
    }
  }

  /**
   * A file by which programs know names, which the executor has written for the container's
   * sandbox: a detached mount of it.
   *
   * @param file its name, {@code hosts}
   */
  record NameFile(String file) implements Donation {
    public MountAttributes attributes() {
      return new MountAttributes(
          Set.of(
              Flag.MOUNT_ATTR_RDONLY,
              Flag.MOUNT_ATTR_NOSUID,
              Flag.MOUNT_ATTR_NODEV,
              Flag.MOUNT_ATTR_NOEXEC),
          Propagation.PRIVATE);
    }

    @Override
    public String name() {
      return file;
    }

    @Override
    public String text() {
      return "open_tree(the sandbox's "
          + file
          + ", OPEN_TREE_CLONE) = "
          + file
          + " "
          + attributes().text();
    }
  }

  /** A namespace, opened and checked for its type. */
  record NamespaceFile(Namespace.Type type, String path) implements Donation {
    /** As clone3(2) calls it. */
    public Flag flag() {
      return switch (type) {
        case PID -> Flag.CLONE_NEWPID;
        case NETWORK -> Flag.CLONE_NEWNET;
        case MOUNT -> Flag.CLONE_NEWNS;
        case IPC -> Flag.CLONE_NEWIPC;
        case UTS -> Flag.CLONE_NEWUTS;
        case USER -> Flag.CLONE_NEWUSER;
        case CGROUP -> Flag.CLONE_NEWCGROUP;
        case TIME -> Flag.CLONE_NEWTIME;
        case TYPE_UNSPECIFIED, UNRECOGNIZED ->
            throw new IllegalArgumentException("a namespace has a type: " + path);
      };
    }

    /** As procfs calls it. Source: namespaces(7). */
    public String word() {
      return switch (type) {
        case NETWORK -> "net";
        case MOUNT -> "mnt";
        default -> type.name().toLowerCase(java.util.Locale.ROOT);
      };
    }

    @Override
    public String name() {
      return type.name().toLowerCase(java.util.Locale.ROOT) + "-namespace";
    }

    @Override
    public String text() {
      return "openat2(" + Quoted.of(path) + ", O_RDONLY) = " + name();
    }
  }
}
