package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Kernel parameters of a sandbox's network and IPC namespaces.
 *
 * <p>They are written through the sandbox's own procfs, before the container has a root: an image
 * that brings a false {@code /proc} cannot change what is written.
 */
final class Sysctls {
  private static final Set<String> IPC =
      Set.of(
          "kernel.msgmax",
          "kernel.msgmnb",
          "kernel.msgmni",
          "kernel.sem",
          "kernel.shmall",
          "kernel.shmmax",
          "kernel.shmmni",
          "kernel.shm_rmid_forced");

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)+");
  private static final int MAX_NAME = 255;
  private static final int MAX_VALUE = 1024;

  private Sysctls() {}

  static void set(Assembly assembly, Map<String, String> parameters) {
    // Sorted: the order of a map is nobody's promise.
    new TreeMap<>(parameters).forEach((name, value) -> set(assembly, name, value));
  }

  private static void set(Assembly assembly, String name, String value) {
    check(name, value);
    Slot file = assembly.openTrusted(path(name), Flag.O_WRONLY, Flag.O_CLOEXEC);
    assembly.add(new FileStep.WriteParameter(file, value, name));
    assembly.release(file);
  }

  private static void check(String name, String value) {
    if (name.length() > MAX_NAME || !NAME.matcher(name).matches() || !namespaced(name)) {
      throw Refusal.invalid(
              "sysctl",
              "name parameters of the network or IPC namespace (net.…, fs.mqueue.…)",
              name)
          .exception();
    }
    if (value.isEmpty()
        || value.length() > MAX_VALUE
        || value.chars().anyMatch(c -> c < ' ' && c != '\t')) {
      throw Refusal.invalid(
              "sysctl", "have values of 1 to 1024 characters on one line", name + "=" + value)
          .exception();
    }
  }

  /** Of the others that there are, all belong to IPC. */
  static boolean isOfNetwork(String name) {
    return name.startsWith("net.");
  }

  private static boolean namespaced(String name) {
    return name.startsWith("net.") || name.startsWith("fs.mqueue.") || IPC.contains(name);
  }

  /** As sysctl(8) does: dot and slash change places, for interfaces with a dot in their name. */
  private static String path(String name) {
    StringBuilder path = new StringBuilder("/proc/sys/");
    name.chars().map(c -> c == '.' ? '/' : c == '/' ? '.' : c).forEach(c -> path.append((char) c));
    return path.toString();
  }
}
