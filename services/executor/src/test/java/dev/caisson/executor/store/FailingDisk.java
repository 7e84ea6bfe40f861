package dev.caisson.executor.store;

import dev.caisson.executor.disk.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts, and fails as it is told to. */
class FailingDisk extends Disk {
  final AtomicInteger writesUntilFull = new AtomicInteger(Integer.MAX_VALUE);
  final AtomicInteger failingCuts = new AtomicInteger();
  final AtomicInteger failingSyncs = new AtomicInteger();
  final AtomicInteger syncs = new AtomicInteger();
  final AtomicInteger renames = new AtomicInteger();

  /** How much of the write that finds no room gets there. */
  volatile int bytesThatFit = 20;

  @Override
  public void write(RandomAccessFile file, byte[] bytes) throws IOException {
    if (writesUntilFull.getAndDecrement() <= 0) {
      file.write(bytes, 0, Math.min(bytesThatFit, bytes.length));
      throw new IOException("No space left on device");
    }
    super.write(file, bytes);
  }

  @Override
  public void cut(RandomAccessFile file, long length) throws IOException {
    if (failingCuts.getAndDecrement() > 0) {
      throw new IOException("Input/output error");
    }
    super.cut(file, length);
  }

  @Override
  public void sync(RandomAccessFile file) throws IOException {
    syncs.incrementAndGet();
    if (failingSyncs.getAndDecrement() > 0) {
      throw new IOException("Input/output error");
    }
    super.sync(file);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    renames.incrementAndGet();
    super.rename(from, to);
  }
}
