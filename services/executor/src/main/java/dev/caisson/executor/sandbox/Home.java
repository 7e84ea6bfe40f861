package dev.caisson.executor.sandbox;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.caisson.executor.plan.Plan;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import dev.caisson.linux.Resolve;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * The home directory that a program asks for: found in the container's own user database, and told
 * through a pipe.
 *
 * @param uid whose, in the container's user namespace
 */
record Home(Host host, int uid, Pipe pipe) implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Home.class.getName());

  /** Of whoever has none. */
  private static final String NONE = "/";

  private static final String FILE = "etc/passwd";

  private static final long PAUSE_NANOS = 50_000;

  /** {@code FUSE_SUPER_MAGIC} of linux/magic.h: somebody else would decide when a read ends. */
  private static final long FUSE_MAGIC = 0x6573_5546L;

  private static final Set<Resolve> IN_ROOT = EnumSet.of(Resolve.IN_ROOT, Resolve.NO_MAGIC_LINKS);

  /** Absent where the program is given one. */
  static Optional<Home> askedBy(Plan plan, Host host) {
    return plan.home().map(home -> new Home(host, home.uid(), host.kernel().files().pipe()));
  }

  /** The program's end, given away with the program. */
  Fd inside() {
    return pipe.read();
  }

  /**
   * Tells it. The program may read it before or after.
   *
   * @return what it was told
   * @param process of the container, in whose root the database lies
   */
  String tell(Fd process) {
    String home = find(process).orElse(NONE);
    ByteBuffer bytes = ByteBuffer.wrap(home.getBytes(ISO_8859_1));
    var _ = host.kernel().files().write(pipe.write(), bytes); // a pipe holds more
    pipe.write().close();
    return home;
  }

  /** Not being able to read what a container has put there is no failure. */
  private Optional<String> find(Fd process) {
    try (Fd root = apart(process);
        Fd found = host.kernel().files().openIn(root, FILE, IN_ROOT, OpenFlag.PATH)) {
      FileStatus status = host.kernel().files().status(found);
      boolean readable =
          status.type() == FileType.REGULAR
              && host.kernel().files().filesystemMagic(found) != FUSE_MAGIC;
      return readable ? read(found, status.size()).home(uid) : Optional.empty();
    } catch (LinuxException e) {
      LOG.log(Level.DEBUG, "No user database is read: {0}", e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * The container's root, once nothing lies upon it: a process that has just changed its root says
   * so first and detaches the old one then, and {@code ..} would lead there.
   */
  private Fd apart(Fd process) {
    Fd root = host.proc().root(process);
    try {
      long deadline = System.nanoTime() + host.settings().stepTimeout().toNanos();
      while (isCovered(root)) {
        if (System.nanoTime() - deadline >= 0) {
          throw new LinuxException("look below", "the old root", Errno.EBUSY);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
      return root;
    } catch (RuntimeException e) {
      root.close();
      throw e;
    }
  }

  private boolean isCovered(Fd root) {
    try (Fd above = host.kernel().files().openIn(root, "..", IN_ROOT, OpenFlag.PATH)) {
      FileStatus here = host.kernel().files().status(root);
      FileStatus there = host.kernel().files().status(above);
      return here.device() != there.device() || here.inode() != there.inode();
    }
  }

  private Passwd read(Fd found, long size) {
    byte[] bytes = new byte[(int) Math.min(size, Passwd.MAX_BYTES)];
    ByteBuffer into = ByteBuffer.wrap(bytes);
    // Only now is a file opened: one whose opening does nothing.
    try (Fd file =
        host.kernel().files().open(found.path(), OpenFlag.READ_ONLY, OpenFlag.NON_BLOCKING)) {
      while (into.hasRemaining() && host.kernel().files().read(file, into) > 0) {}
    }
    return Passwd.of(Arrays.copyOf(bytes, into.position()), size <= Passwd.MAX_BYTES);
  }

  @Override
  public void close() {
    pipe.read().close();
    pipe.write().close();
  }
}
