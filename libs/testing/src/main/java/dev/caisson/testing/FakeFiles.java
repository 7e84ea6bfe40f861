package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import dev.caisson.linux.Resolve;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** {@link Files} in memory. */
final class FakeFiles implements Files {
  /** linux/magic.h: the fake tree passes for a tmpfs. */
  static final long TMPFS_MAGIC = 0x01021994;

  /** Paths of open descriptors, which lead to the file itself. */
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private final Monitor monitor;
  private final Recorder recorder;
  private final OpenFiles open;
  private final Tree tree;

  FakeFiles(Monitor monitor, Recorder recorder, OpenFiles open, Tree tree) {
    this.monitor = monitor;
    this.recorder = recorder;
    this.open = open;
    this.tree = tree;
  }

  private <T> T call(Supplier<T> action, String operation, Object... arguments) {
    recorder.enter("files." + operation, arguments);
    return monitor.change(action);
  }

  @Override
  public Fd open(Path path, OpenFlag... flags) {
    Set<OpenFlag> all = Set.of(flags);
    return call(() -> open.add(lookUp(path, all)), "open", path, all);
  }

  private OpenNode lookUp(Path path, Set<OpenFlag> flags) {
    return path.startsWith(DESCRIPTORS) && path.getNameCount() > DESCRIPTORS.getNameCount()
        ? reopen(Integer.parseInt(path.getFileName().toString()), flags)
        : tree.open(path, flags);
  }

  private OpenNode reopen(int number, Set<OpenFlag> flags) {
    OpenFile file =
        open.find(number)
            .orElseThrow(() -> new LinuxException("open", "descriptor " + number, Errno.ENOENT));
    if (file instanceof OpenNode original) {
      OpenNode again = new OpenNode(original.path(), original.node(), flags);
      if (flags.contains(OpenFlag.TRUNCATE)) {
        original.node().resize(0);
      }
      return again;
    }
    throw new LinuxException("open", "descriptor " + number, Errno.ENXIO);
  }

  @Override
  public Fd openIn(Fd directory, String path, Set<Resolve> resolve, OpenFlag... flags) {
    Set<OpenFlag> all = Set.of(flags);
    return call(
        () -> {
          Path base = directory(directory);
          return open.add(tree.open(Resolution.of(base, path, resolve), all));
        },
        "openIn",
        directory,
        path,
        resolve,
        all);
  }

  private Path directory(Fd fd) {
    OpenNode node = open.get(fd, OpenNode.class, Errno.ENOTDIR);
    if (node.type() != FileType.DIRECTORY) {
      throw new LinuxException("open", node.toString(), Errno.ENOTDIR);
    }
    return node.path();
  }

  @Override
  public int read(Fd fd, ByteBuffer into) {
    requireRoom(into);
    return call(() -> open.get(fd).read(into), "read", fd);
  }

  @Override
  public int write(Fd fd, ByteBuffer from) {
    return call(() -> open.get(fd).write(from), "write", fd);
  }

  @Override
  public int readAt(Fd fd, ByteBuffer into, long offset) {
    requireRoom(into);
    return call(() -> open.get(fd).readAt(into, offset), "readAt", fd, offset);
  }

  static void requireRoom(ByteBuffer into) {
    if (!into.hasRemaining()) {
      throw new IllegalArgumentException("buffer must have room: " + into);
    }
  }

  /** Only what is written here changes a file. */
  @Override
  public boolean awaitChange(Fd fd, Duration timeout) {
    return call(
        () -> {
          OpenNode node = open.get(fd, OpenNode.class, Errno.EBADF);
          return monitor.await(node::hasChanged, timeout);
        },
        "awaitChange",
        fd,
        timeout);
  }

  @Override
  public void makeDirectory(Path path) {
    call(
        () -> {
          tree.addDirectory(path);
          return path;
        },
        "makeDirectory",
        path);
  }

  @Override
  public void removeDirectory(Path path) {
    call(
        () -> {
          tree.removeDirectory(path);
          return path;
        },
        "removeDirectory",
        path);
  }

  @Override
  public List<String> directories(Path path) {
    return call(() -> tree.directories(path), "directories", path);
  }

  @Override
  public FileStatus status(Fd fd) {
    return call(() -> open.get(fd).status(), "status", fd);
  }

  @Override
  public long filesystemMagic(Fd fd) {
    return call(
        () -> {
          open.get(fd);
          return TMPFS_MAGIC;
        },
        "filesystemMagic",
        fd);
  }

  @Override
  public Pipe pipe() {
    return call(
        () -> {
          PipeBuffer buffer = new PipeBuffer(monitor);
          return new Pipe(open.add(buffer.new ReadEnd()), open.add(buffer.new WriteEnd()));
        },
        "pipe");
  }

  @Override
  public boolean isPlace(Fd fd) {
    return call(() -> open.get(fd) instanceof OpenNode node && node.isPlace(), "isPlace", fd);
  }

  @Override
  public Fd sealedMemory(String name, ByteBuffer content) {
    return call(
        () -> {
          Node node = tree.node(FileType.REGULAR);
          node.write(content, 0);
          node.seal();
          return open.add(memory(name, node));
        },
        "sealedMemory",
        name);
  }

  @Override
  public Fd memory(String name, long bytes) {
    return call(
        () -> {
          Node node = tree.node(FileType.REGULAR);
          node.resize(bytes);
          return open.add(memory(name, node));
        },
        "memory",
        name,
        bytes);
  }

  private static OpenNode memory(String name, Node node) {
    return new OpenNode(Path.of("/memfd:" + name), node, Set.of(OpenFlag.READ_WRITE));
  }

  @Override
  public void setBlocking(Fd fd, boolean blocking) {
    call(
        () -> {
          open.get(fd).setBlocking(blocking);
          return fd;
        },
        "setBlocking",
        fd,
        blocking);
  }

  @Override
  public void setOwner(Fd directory, String name, int uid, int gid) {
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.equals("..")) {
      throw new IllegalArgumentException("name must be one of the directory's: " + name);
    }
    call(
        () -> {
          Path base = directory(directory);
          tree.require(base.resolve(name)).setOwner(uid, gid);
          return directory;
        },
        "setOwner",
        directory,
        name,
        uid,
        gid);
  }

  @Override
  public void setOwner(Path path, int uid, int gid) {
    call(
        () -> {
          tree.require(path).setOwner(uid, gid);
          return path;
        },
        "setOwner",
        path,
        uid,
        gid);
  }

  @Override
  public void setOwner(Fd file, int uid, int gid) {
    call(
        () -> {
          if (!file.isOpen()) {
            throw new LinuxException("change the owner of", file.toString(), Errno.EBADF);
          }
          return file;
        },
        "setOwner",
        file,
        uid,
        gid);
  }

  @Override
  public void setPipeCapacity(Fd pipe, int bytes) {
    call(
        () -> {
          open.get(pipe, PipeBuffer.End.class, Errno.EBADF).setCapacity(bytes);
          return pipe;
        },
        "setPipeCapacity",
        pipe,
        bytes);
  }
}
