package dev.caisson.executor.guard;

import java.util.List;
import java.util.Set;

/**
 * What a container's system call filter may be.
 *
 * @param unconfined whether a container may be without one
 * @param denied system calls that no filter may let pass
 * @param listenerRoots directories below which the sockets of those may be who answer system calls
 */
public record SeccompPolicy(boolean unconfined, Set<String> denied, List<String> listenerRoots) {
  /**
   * What is not divided among namespaces, and what no engine's own profile lets pass unless more
   * capabilities are asked for than those that are usual.
   */
  static final List<String> DENIED =
      List.of(
          // Another kernel in place of this one.
          "kexec_file_load",
          "kexec_load",
          // Code in the kernel.
          "create_module",
          "delete_module",
          "finit_module",
          "init_module",
          // Programs and counters in the kernel that see every process.
          "bpf",
          "lookup_dcookie",
          "perf_event_open",
          // The machine's ports, and its memory by way of them.
          "ioperm",
          "iopl",
          // The host's clock; a time namespace has no other.
          "clock_settime",
          "clock_settime64",
          "settimeofday",
          "stime",
          // The host's swap, quotas and accounting.
          "acct",
          "quotactl",
          "quotactl_fd",
          "swapoff",
          "swapon",
          // Any file of a filesystem by its number, past every mount: how containers got out.
          "open_by_handle_at",
          // Gone from kernels, and never meant for containers where they are not.
          "_sysctl",
          "nfsservctl",
          "uselib");

  public SeccompPolicy {
    denied = Set.copyOf(denied);
    listenerRoots = List.copyOf(listenerRoots);
  }
}
