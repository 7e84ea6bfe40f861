package dev.caisson.executor.store;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;

/**
 * The calls whose order and failures the store must bear; a test has one that fails.
 *
 * <p>Files are not FileChannels, which an interrupt of the calling thread would close.
 */
class Disk {
  private final BooleanSupplier room;

  Disk() {
    this(() -> false);
  }

  /**
   * @param room gives what is kept on the disk for a write that has failed; says whether it has
   */
  Disk(BooleanSupplier room) {
    this.room = room;
  }

  /** Says whether a write that has failed is worth another try. */
  boolean makeRoom() {
    return room.getAsBoolean();
  }

  /** At the file's position; write(2), once for up to a MiB. */
  void write(RandomAccessFile file, byte[] bytes) throws IOException {
    file.write(bytes);
  }

  /** ftruncate(2), and on from there. */
  void cut(RandomAccessFile file, long length) throws IOException {
    file.setLength(length);
    file.seek(length);
  }

  /** fsync(2). */
  void sync(RandomAccessFile file) throws IOException {
    file.getFD().sync();
  }

  void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Only by threads that nobody interrupts. */
  void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
