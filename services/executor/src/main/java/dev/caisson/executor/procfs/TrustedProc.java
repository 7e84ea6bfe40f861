package dev.caisson.executor.procfs;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Resolve;
import dev.caisson.proto.types.v1.IdMapping;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * The host's procfs, through a descriptor whose filesystem was checked: what is read and written
 * here is never a file that somebody has put in its place.
 *
 * <p>Thread-safe.
 */
public final class TrustedProc implements AutoCloseable {
  /** {@code PROC_SUPER_MAGIC} of linux/magic.h. */
  private static final long PROC_MAGIC = 0x9fa0;

  /** No file that is read here is longer. */
  private static final int MAX_BYTES = 64 * 1024;

  private static final Set<Resolve> PLAIN =
      EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS, Resolve.NO_MOUNT_CROSSING);

  /**
   * Links of {@code ns/}, and {@code root}, are magic ones, and lead to another filesystem. Nothing
   * but such a link is opened so.
   */
  private static final Set<Resolve> MAGIC = EnumSet.noneOf(Resolve.class);

  /** {@code self} is a link. */
  private static final Set<Resolve> SELF =
      EnumSet.of(Resolve.BENEATH, Resolve.NO_MAGIC_LINKS, Resolve.NO_MOUNT_CROSSING);

  private static final String CORE_DUMPS = "self/coredump_filter";

  /** {@code MMF_DUMP_FILTER_DEFAULT} of include/linux/mm_types.h, with ELF headers. */
  private static final String DEFAULT_CORE_DUMPS = "0x33";

  private static final String NUMBERS = "NSpid:";
  private static final String EFFECTIVE = "CapEff:";
  private static final List<String> PENDING = List.of("SigPnd:", "ShdPnd:");
  private static final int SIGKILL = 9;

  /** From when a process lets go of its files to when its pidfd says that it has ended. */
  private static final Duration ENDS_WITHIN = Duration.ofMillis(100);

  private static final String BOOT_TIME = "btime ";

  private static final String USER_IDS = "Uid:";

  /**
   * {@code PROC_USER_INIT_INO} of include/linux/proc_ns.h: the inode of the user namespace that the
   * kernel starts with, in which root is root.
   */
  private static final long FIRST_USER_NAMESPACE = 0xEFFFFFFDL;

  /**
   * Where this process finds its own descriptors and namespaces, not by way of this class alone.
   */
  private static final List<String> OWN = List.of("self/fd", "self/ns");

  private final Kernel kernel;
  private final Fd proc;

  /**
   * @throws LinuxException (ENOTSUP) when /proc is not the procfs of this PID namespace, (EXDEV)
   *     when something is mounted over what is this process's in it
   */
  public TrustedProc(Kernel kernel) {
    this.kernel = kernel;
    this.proc = kernel.files().open(Path.of("/proc"), OpenFlag.PATH, OpenFlag.DIRECTORY);
    try {
      require(kernel.files().filesystemMagic(proc) == PROC_MAGIC, "it is not procfs");
      require(isOfThisNamespace(), "it shows the processes of another PID namespace");
      OWN.forEach(place -> kernel.files().openIn(proc, place, SELF, OpenFlag.PATH).close());
    } catch (LinuxException e) {
      proc.close();
      throw e;
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new LinuxException("trust", "/proc: " + otherwise, Errno.EOPNOTSUPP);
    }
  }

  /** Otherwise a number would be one process's here, and another's there. */
  private boolean isOfThisNamespace() {
    String number = Long.toString(ProcessHandle.current().pid());
    try (Fd self = kernel.files().openIn(proc, "self", SELF, OpenFlag.PATH);
        Fd numbered = kernel.files().openIn(proc, number, PLAIN, OpenFlag.PATH)) {
      return kernel.files().status(self).sameFile(kernel.files().status(numbered));
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOENT) {
        return false; // there is no such process there
      }
      throw e;
    }
  }

  /** Writes a file of the process, {@code uid_map}, in one write. */
  public void write(Fd pidfd, String file, String content) {
    try (Fd target = openOf(pidfd, pid -> plain(pid + "/" + file, OpenFlag.WRITE_ONLY))) {
      ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(US_ASCII));
      int written = kernel.files().write(target, bytes);
      if (written != content.length()) {
        throw new LinuxException("write", file, Errno.EIO);
      }
    } catch (LinuxException e) {
      throw new LinuxException("write", "/proc/<pid>/" + file, e.errno());
    }
  }

  /** A file of the process. */
  public String read(Fd pidfd, String file) {
    try (Fd source = openOf(pidfd, pid -> plain(pid + "/" + file, OpenFlag.READ_ONLY))) {
      return new String(kernel.files().readGenerated(source, MAX_BYTES), StandardCharsets.UTF_8);
    }
  }

  /**
   * Gives this process the kernel's own choice of what is in a core dump, core(5). A JVM adds to
   * its own at its start, and every container inherits it.
   */
  public void resetCoreDumps() {
    try (Fd target = kernel.files().openIn(proc, CORE_DUMPS, SELF, OpenFlag.WRITE_ONLY)) {
      var _ = kernel.files().write(target, US_ASCII.encode(DEFAULT_CORE_DUMPS));
    }
  }

  /** A namespace of the process: {@code user}, {@code net} … */
  public Fd namespace(Fd pidfd, String name) {
    return openOf(pidfd, pid -> namespace(pid, name));
  }

  /** The root directory of the process: whoever resolves a path from there stays in it. */
  public Fd root(Fd pidfd) {
    return openOf(pidfd, pid -> link(plain(pid + "", OpenFlag.PATH), "root", OpenFlag.PATH));
  }

  /** A namespace of whatever process has this number now. */
  public Fd namespace(int pid, String name) {
    return link(plain(pid + "/ns", OpenFlag.PATH), name, OpenFlag.READ_ONLY);
  }

  /** A namespace of this process. */
  public Fd ownNamespace(String name) {
    Fd directory = kernel.files().openIn(proc, "self/ns", SELF, OpenFlag.PATH);
    return link(directory, name, OpenFlag.READ_ONLY);
  }

  /** Whether this process's root is the host's, and not that of a user namespace. */
  public boolean isHostsRoot() {
    try (Fd own = ownNamespace("user")) {
      return kernel.files().status(own).inode() == FIRST_USER_NAMESPACE;
    }
  }

  /** This process's effective user id, as its user namespace has it. Source: proc_pid_status(5). */
  public int effectiveUser() {
    return readBytes("self/status", SELF)
        .orElseThrow()
        .lines()
        .filter(line -> line.startsWith(USER_IDS))
        .map(line -> line.split("\\s+", -1)[2])
        .mapToInt(Integer::parseUnsignedInt)
        .findFirst()
        .orElseThrow();
  }

  /** The cgroups of this process: cgroups(7), {@code /proc/pid/cgroup}. */
  public String ownCgroups() {
    return readBytes("self/cgroup", SELF).orElse("");
  }

  /**
   * Whether processes of this user namespace may change their supplementary groups:
   * user_namespaces(7), {@code /proc/pid/setgroups}.
   */
  public boolean maySetGroups() {
    return !readBytes("self/setgroups", SELF).orElse("").strip().equals("deny");
  }

  /** Every process that there is now, by its number. */
  List<Integer> processes() {
    return kernel.files().directories(proc.path()).stream()
        .filter(name -> name.chars().allMatch(digit -> digit >= '0' && digit <= '9'))
        .map(Integer::valueOf)
        .toList();
  }

  private Fd plain(String path, OpenFlag flag) {
    return kernel.files().openIn(proc, path, PLAIN, flag);
  }

  /** What a magic link leads to. Closes the directory. */
  private Fd link(Fd directory, String name, OpenFlag flag) {
    try (directory) {
      return kernel.files().openIn(directory, name, MAGIC, flag);
    }
  }

  private Fd openOf(Fd pidfd, IntFunction<Fd> open) {
    int pid = kernel.processes().pid(pidfd);
    if (pid <= 0) {
      throw ended(pid);
    }
    Fd opened = opened(pidfd, pid, open);
    // The number may have become another process's between the two: then this one has been reaped.
    if (numberNow(pidfd, opened) != pid) {
      opened.close();
      throw ended(pid);
    }
    return opened;
  }

  private Fd opened(Fd pidfd, int pid, IntFunction<Fd> open) {
    try {
      return open.apply(pid);
    } catch (LinuxException e) {
      // Files of one that is ending go before its pidfd says so.
      if (e.errno() == Errno.ENOENT && kernel.sockets().awaitReadable(pidfd, ENDS_WITHIN)) {
        throw ended(pid);
      }
      throw e;
    }
  }

  private static LinuxException ended(int pid) {
    return new LinuxException("open", "a file of process " + pid, Errno.ESRCH);
  }

  /** Closes what was opened where it cannot be told. */
  private int numberNow(Fd pidfd, Fd opened) {
    try {
      return kernel.processes().pid(pidfd);
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /** A file of whatever process has this number now; empty when none has. */
  public Optional<String> read(int pid, String file) {
    return readBytes(pid + "/" + file);
  }

  /**
   * The ids that this process's user namespace has, each mapped to itself.
   *
   * @param map {@code uid_map} or {@code gid_map}: user_namespaces(7)
   */
  public List<IdMapping> identity(String map) {
    return mappings(readBytes("self/" + map, SELF).orElseThrow()).stream()
        .map(one -> one.toBuilder().setHostId(one.getContainerId()).build())
        .toList();
  }

  /**
   * Which ids of this process's user namespace the other process's has.
   *
   * @param map {@code uid_map} or {@code gid_map}: user_namespaces(7)
   */
  public List<IdMapping> mappings(Fd pidfd, String map) {
    return mappings(read(pidfd, map));
  }

  private static List<IdMapping> mappings(String lines) {
    return lines.lines().map(TrustedProc::mapping).toList();
  }

  private static IdMapping mapping(String line) {
    String[] numbers = line.strip().split("\\s+", -1);
    return IdMapping.newBuilder()
        .setContainerId(Integer.parseUnsignedInt(numbers[0]))
        .setHostId(Integer.parseUnsignedInt(numbers[1]))
        .setSize(Integer.parseUnsignedInt(numbers[2]))
        .build();
  }

  /** When the process with this number was started; 0 when there is none. */
  public long startTicks(int pid) {
    return stat(pid).map(ProcessStat::startTicks).orElse(0L);
  }

  /** What a process is called in its own PID namespace; 0 when it has ended. */
  public int innermostPid(int pid) {
    return read(pid, "status").map(TrustedProc::innermostPid).orElse(0);
  }

  /** Source: proc_pid_status(5), "NSpid". */
  public static int innermostPid(String status) {
    String numbers =
        status.lines().filter(line -> line.startsWith(NUMBERS)).findFirst().orElseThrow();
    return Integer.parseInt(numbers.substring(numbers.lastIndexOf('\t') + 1));
  }

  /** The greatest capability that the kernel knows, by its number. Source: capabilities(7). */
  public int lastCapability() {
    return Integer.parseInt(readBytes("sys/kernel/cap_last_cap").orElseThrow().strip());
  }

  /** Whether this process has a capability in force, by its number: proc_pid_status(5). */
  public boolean hasCapability(int number) {
    return readBytes("self/status", SELF)
        .orElseThrow()
        .lines()
        .filter(line -> line.startsWith(EFFECTIVE))
        .mapToLong(line -> Long.parseUnsignedLong(line.substring(EFFECTIVE.length()).strip(), 16))
        .anyMatch(set -> (set >>> number & 1) == 1);
  }

  /** The most that anybody's limit of open files can be: proc_sys_fs(5), {@code nr_open}. */
  public long mostOpenFiles() {
    return Long.parseLong(readBytes("sys/fs/nr_open").orElseThrow().strip());
  }

  /** A name of this boot of the kernel. Source: random(4). */
  public String bootId() {
    return readBytes("sys/kernel/random/boot_id").orElseThrow().strip();
  }

  /** When the process was started, to the second. Source: proc_stat(5), {@code btime}. */
  public Instant startTime(ProcessStat process) {
    long boot =
        readBytes("stat")
            .orElseThrow()
            .lines()
            .filter(line -> line.startsWith(BOOT_TIME))
            .findFirst()
            .map(line -> Long.parseLong(line.substring(BOOT_TIME.length())))
            .orElseThrow();
    return Instant.ofEpochSecond(boot).plus(process.sinceBoot());
  }

  /** CPU time for each 100 of time since its start. Source: proc_uptime(5). */
  public int cpuPercent(ProcessStat process) {
    String uptime = readBytes("uptime").orElseThrow();
    long millis =
        new BigDecimal(uptime.substring(0, uptime.indexOf(' '))).movePointRight(3).longValue();
    return process.cpuPercent(Duration.ofMillis(millis));
  }

  public Optional<ProcessStatus> status(int pid) {
    return read(pid, "status").flatMap(ProcessStatus::parse);
  }

  /** Whether a SIGKILL waits to end the process: proc_pid_status(5), {@code SigPnd}. */
  public boolean isKilled(int pid) {
    return read(pid, "status").orElse("").lines().anyMatch(TrustedProc::hasKill);
  }

  private static boolean hasKill(String line) {
    int value = line.indexOf(':') + 1;
    return PENDING.contains(line.substring(0, value))
        && (Long.parseUnsignedLong(line.substring(value).strip(), 16) >>> (SIGKILL - 1) & 1) == 1;
  }

  public Optional<ProcessStat> stat(int pid) {
    return read(pid, "stat").flatMap(ProcessStat::parse);
  }

  private Optional<String> readBytes(String path) {
    return readBytes(path, PLAIN);
  }

  private Optional<String> readBytes(String path, Set<Resolve> resolve) {
    try (Fd source = kernel.files().openIn(proc, path, resolve, OpenFlag.READ_ONLY)) {
      byte[] content = kernel.files().readGenerated(source, MAX_BYTES);
      return Optional.of(new String(content, StandardCharsets.UTF_8));
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ESRCH) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    proc.close();
  }
}
