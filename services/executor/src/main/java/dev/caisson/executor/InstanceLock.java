package dev.caisson.executor;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** One executor for each data directory: held for as long as the process lives. */
record InstanceLock(FileChannel file, FileLock lock) implements AutoCloseable {

  /**
   * @throws IllegalStateException when another executor has it
   */
  static InstanceLock take(Path data) throws IOException {
    FileChannel file =
        FileChannel.open(
            data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    @Nullable FileLock lock = file.tryLock();
    if (lock == null) {
      file.close();
      throw new IllegalStateException("another executor uses " + data + ": stop it first");
    }
    return new InstanceLock(file, lock);
  }

  @Override
  public void close() throws IOException {
    lock.release();
    file.close();
  }
}
