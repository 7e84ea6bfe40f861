package dev.caisson.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Dirent;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.OpenHow;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Directories that are made and removed beneath a descriptor, by names and never by paths.
 *
 * <p>Thread-safe.
 */
public final class Trees {
  /** Directories that are open at a time. What lies deeper is first moved up. */
  static final int MAX_DEPTH = 32;

  /** For names: a hundred and more of a directory at a time. */
  private static final int ENTRIES_BYTES = 16 * 1024;

  /** What is removed is entered by its own name only: no link is followed, no mount entered. */
  private static final Set<Resolve> PLAIN =
      EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS, Resolve.NO_MOUNT_CROSSING);

  private static final byte[] ITSELF = terminated(".");
  private static final byte[] PARENT = terminated("..");

  /** Whose file system calls these are. */
  private static final int ROOT = 0;

  /** Without {@code S_ISGID}, which a directory may have of its parent. */
  private static final int PERMISSIONS = 0777;

  private static final LinuxFiles FILES = new LinuxFiles();
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private Trees() {}

  /**
   * Makes a directory, mkdirat(2), and opens it. EEXIST if anything of that name is there.
   *
   * @param mode of which the umask takes nothing away
   * @throws LinuxException (ESTALE) when somebody has put another in its place meanwhile
   */
  public static Fd make(Fd parent, String name, int mode) {
    requireName(name);
    try (Arena arena = Arena.ofConfined()) {
      long address = CString.in(arena, name).address();
      long result = parent.use(number -> Downcalls.syscall(CALLS.mkdirat(), number, address, mode));
      Outcome.require(result, "make directory", name);
    }
    return openMade(parent, name, mode);
  }

  /** Nobody else can make one with this owner; only root can move one here that has both. */
  static Fd openMade(Fd parent, String name, int mode) {
    Fd made = open(parent, terminated(name));
    FileStatus status = FILES.status(made);
    if (status.uid() != ROOT || (status.mode() & PERMISSIONS) != mode) {
      made.close();
      throw new LinuxException("make directory", name, Errno.ESTALE);
    }
    return made;
  }

  /**
   * Removes a file, or a directory with all that is in it; nothing where it is not there. The
   * directory may be made by an enemy: its depth takes neither stack nor descriptors, its names may
   * be any bytes, and what is swapped for a link meanwhile leads nowhere.
   *
   * @throws LinuxException (ENOTEMPTY) when it fills as fast as it is emptied
   */
  public static void remove(Fd parent, String name) {
    requireName(name);
    byte[] itself = terminated(name);
    if (isGone(unlink(parent, itself))) {
      return;
    }
    try (Fd top = open(parent, itself)) {
      Removal removal = new Removal(top);
      while (removal.pass()) {
        rewind(top);
      }
    }
    if (!isGone(unlink(parent, itself))) {
      throw new LinuxException("remove directory", name, Errno.ENOTEMPTY);
    }
  }

  /** One removal of what is in a directory. */
  private static final class Removal {
    private final Fd top;
    private long moved;
    private boolean progress;

    Removal(Fd top) {
      this.top = top;
    }

    /** Whether anything was removed or moved; then there may be more. */
    boolean pass() {
      progress = false;
      empty(top, 0);
      return progress;
    }

    private void empty(Fd directory, int depth) {
      for (List<byte[]> names = names(directory); !names.isEmpty(); names = names(directory)) {
        names.forEach(name -> remove(directory, name, depth));
      }
    }

    private void remove(Fd directory, byte[] name, int depth) {
      long result = unlink(directory, name);
      progress |= result == 0;
      if (!isGone(result)) {
        if (depth == MAX_DEPTH) {
          moveUp(directory, name);
        } else {
          descend(directory, name, depth);
        }
      }
    }

    private void descend(Fd directory, byte[] name, int depth) {
      try (Fd inner = open(directory, name)) {
        empty(inner, depth + 1);
      } catch (LinuxException e) {
        if (!isSwapped(e)) {
          throw e;
        }
      }
      progress |= unlink(directory, name) == 0;
    }

    /** To be removed in the next pass, from the top. */
    private void moveUp(Fd from, byte[] name) {
      long result;
      do {
        result = rename(from, name, top, terminated("deep-" + moved++));
      } while (Outcome.is(result, Errno.EEXIST));
      if (!Outcome.is(result, Errno.ENOENT)) {
        Outcome.require(result, "move", shown(name));
        progress = true;
      }
    }
  }

  /** Somebody has removed it, or put something else in its place: the next pass will see. */
  private static boolean isSwapped(LinuxException e) {
    return e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP;
  }

  private static Fd open(Fd directory, byte[] name) {
    try (Arena arena = Arena.ofConfined()) {
      int flags = OpenFlag.bits(OpenFlag.DIRECTORY) | Constants.O_CLOEXEC;
      MemorySegment how = OpenHow.in(arena, flags, 0, Resolve.bits(PLAIN));
      long address = arena.allocateFrom(JAVA_BYTE, name).address();
      long result =
          directory.use(number ->
              Downcalls.syscall(CALLS.openat2(), number, address, how.address(), how.byteSize()));
      return Fd.adopt((int) Outcome.require(result, "open", shown(name)));
    }
  }

  /** Of a directory that is not empty, ENOTEMPTY. */
  private static long unlink(Fd directory, byte[] name) {
    long result = unlink(directory, name, 0);
    return Outcome.is(result, Errno.EISDIR)
        ? unlink(directory, name, Constants.AT_REMOVEDIR)
        : result;
  }

  private static long unlink(Fd directory, byte[] name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long address = arena.allocateFrom(JAVA_BYTE, name).address();
      return directory.use(number -> Downcalls.syscall(CALLS.unlinkat(), number, address, flags));
    }
  }

  /**
   * Whether it is not there any more after {@link #unlink}.
   *
   * @throws LinuxException for any failure but that of a directory which is not empty
   */
  private static boolean isGone(long result) {
    if (Outcome.is(result, Errno.ENOTEMPTY)) {
      return false;
    }
    if (!Outcome.is(result, Errno.ENOENT)) {
      Outcome.require(result, "remove", "a file of the tree");
    }
    return true;
  }

  private static long rename(Fd from, byte[] name, Fd to, byte[] newName) {
    try (Arena arena = Arena.ofConfined()) {
      long old = arena.allocateFrom(JAVA_BYTE, name).address();
      long next = arena.allocateFrom(JAVA_BYTE, newName).address();
      return from.use(source ->
          to.use(target ->
              Downcalls.syscall(
                  CALLS.renameat2(), source, old, target, next, Constants.RENAME_NOREPLACE)));
    }
  }

  private static void rewind(Fd directory) {
    long result =
        directory.use(number -> Downcalls.syscall(CALLS.lseek(), number, 0, Constants.SEEK_SET));
    Outcome.require(result, "rewind", directory);
  }

  /** The next names, without those of the directory itself and its parent; none: that was all. */
  private static List<byte[]> names(Fd directory) {
    List<byte[]> names = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment entries = Dirent.room(arena, ENTRIES_BYTES);
      long bytes;
      do {
        bytes =
            directory.use(number ->
                Downcalls.syscall(
                    CALLS.getdents64(), number, entries.address(), entries.byteSize()));
        Outcome.require(bytes, "list", directory);
        addNames(entries.asSlice(0, bytes), names);
      } while (bytes > 0 && names.isEmpty());
    }
    return names;
  }

  private static void addNames(MemorySegment entries, List<byte[]> names) {
    for (long at = 0; at < entries.byteSize(); at += Dirent.length(entries, at)) {
      byte[] name = Dirent.bytes(entries, at);
      if (!Arrays.equals(name, ITSELF) && !Arrays.equals(name, PARENT)) {
        names.add(name);
      }
    }
  }

  /** With the NUL that the kernel expects. */
  private static byte[] terminated(String name) {
    return (name + "\0").getBytes(UTF_8);
  }

  private static String shown(byte[] name) {
    return new String(name, 0, name.length - 1, UTF_8);
  }

  private static void requireName(String name) {
    boolean whole = name.indexOf('/') < 0 && name.indexOf('\0') < 0;
    if (name.isEmpty() || !whole || name.equals(".") || name.equals("..")) {
      throw new IllegalArgumentException("name must be one of a directory: " + name);
    }
  }
}
