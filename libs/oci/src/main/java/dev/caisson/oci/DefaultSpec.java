package dev.caisson.oci;

import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;

/** A container for those who bring a root filesystem and a command, and nothing else. */
public final class DefaultSpec {
  /** What a root that is none needs to install, serve and switch users; no more. */
  static final List<String> CAPABILITIES =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_FOWNER",
          "CAP_FSETID",
          "CAP_KILL",
          "CAP_NET_BIND_SERVICE",
          "CAP_SETFCAP",
          "CAP_SETGID",
          "CAP_SETPCAP",
          "CAP_SETUID",
          "CAP_SYS_CHROOT");

  /** Files of procfs and sysfs that tell of the host. */
  static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/sys/devices/virtual/powercap",
          "/sys/firmware");

  /** Files of procfs that change the host. */
  static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private static final String OCI_VERSION = "1.2.0";
  private static final long MAX_OPEN_FILES = 1024;

  private DefaultSpec() {}

  /**
   * A user namespace of its own, the default filter of system calls, new namespaces of every other
   * kind but time, no new privileges.
   *
   * @param rootfs absolute path of the directory on the host
   * @param args the program and its arguments; at least one
   */
  public static ContainerSpec of(String rootfs, List<String> args) {
    if (!rootfs.startsWith("/")) {
      throw OciException.invalid("rootfs", "be an absolute path", rootfs);
    }
    return ContainerSpec.newBuilder()
        .setOciVersion(OCI_VERSION)
        .setProcess(process(args))
        .setRoot(RootFilesystem.newBuilder().setPath(rootfs))
        .addAllMounts(mounts())
        .addAllNamespaces(namespaces())
        .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.AUTO))
        .setSeccomp(DefaultSeccomp.of(CAPABILITIES))
        .addAllMaskedPaths(MASKED)
        .addAllReadonlyPaths(READ_ONLY)
        .build();
  }

  private static Process process(List<String> args) {
    if (args.isEmpty()) {
      throw OciException.invalid("process.args", "have at least one entry", args);
    }
    return Process.newBuilder()
        .addAllArgs(args)
        .addEnv("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .setCwd("/")
        .setNoNewPrivileges(true)
        .setCapabilities(
            Capabilities.newBuilder()
                .addAllBounding(CAPABILITIES)
                .addAllEffective(CAPABILITIES)
                .addAllPermitted(CAPABILITIES))
        .addRlimits(
            Rlimit.newBuilder()
                .setType("RLIMIT_NOFILE")
                .setSoft(MAX_OPEN_FILES)
                .setHard(MAX_OPEN_FILES))
        .build();
  }

  private static List<Namespace> namespaces() {
    return List.of(
            Namespace.Type.PID,
            Namespace.Type.NETWORK,
            Namespace.Type.MOUNT,
            Namespace.Type.IPC,
            Namespace.Type.UTS,
            Namespace.Type.USER,
            Namespace.Type.CGROUP)
        .stream()
        .map(type -> Namespace.newBuilder().setType(type).build())
        .toList();
  }

  private static List<Mount> mounts() {
    return List.of(
        mount("/proc", "proc", "nosuid", "noexec", "nodev"),
        mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        mount(
            "/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
        mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        mount("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"));
  }

  private static Mount mount(String destination, String type, String... options) {
    return Mount.newBuilder()
        .setDestination(destination)
        .setType(type)
        .setSource(type)
        .addAllOptions(List.of(options))
        .build();
  }
}
