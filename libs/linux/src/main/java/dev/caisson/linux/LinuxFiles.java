package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Dirent;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.OpenHow;
import dev.caisson.linux.abi.Statfs;
import dev.caisson.linux.abi.Statx;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** {@link Files} by system calls. */
final class LinuxFiles implements Files {
  /** Of a created file: its owner's alone. */
  private static final int MODE = 0600;

  private static final int DIRECTORY_MODE = 0755;

  /** For the names of a directory: some forty of a cgroup's control files fit at a time. */
  private static final int ENTRIES_BYTES = 4096;

  /**
   * How often openat2 is repeated when a rename or a mount elsewhere has made it unsure whether
   * {@code ..} stays inside: at first at once, which are a few milliseconds, and then with pauses,
   * since whoever is at it may not be running now. Bounded, for somebody may rename on purpose.
   */
  private static final int QUICK_ATTEMPTS = 4_096;

  private static final int ATTEMPTS = QUICK_ATTEMPTS + 8_192;

  private static final long PAUSE_NANOS = 100_000;

  private static final int SEALS =
      Constants.F_SEAL_SEAL
          | Constants.F_SEAL_SHRINK
          | Constants.F_SEAL_GROW
          | Constants.F_SEAL_WRITE;

  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  @Override
  public Fd open(Path path, OpenFlag... flags) {
    try (Arena arena = Arena.ofConfined()) {
      long name = CString.in(arena, path.toString()).address();
      int bits = OpenFlag.bits(flags) | Constants.O_CLOEXEC;
      long result =
          Outcome.uninterrupted(
              () -> Downcalls.syscall(CALLS.openat(), Constants.AT_FDCWD, name, bits, MODE));
      return Fd.adopt((int) Outcome.require(result, "open", path));
    }
  }

  @Override
  public Fd openIn(Fd directory, String path, Set<Resolve> resolve, OpenFlag... flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = CString.in(arena, path);
      int bits = OpenFlag.bits(flags) | Constants.O_CLOEXEC;
      // Unlike openat, openat2 refuses a mode that would have no effect.
      int mode = (bits & OpenFlag.bits(OpenFlag.CREATE)) == 0 ? 0 : MODE;
      MemorySegment how = OpenHow.in(arena, bits, mode, Resolve.bits(resolve));
      return Fd.adopt((int) Outcome.require(openat2(directory, name, how), "open", path));
    }
  }

  private static long openat2(Fd directory, MemorySegment name, MemorySegment how) {
    long result = -Errno.EAGAIN.number();
    for (int i = 0; i < ATTEMPTS && Outcome.is(result, Errno.EAGAIN); i++) {
      if (i >= QUICK_ATTEMPTS) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
      result =
          Outcome.uninterrupted(() ->
              directory.use(number ->
                  Downcalls.syscall(
                      CALLS.openat2(), number, name.address(), how.address(), how.byteSize())));
    }
    return result;
  }

  @Override
  public int read(Fd fd, ByteBuffer into) {
    requireRoom(into);
    long result =
        Transfer.into(
            into,
            Transfer.MAX_COPY,
            (address, length) -> transfer(CALLS.read(), fd, address, length, 0));
    return Outcome.requireOrWouldBlock(result, "read", fd);
  }

  @Override
  public int write(Fd fd, ByteBuffer from) {
    long result =
        Transfer.from(
            from,
            Transfer.MAX_COPY,
            (address, length) -> transfer(CALLS.write(), fd, address, length, 0));
    return Outcome.requireOrWouldBlock(result, "write", fd);
  }

  @Override
  public int readAt(Fd fd, ByteBuffer into, long offset) {
    requireRoom(into);
    long result =
        Transfer.into(
            into,
            Transfer.MAX_COPY,
            (address, length) -> transfer(CALLS.pread64(), fd, address, length, offset));
    return Math.toIntExact(Outcome.require(result, "read", fd));
  }

  private static long transfer(int call, Fd fd, long address, long length, long offset) {
    return Outcome.uninterrupted(
        () -> fd.use(number -> Downcalls.syscall(call, number, address, length, offset)));
  }

  /** Without room the answer would be 0 at any place, not only at the end. */
  private static void requireRoom(ByteBuffer into) {
    if (!into.hasRemaining()) {
      throw new IllegalArgumentException("buffer must have room: " + into);
    }
  }

  @Override
  public boolean awaitChange(Fd fd, Duration timeout) {
    return Waiting.untilChanged(fd, timeout);
  }

  @Override
  public void makeDirectory(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      long name = CString.in(arena, path.toString()).address();
      long result = Downcalls.syscall(CALLS.mkdirat(), Constants.AT_FDCWD, name, DIRECTORY_MODE);
      Outcome.require(result, "make directory", path);
      long changed = Downcalls.syscall(CALLS.fchmodat(), Constants.AT_FDCWD, name, DIRECTORY_MODE);
      Outcome.require(changed, "change the mode of", path);
    }
  }

  @Override
  public void removeDirectory(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      long name = CString.in(arena, path.toString()).address();
      long result =
          Downcalls.syscall(CALLS.unlinkat(), Constants.AT_FDCWD, name, Constants.AT_REMOVEDIR);
      Outcome.require(result, "remove directory", path);
    }
  }

  @Override
  public List<String> directories(Path path) {
    List<String> names = new ArrayList<>();
    try (Fd directory = open(path, OpenFlag.DIRECTORY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment entries = Dirent.room(arena, ENTRIES_BYTES);
      long bytes;
      do {
        bytes =
            directory.use(number ->
                Downcalls.syscall(
                    CALLS.getdents64(), number, entries.address(), entries.byteSize()));
        Outcome.require(bytes, "list", path);
        addDirectories(directory, entries.asSlice(0, bytes), names);
      } while (bytes > 0);
    }
    return names;
  }

  private static void addDirectories(Fd in, MemorySegment entries, List<String> names) {
    for (long at = 0; at < entries.byteSize(); at += Dirent.length(entries, at)) {
      int type = Dirent.type(entries, at);
      String name = Dirent.name(entries, at);
      boolean itself = name.equals(".") || name.equals("..");
      if (!itself && (type == Constants.DT_DIR || isUntoldDirectory(in, type, name))) {
        names.add(name);
      }
    }
  }

  /**
   * Some filesystems tell no types; procfs tells none of a process that ends while it is listed.
   */
  private static boolean isUntoldDirectory(Fd in, int type, String name) {
    if (type != Constants.DT_UNKNOWN) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = Statx.in(arena);
      long result = statx(in, CString.in(arena, name), Constants.AT_SYMLINK_NOFOLLOW, statx);
      if (Outcome.is(result, Errno.ENOENT) || Outcome.is(result, Errno.ESRCH)) {
        return false;
      }
      Outcome.require(result, "read the status of", name);
      return status(statx).type() == FileType.DIRECTORY;
    }
  }

  @Override
  public FileStatus status(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = Statx.in(arena);
      long result = statx(fd, CString.in(arena, ""), Constants.AT_EMPTY_PATH, statx);
      Outcome.require(result, "read the status of", fd);
      return status(statx);
    }
  }

  private static long statx(Fd at, MemorySegment path, int flags, MemorySegment into) {
    return at.use(number ->
        Downcalls.syscall(
            CALLS.statx(),
            number,
            path.address(),
            flags,
            Constants.STATX_BASIC_STATS,
            into.address()));
  }

  private static FileStatus status(MemorySegment statx) {
    int mode = Statx.mode(statx);
    return new FileStatus(
        FileType.ofMode(mode),
        mode & FileStatus.MAX_MODE,
        Statx.device(statx),
        Statx.inode(statx),
        Statx.rdevMajor(statx),
        Statx.rdevMinor(statx),
        Statx.uid(statx),
        Statx.gid(statx),
        Statx.size(statx));
  }

  @Override
  public long filesystemMagic(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statfs = Statfs.in(arena);
      long result =
          Outcome.uninterrupted(
              () -> fd.use(n -> Downcalls.syscall(CALLS.fstatfs(), n, statfs.address())));
      Outcome.require(result, "read the filesystem of", fd);
      return Statfs.type(statfs);
    }
  }

  @Override
  public Pipe pipe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
      long result = Downcalls.syscall(CALLS.pipe2(), pair.address(), Constants.O_CLOEXEC);
      Outcome.require(result, "make", "a pipe");
      return new Pipe(
          Fd.adopt(pair.getAtIndex(ValueLayout.JAVA_INT, 0)),
          Fd.adopt(pair.getAtIndex(ValueLayout.JAVA_INT, 1)));
    }
  }

  @Override
  public Fd sealedMemory(String name, ByteBuffer content) {
    Fd memory = memfd(name, Constants.MFD_ALLOW_SEALING | Constants.MFD_EXEC);
    try {
      while (content.hasRemaining()) {
        write(memory, content);
      }
      control(memory, Constants.F_ADD_SEALS, SEALS, "seal");
      return memory;
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  @Override
  public Fd memory(String name, long bytes) {
    Fd memory = memfd(name, Constants.MFD_NOEXEC_SEAL);
    try {
      long result = memory.use(n -> Downcalls.syscall(CALLS.ftruncate(), n, bytes));
      Outcome.require(result, "size", "memory " + name);
      return memory;
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /** Before 6.3 the kernel does not know the flags about execution, and allows it. */
  private static Fd memfd(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long address = CString.in(arena, name).address();
      int all = flags | Constants.MFD_CLOEXEC;
      long result = Downcalls.syscall(CALLS.memfdCreate(), address, all);
      if (Outcome.is(result, Errno.EINVAL)) {
        int old = all & ~(Constants.MFD_EXEC | Constants.MFD_NOEXEC_SEAL);
        result = Downcalls.syscall(CALLS.memfdCreate(), address, old);
      }
      return Fd.adopt((int) Outcome.require(result, "make", "memory " + name));
    }
  }

  @Override
  public boolean isPlace(Fd fd) {
    return (control(fd, Constants.F_GETFL, 0, "read the flags of") & Constants.O_PATH) != 0;
  }

  @Override
  public void setBlocking(Fd fd, boolean blocking) {
    long flags = control(fd, Constants.F_GETFL, 0, "read the flags of");
    long changed = blocking ? flags & ~Constants.O_NONBLOCK : flags | Constants.O_NONBLOCK;
    control(fd, Constants.F_SETFL, changed, "change the flags of");
  }

  @Override
  public void setOwner(Fd directory, String name, int uid, int gid) {
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.equals("..")) {
      throw new IllegalArgumentException("name must be one of the directory's: " + name);
    }
    try (Arena arena = Arena.ofConfined()) {
      long address = CString.in(arena, name).address();
      int flags = Constants.AT_SYMLINK_NOFOLLOW;
      long result =
          directory.use(
              number -> Downcalls.syscall(CALLS.fchownat(), number, address, uid, gid, flags));
      Outcome.require(result, "change the owner of", name);
    }
  }

  @Override
  public void setOwner(Path path, int uid, int gid) {
    try (Arena arena = Arena.ofConfined()) {
      long name = CString.in(arena, path.toString()).address();
      int flags = Constants.AT_SYMLINK_NOFOLLOW;
      long result = Downcalls.syscall(CALLS.fchownat(), Constants.AT_FDCWD, name, uid, gid, flags);
      Outcome.require(result, "change the owner of", path);
    }
  }

  @Override
  public void setOwner(Fd file, int uid, int gid) {
    try (Arena arena = Arena.ofConfined()) {
      long itself = CString.in(arena, "").address();
      int flags = Constants.AT_EMPTY_PATH;
      long result =
          file.use(number -> Downcalls.syscall(CALLS.fchownat(), number, itself, uid, gid, flags));
      Outcome.require(result, "change the owner of", file);
    }
  }

  @Override
  public void setPipeCapacity(Fd pipe, int bytes) {
    control(pipe, Constants.F_SETPIPE_SZ, bytes, "change the capacity of");
  }

  private static long control(Fd fd, int command, long argument, String operation) {
    long result = fd.use(n -> Downcalls.syscall(CALLS.fcntl(), n, command, argument));
    return Outcome.require(result, operation, fd);
  }
}
