package dev.caisson.executor.plan;

import java.util.Collection;

/**
 * Bits that system calls take, by the names of their headers; some differ between architectures.
 */
public enum Flag {
  // linux/sched.h
  CLONE_NEWTIME(0x80),
  CLONE_NEWNS(0x0002_0000),
  CLONE_NEWCGROUP(0x0200_0000),
  CLONE_NEWUTS(0x0400_0000),
  CLONE_NEWIPC(0x0800_0000),
  CLONE_NEWUSER(0x1000_0000),
  CLONE_NEWPID(0x2000_0000),
  CLONE_NEWNET(0x4000_0000),

  // asm-generic/fcntl.h; aarch64 has O_DIRECTORY and O_NOFOLLOW of its own
  O_RDONLY(0),
  O_WRONLY(1),
  O_RDWR(2),
  O_NOCTTY(0x100),
  O_NONBLOCK(0x800),
  O_CLOEXEC(0x8_0000),
  O_DIRECTORY(0x1_0000, 0x4000),
  O_NOFOLLOW(0x2_0000, 0x8000),
  O_PATH(0x20_0000),

  // linux/openat2.h
  RESOLVE_NO_MAGICLINKS(0x02),
  RESOLVE_NO_SYMLINKS(0x04),
  RESOLVE_BENEATH(0x08),
  RESOLVE_IN_ROOT(0x10),

  // linux/fcntl.h
  AT_EMPTY_PATH(0x1000),
  AT_RECURSIVE(0x8000),

  // linux/mount.h
  OPEN_TREE_CLONE(1),
  OPEN_TREE_CLOEXEC(0x8_0000),
  MOVE_MOUNT_F_EMPTY_PATH(0x04),
  MOVE_MOUNT_T_EMPTY_PATH(0x40),
  FSOPEN_CLOEXEC(1),
  FSMOUNT_CLOEXEC(1),
  MOUNT_ATTR_RDONLY(0x01),
  MOUNT_ATTR_NOSUID(0x02),
  MOUNT_ATTR_NODEV(0x04),
  MOUNT_ATTR_NOEXEC(0x08),
  MOUNT_ATTR_NOATIME(0x10),
  MOUNT_ATTR_STRICTATIME(0x20),
  MOUNT_ATTR_NODIRATIME(0x80),
  MOUNT_ATTR_NOSYMFOLLOW(0x20_0000),
  MS_PRIVATE(1 << 18),
  MS_SLAVE(1 << 19),
  MNT_DETACH(2),
  UMOUNT_NOFOLLOW(8),

  // linux/close_range.h
  CLOSE_RANGE_CLOEXEC(4),

  // linux/stat.h
  S_IFREG(0x8000),

  // linux/if.h
  IFF_UP(1),

  // linux/net.h
  SOCK_DGRAM(2),
  SOCK_CLOEXEC(0x8_0000),

  // linux/socket.h
  MSG_NOSIGNAL(0x4000),

  // linux/sched.h, sched_flags
  SCHED_FLAG_RESET_ON_FORK(1),
  SCHED_FLAG_RECLAIM(2),
  SCHED_FLAG_DL_OVERRUN(4),

  // linux/mempolicy.h
  MPOL_F_NUMA_BALANCING(0x2000),
  MPOL_F_RELATIVE_NODES(0x4000),
  MPOL_F_STATIC_NODES(0x8000),

  // linux/seccomp.h
  SECCOMP_FILTER_FLAG_LOG(2),
  SECCOMP_FILTER_FLAG_SPEC_ALLOW(4),
  SECCOMP_FILTER_FLAG_NEW_LISTENER(8),
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV(0x20);

  private final long x8664;
  private final long aarch64;

  Flag(long everywhere) {
    this(everywhere, everywhere);
  }

  Flag(long x8664, long aarch64) {
    this.x8664 = x8664;
    this.aarch64 = aarch64;
  }

  long bits(Machine machine) {
    return switch (machine) {
      case X86_64 -> x8664;
      case AARCH64 -> aarch64;
    };
  }

  /** Of a flag that is the same on each machine. */
  public long hostBits() {
    if (x8664 != aarch64) {
      throw new IllegalStateException("it depends on the machine: " + this);
    }
    return x8664;
  }

  static long bits(Collection<Flag> flags, Machine machine) {
    return flags.stream().mapToLong(flag -> flag.bits(machine)).reduce(0, (a, b) -> a | b);
  }
}
