package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.refusal.Refusal;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** capabilities(7), by number. Source: linux/capability.h of 6.18. */
public final class Capability {
  private static final List<String> NAMES =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_DAC_READ_SEARCH",
          "CAP_FOWNER",
          "CAP_FSETID",
          "CAP_KILL",
          "CAP_SETGID",
          "CAP_SETUID",
          "CAP_SETPCAP",
          "CAP_LINUX_IMMUTABLE",
          "CAP_NET_BIND_SERVICE",
          "CAP_NET_BROADCAST",
          "CAP_NET_ADMIN",
          "CAP_NET_RAW",
          "CAP_IPC_LOCK",
          "CAP_IPC_OWNER",
          "CAP_SYS_MODULE",
          "CAP_SYS_RAWIO",
          "CAP_SYS_CHROOT",
          "CAP_SYS_PTRACE",
          "CAP_SYS_PACCT",
          "CAP_SYS_ADMIN",
          "CAP_SYS_BOOT",
          "CAP_SYS_NICE",
          "CAP_SYS_RESOURCE",
          "CAP_SYS_TIME",
          "CAP_SYS_TTY_CONFIG",
          "CAP_MKNOD",
          "CAP_LEASE",
          "CAP_AUDIT_WRITE",
          "CAP_AUDIT_CONTROL",
          "CAP_SETFCAP",
          "CAP_MAC_OVERRIDE",
          "CAP_MAC_ADMIN",
          "CAP_SYSLOG",
          "CAP_WAKE_ALARM",
          "CAP_BLOCK_SUSPEND",
          "CAP_AUDIT_READ",
          "CAP_PERFMON",
          "CAP_BPF",
          "CAP_CHECKPOINT_RESTORE");

  /** The last one that the oldest supported kernel (5.14) knows. */
  public static final int LAST_NAMED = NAMES.size() - 1;

  /** A kernel has at most 64. */
  public static final int MAX = 63;

  private Capability() {}

  public static boolean known(String name) {
    return NAMES.contains(name);
  }

  /** The set of the names, as bits. */
  static long set(String field, List<String> names) {
    long set = 0;
    for (String name : names) {
      if (!known(name)) {
        throw Refusal.invalid(field, "be the name of a capability, as in CAP_CHOWN", name)
            .exception();
      }
      set |= 1L << NAMES.indexOf(name);
    }
    return set;
  }

  static boolean has(long set, int capability) {
    return (set >>> capability & 1) == 1;
  }

  static List<Integer> members(long set) {
    return IntStream.rangeClosed(0, MAX).filter(c -> has(set, c)).boxed().toList();
  }

  static String text(long set) {
    return set == 0
        ? "0"
        : members(set).stream().map(c -> argument(c).name()).collect(Collectors.joining("|"));
  }

  /** A newer kernel's capability has a number and, here, no name. */
  static Named argument(int capability) {
    String name = capability <= LAST_NAMED ? NAMES.get(capability) : String.valueOf(capability);
    return new Named(name, capability);
  }
}
