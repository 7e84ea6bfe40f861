package dev.caisson.linux.abi;

/**
 * Numbers of the system calls that are used here: arch/x86/entry/syscalls/syscall_64.tbl, and
 * include/uapi/asm-generic/unistd.h for aarch64.
 */
public record SystemCallNumbers(
    int read,
    int write,
    int close,
    int pread64,
    int fcntl,
    int statx,
    int fstatfs,
    int pipe2,
    int memfdCreate,
    int ftruncate,
    int openat,
    int openat2,
    int fchmod,
    int fchownat,
    int openTree,
    int moveMount,
    int fsopen,
    int fsconfig,
    int fsmount,
    int mountSetattr,
    int kill,
    int waitid,
    int pidfdOpen,
    int pidfdSendSignal,
    int clone3,
    int closeRange,
    int ppoll,
    int socket,
    int socketpair,
    int bind,
    int listen,
    int accept4,
    int connect,
    int sendmsg,
    int recvmsg,
    int epollCreate1,
    int epollCtl,
    int epollPwait2,
    int eventfd2) {

  static final SystemCallNumbers X86_64 =
      new SystemCallNumbers(
          /* read= */ 0,
          /* write= */ 1,
          /* close= */ 3,
          /* pread64= */ 17,
          /* fcntl= */ 72,
          /* statx= */ 332,
          /* fstatfs= */ 138,
          /* pipe2= */ 293,
          /* memfdCreate= */ 319,
          /* ftruncate= */ 77,
          /* openat= */ 257,
          /* openat2= */ 437,
          /* fchmod= */ 91,
          /* fchownat= */ 260,
          /* openTree= */ 428,
          /* moveMount= */ 429,
          /* fsopen= */ 430,
          /* fsconfig= */ 431,
          /* fsmount= */ 432,
          /* mountSetattr= */ 442,
          /* kill= */ 62,
          /* waitid= */ 247,
          /* pidfdOpen= */ 434,
          /* pidfdSendSignal= */ 424,
          /* clone3= */ 435,
          /* closeRange= */ 436,
          /* ppoll= */ 271,
          /* socket= */ 41,
          /* socketpair= */ 53,
          /* bind= */ 49,
          /* listen= */ 50,
          /* accept4= */ 288,
          /* connect= */ 42,
          /* sendmsg= */ 46,
          /* recvmsg= */ 47,
          /* epollCreate1= */ 291,
          /* epollCtl= */ 233,
          /* epollPwait2= */ 441,
          /* eventfd2= */ 290);

  static final SystemCallNumbers AARCH64 =
      new SystemCallNumbers(
          /* read= */ 63,
          /* write= */ 64,
          /* close= */ 57,
          /* pread64= */ 67,
          /* fcntl= */ 25,
          /* statx= */ 291,
          /* fstatfs= */ 44,
          /* pipe2= */ 59,
          /* memfdCreate= */ 279,
          /* ftruncate= */ 46,
          /* openat= */ 56,
          /* openat2= */ 437,
          /* fchmod= */ 52,
          /* fchownat= */ 54,
          /* openTree= */ 428,
          /* moveMount= */ 429,
          /* fsopen= */ 430,
          /* fsconfig= */ 431,
          /* fsmount= */ 432,
          /* mountSetattr= */ 442,
          /* kill= */ 129,
          /* waitid= */ 95,
          /* pidfdOpen= */ 434,
          /* pidfdSendSignal= */ 424,
          /* clone3= */ 435,
          /* closeRange= */ 436,
          /* ppoll= */ 73,
          /* socket= */ 198,
          /* socketpair= */ 199,
          /* bind= */ 200,
          /* listen= */ 201,
          /* accept4= */ 242,
          /* connect= */ 203,
          /* sendmsg= */ 211,
          /* recvmsg= */ 212,
          /* epollCreate1= */ 20,
          /* epollCtl= */ 21,
          /* epollPwait2= */ 441,
          /* eventfd2= */ 19);

  private static final SystemCallNumbers CURRENT = of(Architecture.current());

  public static SystemCallNumbers current() {
    return CURRENT;
  }

  static SystemCallNumbers of(Architecture architecture) {
    return switch (architecture) {
      case X86_64 -> X86_64;
      case AARCH64 -> AARCH64;
    };
  }
}
