package dev.caisson.linux;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.linux.abi.SockaddrUn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The address of a socket file. A path that is too long for the kernel's structure is given
 * relative to its directory, which is held open meanwhile.
 */
record SocketAddress(Path path, Optional<Fd> directory) implements AutoCloseable {

  static SocketAddress of(Files files, Path path) {
    boolean fits = bytes(path).length <= SockaddrUn.MAX_PATH;
    Path parent = path.getParent();
    return new SocketAddress(
        path,
        fits || parent == null
            ? Optional.empty()
            : Optional.of(files.open(parent, OpenFlag.PATH, OpenFlag.DIRECTORY)));
  }

  /** The structure for the kernel; ENAMETOOLONG when the file's name alone is too long. */
  MemorySegment in(Arena arena, String operation) {
    byte[] name = bytes(directory.map(fd -> fd.path().resolve(path.getFileName())).orElse(path));
    if (name.length > SockaddrUn.MAX_PATH) {
      throw new LinuxException(operation, path.toString(), Errno.ENAMETOOLONG);
    }
    return SockaddrUn.in(arena, name);
  }

  private static byte[] bytes(Path path) {
    return path.toString().getBytes(UTF_8);
  }

  @Override
  public void close() {
    directory.ifPresent(Fd::close);
  }
}
