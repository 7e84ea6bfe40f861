package dev.caisson.linux;

import dev.caisson.linux.abi.CloneArgs;
import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * A system call that we need, tried with arguments that no kernel accepts: one that has it says so
 * by another errno than ENOSYS, and nothing happens.
 *
 * @param since the first version of Linux with it
 * @param purpose what we need it for
 */
record Probe(String name, String since, String purpose, LongSupplier call) {
  private static final int BAD_FLAGS = -1;
  private static final int NO_FD = -1;
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  /** A kernel that lacks it answers these; E2BIG is for a structure with a member too many. */
  private static final Set<Errno> ABSENT = Set.of(Errno.ENOSYS, Errno.E2BIG);

  private static final List<Probe> ALL =
      List.of(
          new Probe(
              "pidfd_send_signal",
              "5.1",
              "signal processes by pidfd",
              () -> Downcalls.syscall(CALLS.pidfdSendSignal(), NO_FD, 0, 0, BAD_FLAGS)),
          new Probe(
              "open_tree",
              "5.2",
              "make bind mounts from descriptors",
              () -> Downcalls.syscall(CALLS.openTree(), NO_FD, 0, BAD_FLAGS)),
          new Probe(
              "move_mount",
              "5.2",
              "attach mounts to descriptors",
              () -> Downcalls.syscall(CALLS.moveMount(), NO_FD, 0, NO_FD, 0, BAD_FLAGS)),
          new Probe(
              "fsopen",
              "5.2",
              "make filesystems that are attached nowhere",
              () -> Downcalls.syscall(CALLS.fsopen(), 0, BAD_FLAGS)),
          new Probe(
              "pidfd_open",
              "5.3",
              "name processes by descriptors",
              () -> Downcalls.syscall(CALLS.pidfdOpen(), 0, BAD_FLAGS)),
          new Probe(
              "openat2",
              "5.6",
              "open files beneath a root and never outside",
              () -> Downcalls.syscall(CALLS.openat2(), NO_FD, 0, 0, 0)),
          new Probe(
              "clone3 with CLONE_INTO_CGROUP",
              "5.7",
              "start processes in their cgroup",
              Probe::cloneIntoCgroup),
          new Probe(
              "close_range",
              "5.9",
              "close what must not be inherited",
              // From 1 to 0: no range.
              () -> Downcalls.syscall(CALLS.closeRange(), 1, 0, 0)),
          new Probe(
              "epoll_pwait2",
              "5.11",
              "wait for many descriptors",
              () -> Downcalls.syscall(CALLS.epollPwait2(), NO_FD, 0, 0, 0, 0, 0)),
          new Probe(
              "mount_setattr",
              "5.12",
              "change and id-map mounts",
              () -> Downcalls.syscall(CALLS.mountSetattr(), NO_FD, 0, BAD_FLAGS, 0, 0)));

  /** A sentence for each system call that is missing. */
  static List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (Probe probe : ALL) {
      if (probe.isAbsent(probe.call.getAsLong())) {
        missing.add(probe.sentence());
      }
    }
    return missing;
  }

  boolean isAbsent(long result) {
    return result < 0 && ABSENT.contains(Errno.of((int) -result));
  }

  String sentence() {
    return "Linux %s or newer is needed to %s: this kernel has no %s."
        .formatted(since, purpose, name);
  }

  /** A cgroup descriptor above INT_MAX is EINVAL where the member is known: nothing is cloned. */
  private static long cloneIntoCgroup() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment arguments =
          CloneArgs.in(arena, Constants.CLONE_INTO_CGROUP, Integer.MAX_VALUE + 1L);
      return Downcalls.syscall(CALLS.clone3(), arguments.address(), arguments.byteSize());
    }
  }
}
