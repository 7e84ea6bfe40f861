package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.OpenFlag;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;

/** An open file or directory of a {@link Tree}, with its position. */
final class OpenNode extends OpenFile {
  private final Path path;
  private final Node node;
  private final Set<OpenFlag> flags;
  private long position;
  private int seen;

  OpenNode(Path path, Node node, Set<OpenFlag> flags) {
    this.path = path;
    this.node = node;
    this.flags = flags;
  }

  Path path() {
    return path;
  }

  boolean isPlace() {
    return flags.contains(OpenFlag.PATH);
  }

  Node node() {
    return node;
  }

  /** Since it was read here. */
  boolean hasChanged() {
    return node.changes() != seen;
  }

  @Override
  int read(ByteBuffer into) {
    requireReadable();
    seen = node.changes();
    int count = node.read(into, position);
    position += count;
    return count;
  }

  @Override
  int readAt(ByteBuffer into, long offset) {
    requireReadable();
    seen = node.changes();
    return node.read(into, offset);
  }

  @Override
  int write(ByteBuffer from) {
    if (flags.contains(OpenFlag.PATH) || !isForWriting(flags)) {
      throw failure("write", Errno.EBADF);
    }
    long at = flags.contains(OpenFlag.APPEND) ? node.length() : position;
    int count = node.write(from, at);
    position = at + count;
    return count;
  }

  private void requireReadable() {
    if (flags.contains(OpenFlag.PATH) || flags.contains(OpenFlag.WRITE_ONLY)) {
      throw failure("read", Errno.EBADF);
    }
    if (node.type() == FileType.DIRECTORY) {
      throw failure("read", Errno.EISDIR);
    }
  }

  static boolean isForWriting(Set<OpenFlag> flags) {
    return flags.contains(OpenFlag.WRITE_ONLY) || flags.contains(OpenFlag.READ_WRITE);
  }

  @Override
  FileStatus status() {
    return node.status();
  }

  @Override
  FileType type() {
    return node.type();
  }

  @Override
  boolean isReadable() {
    return true;
  }

  @Override
  boolean isWritable() {
    return true;
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
