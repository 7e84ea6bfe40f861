package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.LinuxException;
import java.nio.ByteBuffer;

/** What descriptors refer to. Closed when the last of them is. Guarded by the kernel's monitor. */
abstract class OpenFile {
  private int references;
  private boolean blocking = true;

  final OpenFile retain() {
    references++;
    return this;
  }

  final void release() {
    references--;
    if (references == 0) {
      closed();
    }
  }

  final boolean isBlocking() {
    return blocking;
  }

  final void setBlocking(boolean value) {
    blocking = value;
  }

  /** Called once, after the last descriptor. */
  void closed() {}

  /** Bytes; 0 at the end; or {@code WOULD_BLOCK}. */
  int read(ByteBuffer into) {
    throw failure("read", Errno.EINVAL);
  }

  int write(ByteBuffer from) {
    throw failure("write", Errno.EINVAL);
  }

  int readAt(ByteBuffer into, long offset) {
    throw failure("read", Errno.ESPIPE);
  }

  FileStatus status() {
    return new FileStatus(type(), 0600, 0, 0, 0, 0, 0, 0, 0);
  }

  abstract FileType type();

  boolean isReadable() {
    return false;
  }

  boolean isWritable() {
    return false;
  }

  boolean isHungUp() {
    return false;
  }

  final LinuxException failure(String operation, Errno errno) {
    return new LinuxException(operation, toString(), errno);
  }

  @Override
  public String toString() {
    return "a fake " + type();
  }
}
