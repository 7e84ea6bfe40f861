package dev.caisson.linux;

import dev.caisson.linux.abi.Downcalls;
import java.util.List;

/**
 * The kernel, by what it does for us. Thread-safe.
 *
 * @param missing one sentence for each feature that this kernel lacks or refuses; empty on a
 *     suitable one
 */
public record Kernel(
    Files files,
    Mounts mounts,
    Processes processes,
    Sockets sockets,
    Polling polling,
    Terminals terminals,
    List<String> missing) {

  public Kernel {
    missing = List.copyOf(missing);
  }

  /** A kernel that lacks nothing. */
  public Kernel(
      Files files,
      Mounts mounts,
      Processes processes,
      Sockets sockets,
      Polling polling,
      Terminals terminals) {
    this(files, mounts, processes, sockets, polling, terminals, List.of());
  }

  /**
   * Links the C library and probes the kernel.
   *
   * @throws IllegalStateException naming every function that the C library lacks
   */
  public static Kernel open() {
    List<String> symbols = Downcalls.missingSymbols();
    if (!symbols.isEmpty()) {
      throw new IllegalStateException(
          "C library must be glibc 2.34 or newer: it lacks " + String.join(", ", symbols));
    }
    Files files = new LinuxFiles();
    return new Kernel(
        files,
        new LinuxMounts(files),
        new LinuxProcesses(files),
        new LinuxSockets(files),
        new LinuxPolling(),
        new LinuxTerminals(),
        Probe.missing());
  }
}
