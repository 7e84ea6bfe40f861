package dev.caisson.executor.plan;

/**
 * The system calls of programs. Numbers: asm/unistd_64.h for x86_64, asm-generic/unistd.h for
 * aarch64.
 */
enum Syscall {
  READ(0, 63),
  WRITE(1, 64),
  CLOSE(3, 57),
  IOCTL(16, 29),
  SOCKET(41, 198),
  SENDMSG(46, 211),
  EXECVE(59, 221),
  GETCWD(79, 17),
  CHDIR(80, 49),
  FCHDIR(81, 50),
  UMASK(95, 166),
  SETSID(112, 157),
  SETGROUPS(116, 159),
  SETRESUID(117, 147),
  SETRESGID(119, 149),
  CAPSET(126, 91),
  PERSONALITY(135, 92),
  PIVOT_ROOT(155, 41),
  PRCTL(157, 167),
  UMOUNT2(166, 39),
  SETHOSTNAME(170, 161),
  SETDOMAINNAME(171, 162),
  FSETXATTR(190, 7),
  SCHED_SETAFFINITY(203, 122),
  SET_MEMPOLICY(238, 237),
  KEYCTL(250, 219),
  IOPRIO_SET(251, 30),
  MKDIRAT(258, 34),
  MKNODAT(259, 33),
  FCHOWNAT(260, 54),
  SYMLINKAT(266, 36),
  FCHMODAT(268, 53),
  UNSHARE(272, 97),
  EXECVEAT(322, 281),
  DUP3(292, 24),
  CHROOT(161, 51),
  PRLIMIT64(302, 261),
  SETNS(308, 268),
  SCHED_SETATTR(314, 274),
  SECCOMP(317, 277),
  OPEN_TREE(428, 428),
  MOVE_MOUNT(429, 429),
  FSOPEN(430, 430),
  FSCONFIG(431, 431),
  FSMOUNT(432, 432),
  CLOSE_RANGE(436, 436),
  OPENAT2(437, 437),
  MOUNT_SETATTR(442, 442);

  private final int x8664;
  private final int aarch64;

  Syscall(int x8664, int aarch64) {
    this.x8664 = x8664;
    this.aarch64 = aarch64;
  }

  int number(Machine machine) {
    return switch (machine) {
      case X86_64 -> x8664;
      case AARCH64 -> aarch64;
    };
  }

  String symbol() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
