package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Starts the program of this process over. A namespace is each thread's own (namespaces(7)), and a
 * JVM has many threads before its first line runs; execve(2) leaves one, and so all that come after
 * are in the namespaces which that has entered.
 */
public final class Restart {
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();
  private static final Path PROGRAM = Path.of("/proc/self/exe");
  private static final String PROCFS = "/proc";
  private static final String CGROUPS = "/sys/fs/cgroup";

  /** proc_pid_mountinfo(5), of this thread: it alone has left the namespace of the others. */
  private static final Path MOUNTS = Path.of("/proc/thread-self/mountinfo");

  private static final int MOUNT_POINT = 4;
  private static final String BEFORE_TYPE = " - ";
  private static final Path FIRST_PROCESS = Path.of("/proc/1");

  /** The first of the kernel's threads, all of which are in the namespaces that it starts with. */
  private static final Path KTHREADD = Path.of("/proc/2");

  /** By {@code PROC_CGROUP_INIT_INO} of include/linux/proc_ns.h. */
  private static final String FIRST_CGROUP_NAMESPACE = "cgroup:[" + 0xEFFFFFFBL + "]";

  /** umount(2); of sys/mount.h alone, which cannot be included beside the kernel's own headers. */
  private static final int MNT_DETACH = 0x2;

  private static final String LOOPBACK = "lo";

  /** struct ifreq of linux/if.h: a name of 16 bytes, and a union. */
  private static final long IFREQ_BYTES = 40;

  private static final long IFREQ_FLAGS = 16;

  /** All but the standard ones; no limit is higher. */
  private static final long FIRST_DESCRIPTOR = 3;

  private static final long LAST_DESCRIPTOR = 0xffff_ffffL;

  private Restart() {}

  /**
   * The process keeps its number; its threads end where they are, and nothing is closed in order.
   * It is then in a network namespace with a loopback device alone, in the cgroup namespace of the
   * host, and in a mount namespace whose {@code /proc} is a procfs of its PID namespace, with
   * nothing hidden in that nor in {@code /sys}. What its starter mounts later still appears; what
   * it mounts does not appear to its starter.
   *
   * @param command all arguments, the first of them the program's name
   * @throws LinuxException if one of the steps is refused: then this process goes on, perhaps with
   *     the calling thread in some of those namespaces, and should end. EPERM: it takes
   *     CAP_SYS_ADMIN
   */
  public static void apart(List<String> command) {
    try (Arena arena = Arena.ofConfined()) {
      Path program = Files.readSymbolicLink(PROGRAM);
      unshare(Constants.CLONE_NEWNS, "make a mount namespace");
      mount(arena, "none", "/", "", Constants.MS_REC | Constants.MS_SLAVE);
      replaceProcfs(arena);
      uncoverSysfs(arena);
      enterCgroupsOfTheHost(arena);
      unshare(Constants.CLONE_NEWNET, "make a network namespace");
      raiseLoopback(arena);
      keepDescriptors();
      execute(arena, program, command);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void unshare(int kind, String operation) {
    Outcome.require(Downcalls.syscall(CALLS.unshare(), kind), operation, "of its own");
  }

  private static void mount(Arena arena, String source, String at, String type, long flags) {
    long mounted =
        Downcalls.syscall(
            CALLS.mount(),
            CString.in(arena, source).address(),
            CString.in(arena, at).address(),
            CString.in(arena, type).address(),
            flags,
            0);
    Outcome.require(mounted, "mount", at);
  }

  /** With all that lies upon it: no mount of that is left to be found. */
  private static void replaceProcfs(Arena arena) {
    detach(arena, PROCFS);
    mount(
        arena,
        "proc",
        PROCFS,
        "proc",
        Constants.MS_NOSUID | Constants.MS_NODEV | Constants.MS_NOEXEC);
  }

  /**
   * What a runtime hides below {@code /sys} lies there as a tmpfs or as /dev/null (OCI runtime
   * specification, "Masked paths"). While anything is hidden, no user namespace may mount a sysfs:
   * mount_namespaces(7).
   */
  private static void uncoverSysfs(Arena arena) throws IOException {
    for (String line : Files.readAllLines(MOUNTS)) {
      String[] fields = line.split(" ", -1);
      String point = fields[MOUNT_POINT];
      String type = line.substring(line.indexOf(BEFORE_TYPE) + BEFORE_TYPE.length());
      if (point.startsWith("/sys/")
          && !point.startsWith(CGROUPS)
          && (type.startsWith("tmpfs ") || type.startsWith("devtmpfs "))) {
        detach(arena, point);
      }
    }
  }

  private static void detach(Arena arena, String point) {
    long detached =
        Downcalls.syscall(CALLS.umount2(), CString.in(arena, point).address(), MNT_DETACH);
    Outcome.require(detached, "detach", point);
  }

  private static void enterCgroupsOfTheHost(Arena arena) throws IOException {
    // Its own would be taken for the host's, and its end would be that of all that it makes.
    if (ProcessHandle.current().pid() == 1) {
      throw new LinuxException(
          "find the host's first process", FIRST_PROCESS.toString(), Errno.ESRCH);
    }
    Path process = mayLookAt(FIRST_PROCESS) ? FIRST_PROCESS : KTHREADD;
    Path namespace = process.resolve("ns/cgroup");
    if (process.equals(KTHREADD)
        && !Files.readSymbolicLink(namespace).toString().equals(FIRST_CGROUP_NAMESPACE)) {
      throw new LinuxException("find the host's namespace", namespace.toString(), Errno.ESRCH);
    }
    long opened =
        Downcalls.syscall(
            CALLS.openat(),
            Constants.AT_FDCWD,
            CString.in(arena, namespace.toString()).address(),
            Constants.O_CLOEXEC);
    Outcome.require(
        Downcalls.syscall(
            CALLS.setns(), Outcome.require(opened, "open", namespace), Constants.CLONE_NEWCGROUP),
        "enter namespace",
        namespace);
  }

  /** ptrace(2), "Ptrace access mode checking": a security module may refuse what root may do. */
  private static boolean mayLookAt(Path process) throws IOException {
    try {
      Files.readSymbolicLink(process.resolve("ns/cgroup"));
      return true;
    } catch (AccessDeniedException e) {
      return false;
    }
  }

  /** netdevice(7). Some libraries take a host without any device that is up for a broken one. */
  private static void raiseLoopback(Arena arena) {
    long socket =
        Outcome.require(
            Downcalls.syscall(
                CALLS.socket(),
                Constants.AF_INET,
                Constants.SOCK_STREAM | Constants.SOCK_CLOEXEC,
                0),
            "make a socket for",
            LOOPBACK);
    MemorySegment request = arena.allocate(IFREQ_BYTES);
    request.setString(0, LOOPBACK);
    request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, Constants.IFF_UP);
    Outcome.require(
        Downcalls.syscall(CALLS.ioctl(), socket, Constants.SIOCSIFFLAGS, request.address()),
        "raise",
        LOOPBACK);
  }

  /** The standard ones alone. */
  private static void keepDescriptors() {
    Outcome.require(
        Downcalls.syscall(
            CALLS.closeRange(), FIRST_DESCRIPTOR, LAST_DESCRIPTOR, Constants.CLOSE_RANGE_CLOEXEC),
        "mark descriptors",
        "to be closed");
  }

  private static void execute(Arena arena, Path program, List<String> command) {
    List<String> environment =
        System.getenv().entrySet().stream()
            .map(variable -> variable.getKey() + "=" + variable.getValue())
            .toList();
    long result =
        Downcalls.syscall(
            CALLS.execve(),
            CString.in(arena, program.toString()).address(),
            CString.array(arena, command).address(),
            CString.array(arena, environment).address());
    throw Outcome.failure(result, "execute", program);
  }
}
