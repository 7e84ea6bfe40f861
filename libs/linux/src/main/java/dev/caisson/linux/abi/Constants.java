package dev.caisson.linux.abi;

/** Constants of the headers, under their own names. The same on x86_64 and aarch64. */
public final class Constants {
  // fcntl.h
  public static final int AT_FDCWD = -100;
  public static final int AT_SYMLINK_NOFOLLOW = 0x100;
  public static final int AT_REMOVEDIR = 0x200;
  public static final int AT_EMPTY_PATH = 0x1000;
  public static final int AT_RECURSIVE = 0x8000;
  public static final int O_NONBLOCK = 04000;
  public static final int O_CLOEXEC = 02000000;
  public static final int O_PATH = 010000000;
  public static final int F_GETFL = 3;
  public static final int F_SETFL = 4;
  public static final int F_DUPFD_CLOEXEC = 1030;
  public static final int F_SETPIPE_SZ = 1031;
  public static final int F_ADD_SEALS = 1033;
  public static final int F_SEAL_SEAL = 0x1;
  public static final int F_SEAL_SHRINK = 0x2;
  public static final int F_SEAL_GROW = 0x4;
  public static final int F_SEAL_WRITE = 0x8;

  // stdio.h
  public static final int RENAME_NOREPLACE = 0x1;
  public static final int SEEK_SET = 0;

  // dirent.h
  public static final int DT_UNKNOWN = 0;
  public static final int DT_DIR = 4;

  // linux/memfd.h
  public static final int MFD_CLOEXEC = 0x1;
  public static final int MFD_ALLOW_SEALING = 0x2;
  public static final int MFD_NOEXEC_SEAL = 0x8;
  public static final int MFD_EXEC = 0x10;

  // linux/stat.h
  public static final int STATX_BASIC_STATS = 0x7ff;

  // linux/mount.h
  public static final int OPEN_TREE_CLONE = 0x1;
  public static final int OPEN_TREE_CLOEXEC = O_CLOEXEC;
  public static final int FSOPEN_CLOEXEC = 0x1;
  public static final int FSMOUNT_CLOEXEC = 0x1;
  public static final int FSCONFIG_SET_FLAG = 0;
  public static final int FSCONFIG_SET_STRING = 1;
  public static final int FSCONFIG_CMD_CREATE = 6;
  public static final int MOUNT_ATTR_IDMAP = 0x100000;

  // linux/loop.h
  public static final int LOOP_CONFIGURE = 0x4C0A;
  public static final int LOOP_CTL_GET_FREE = 0x4C82;
  public static final int LO_FLAGS_READ_ONLY = 1;
  public static final int LO_FLAGS_AUTOCLEAR = 4;

  // sys/wait.h, signal.h
  public static final int P_PID = 1;
  public static final int P_PIDFD = 3;

  /** Linux 6.9, linux/pidfd.h. */
  public static final int PIDFD_SIGNAL_PROCESS_GROUP = 0x4;

  /** Linux 6.13, linux/pidfd.h. */
  public static final int PIDFD_INFO_PID = 0x1;

  public static final int WNOHANG = 0x1;
  public static final int WEXITED = 0x4;
  public static final int CLD_EXITED = 1;
  public static final int SIGKILL = 9;

  // spawn.h
  public static final short POSIX_SPAWN_SETSIGDEF = 0x04;
  public static final short POSIX_SPAWN_SETSIGMASK = 0x08;
  public static final short POSIX_SPAWN_SETSID = 0x80;

  // linux/sched.h
  public static final long CLONE_INTO_CGROUP = 0x200000000L;

  // sys/socket.h
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOCK_NONBLOCK = O_NONBLOCK;
  public static final int SOCK_CLOEXEC = O_CLOEXEC;
  public static final int SOL_SOCKET = 1;
  public static final int SO_ERROR = 4;
  public static final int SO_SNDBUF = 7;
  public static final int SO_RCVBUF = 8;
  public static final int SO_PEERCRED = 17;
  public static final int SO_ACCEPTCONN = 30;
  public static final int SO_DOMAIN = 39;
  public static final int SCM_RIGHTS = 1;
  public static final int MSG_CTRUNC = 0x8;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;
  public static final int SHUT_WR = 1;

  // netinet/in.h, netinet/tcp.h
  public static final int IPPROTO_TCP = 6;
  public static final int TCP_NODELAY = 1;

  // linux/sched.h
  public static final int CLONE_NEWNS = 0x0002_0000;
  public static final int CLONE_NEWCGROUP = 0x0200_0000;
  public static final int CLONE_NEWIPC = 0x0800_0000;
  public static final int CLONE_NEWNET = 0x4000_0000;

  // linux/mount.h
  public static final long MS_NOSUID = 0x2;
  public static final long MS_NODEV = 0x4;
  public static final long MS_NOEXEC = 0x8;
  public static final long MS_REC = 0x4000;
  public static final long MS_SLAVE = 0x8_0000;

  // linux/close_range.h
  public static final int CLOSE_RANGE_CLOEXEC = 0x4;

  // linux/nsfs.h
  public static final long NS_GET_PARENT = 0xb702L;
  public static final long NS_GET_NSTYPE = 0xb703L;

  // linux/sockios.h, linux/if.h
  public static final long SIOCSIFFLAGS = 0x8914L;
  public static final short IFF_UP = 0x1;

  // sys/ioctl.h
  public static final int TIOCSWINSZ = 0x5414;
  public static final long TIOCGPTN = 0x8004_5430L;

  // poll.h, sys/epoll.h, sys/eventfd.h
  public static final short POLLIN = 0x1;
  public static final short POLLPRI = 0x2;
  public static final short POLLOUT = 0x4;
  public static final int EPOLL_CLOEXEC = O_CLOEXEC;
  public static final int EPOLL_CTL_ADD = 1;
  public static final int EPOLL_CTL_DEL = 2;
  public static final int EPOLL_CTL_MOD = 3;
  public static final int EPOLLIN = 0x1;
  public static final int EPOLLOUT = 0x4;
  public static final int EPOLLERR = 0x8;
  public static final int EPOLLHUP = 0x10;
  public static final int EPOLLRDHUP = 0x2000;
  public static final int EPOLLONESHOT = 1 << 30;
  public static final int EFD_CLOEXEC = O_CLOEXEC;
  public static final int EFD_NONBLOCK = O_NONBLOCK;

  // seccomp.h of libseccomp
  public static final int SCMP_FLTATR_CTL_OPTIMIZE = 8;
  public static final int NR_SCMP_ERROR = -1;

  /** A level of {@link #SCMP_FLTATR_CTL_OPTIMIZE}: 2.5.0. */
  public static final int SCMP_OPTIMIZE_BINARY_TREE = 2;

  // linux/bpf.h
  public static final int BPF_PROG_LOAD = 5;
  public static final int BPF_PROG_ATTACH = 8;
  public static final int BPF_PROG_DETACH = 9;
  public static final int BPF_PROG_GET_FD_BY_ID = 13;
  public static final int BPF_OBJ_GET_INFO_BY_FD = 15;
  public static final int BPF_PROG_QUERY = 16;
  public static final int BPF_PROG_TYPE_CGROUP_DEVICE = 15;
  public static final int BPF_CGROUP_DEVICE = 6;
  public static final int BPF_F_ALLOW_MULTI = 2;

  private Constants() {}
}
