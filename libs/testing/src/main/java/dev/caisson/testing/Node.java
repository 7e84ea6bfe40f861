package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.LinuxException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** A file or directory in memory. Guarded by the kernel's monitor. */
final class Node {
  private static final int FILE_MODE = 0600;
  private static final int DIRECTORY_MODE = 0755;

  private final FileType type;
  private final long inode;
  private byte[] content = {};
  private boolean sealed;
  private int changes;
  private int uid;
  private int gid;

  Node(FileType type, long inode) {
    this.type = type;
    this.inode = inode;
  }

  FileType type() {
    return type;
  }

  byte[] content() {
    return content.clone();
  }

  int length() {
    return content.length;
  }

  void resize(long bytes) {
    requireUnsealed();
    content = Arrays.copyOf(content, Math.toIntExact(bytes));
  }

  /** How often it was written. */
  int changes() {
    return changes;
  }

  void seal() {
    sealed = true;
  }

  void setOwner(int newUid, int newGid) {
    uid = newUid;
    gid = newGid;
  }

  int read(ByteBuffer into, long offset) {
    int count = Math.clamp(content.length - offset, 0, into.remaining());
    if (count > 0) {
      into.put(content, (int) offset, count);
    }
    return count;
  }

  int write(ByteBuffer from, long offset) {
    requireUnsealed();
    int count = from.remaining();
    if (offset + count > content.length) {
      resize(offset + count);
    }
    from.get(content, (int) offset, count);
    changes++;
    return count;
  }

  private void requireUnsealed() {
    if (sealed) {
      throw new LinuxException("write", "sealed memory", Errno.EPERM);
    }
  }

  FileStatus status() {
    int mode = type == FileType.DIRECTORY ? DIRECTORY_MODE : FILE_MODE;
    return new FileStatus(type, mode, 1, inode, 0, 0, uid, gid, content.length);
  }
}
