package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Kernel parameters of a sandbox's network, IPC and UTS namespaces.
 *
 * <p>They are written through the sandbox's own procfs, before the container has a root: an image
 * that brings a false {@code /proc} cannot change what is written.
 */
final class Sysctls {
  private static final String FILES = "/proc/sys/";

  /** Of the IPC namespace, and one of the UTS namespace. */
  private static final Set<String> SINGLE =
      Set.of(
          "kernel/domainname",
          "kernel/msgmax",
          "kernel/msgmnb",
          "kernel/msgmni",
          "kernel/sem",
          "kernel/shmall",
          "kernel/shmmax",
          "kernel/shmmni",
          "kernel/shm_rmid_forced");

  private static final String DOMAIN = "kernel/domainname";

  /** Its groups must be mapped, and engines write more than any sandbox has: ip-sysctl.rst. */
  private static final String PING_GROUPS = "net/ipv4/ping_group_range";

  private static final Pattern PING_RANGE = Pattern.compile("(\\d{1,10})[ \t]+(\\d{1,10})");

  /** Ids of a user namespace that the executor has chosen: {@code UserNamespace.Mode.AUTO}. */
  static final int AUTO_IDS = 65_536;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)+");
  private static final int MAX_NAME = 255;
  private static final int MAX_VALUE = 1024;

  private Sysctls() {}

  static void set(Assembly assembly, ContainerSpec spec) {
    // Sorted: the order of a map is nobody's promise.
    Map<String, String> files = new TreeMap<>();
    new TreeMap<>(spec.getSysctlMap())
        .forEach((name, value) -> {
          check(name, value);
          String file = file(name);
          if (file.equals(DOMAIN) && !spec.getDomainname().isEmpty()) {
            throw invalid("not name what domainname names", name);
          }
          String possible =
              file.equals(PING_GROUPS) ? mapped(value, spec.getUserNamespace()) : value;
          if (files.put(file, possible) != null) {
            throw invalid("name each parameter once", name);
          }
        });
    files.forEach((file, value) -> set(assembly, file, value));
    assembly.concerns("");
  }

  private static void set(Assembly assembly, String file, String value) {
    assembly.concerns("sysctl." + dotted(file));
    if (file.equals(DOMAIN)) {
      // The file takes CAP_SYS_ADMIN of the host's user namespace, the call that of the sandbox's.
      Hostnames.check("sysctl", value);
      assembly.add(new NamespaceStep.SetDomainname(value));
    } else {
      write(assembly, file, value);
    }
  }

  private static void write(Assembly assembly, String path, String value) {
    Slot file = assembly.openTrusted(FILES + path, Flag.O_WRONLY, Flag.O_CLOEXEC);
    assembly.add(new FileStep.WriteParameter(file, value, dotted(path)));
    assembly.release(file);
  }

  private static void check(String name, String value) {
    if (name.length() > MAX_NAME || !NAME.matcher(name).matches() || !namespaced(file(name))) {
      throw invalid(
          "name parameters of the network or IPC namespace (net.…, fs.mqueue.…; the host's name is"
              + " hostname)",
          name);
    }
    if (value.isEmpty()
        || value.length() > MAX_VALUE
        || value.chars().anyMatch(c -> c < ' ' && c != '\t')) {
      throw invalid("have values of 1 to 1024 characters on one line", name + "=" + value);
    }
  }

  /** Whose the parameter is. */
  static Namespace.Type ownerOf(String name) {
    String file = file(name);
    if (file.startsWith("net/")) {
      return Namespace.Type.NETWORK;
    }
    return file.equals(DOMAIN) ? Namespace.Type.UTS : Namespace.Type.IPC;
  }

  private static RuntimeException invalid(String rule, String value) {
    return Refusal.invalid("sysctl", rule, value).exception();
  }

  private static boolean namespaced(String file) {
    return file.startsWith("net/") || file.startsWith("fs/mqueue/") || SINGLE.contains(file);
  }

  /**
   * As sysctl(8) does: the separator that comes first separates; where that is the dot, a slash
   * stands for a dot in a name, as interfaces have.
   */
  private static String file(String name) {
    int dot = name.indexOf('.');
    int slash = name.indexOf('/');
    return dot < 0 || (slash >= 0 && slash < dot) ? name : dotted(name);
  }

  /** Dots and slashes change places. */
  private static String dotted(String name) {
    StringBuilder other = new StringBuilder();
    name.chars().map(c -> c == '.' ? '/' : c == '/' ? '.' : c).forEach(c -> other.append((char) c));
    return other.toString();
  }

  /** The range, up to the last of its groups that the user namespace has. */
  private static String mapped(String value, UserNamespace users) {
    Matcher range = PING_RANGE.matcher(value);
    boolean all =
        users.getMode() == UserNamespace.Mode.HOST
            || users.getMode() == UserNamespace.Mode.IDENTITY;
    if (all || !range.matches()) {
      return value;
    }
    long last = lastMapped(Long.parseLong(range.group(2)), users);
    boolean none = last < Long.parseLong(range.group(1));
    return none ? value : range.group(1) + " " + last;
  }

  private static long lastMapped(long most, UserNamespace users) {
    boolean listed =
        users.getMode() == UserNamespace.Mode.MAPPED
            || users.getMode() == UserNamespace.Mode.JOINED;
    return listed
        ? users.getGidMappingsList().stream()
            .filter(map -> Integer.toUnsignedLong(map.getContainerId()) <= most)
            .mapToLong(map -> Math.min(most, end(map)))
            .max()
            .orElse(-1)
        : Math.min(most, AUTO_IDS - 1);
  }

  private static long end(IdMapping map) {
    return Integer.toUnsignedLong(map.getContainerId()) + Integer.toUnsignedLong(map.getSize()) - 1;
  }
}
