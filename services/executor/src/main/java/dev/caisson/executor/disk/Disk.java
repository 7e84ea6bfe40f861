package dev.caisson.executor.disk;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * The calls whose order and failures the store and the logs must bear; a test has one that fails.
 *
 * <p>Files are not FileChannels, which an interrupt of the calling thread would close. Thread-safe.
 */
public class Disk {
  private final Room room;

  /** Without room that is kept. */
  public Disk() {
    this(Room.NONE);
  }

  public Disk(Room room) {
    this.room = room;
  }

  /** Says whether what must be recorded finds the room that is kept for it. */
  public boolean keepRoom() {
    return room.keep();
  }

  /** Says whether a write that has failed is worth another try. */
  public boolean makeRoom() {
    return room.give();
  }

  /** At the file's end; write(2), once for up to a MiB. */
  public void write(FileOutputStream file, byte[] bytes) throws IOException {
    file.write(bytes);
  }

  /** At the file's position; as above. */
  public void write(RandomAccessFile file, byte[] bytes) throws IOException {
    file.write(bytes);
  }

  /** ftruncate(2), and on from there. */
  public void cut(RandomAccessFile file, long length) throws IOException {
    file.setLength(length);
    file.seek(length);
  }

  /** fsync(2). */
  public void sync(FileOutputStream file) throws IOException {
    file.getFD().sync();
  }

  /** fsync(2). */
  public void sync(RandomAccessFile file) throws IOException {
    file.getFD().sync();
  }

  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Only by threads that nobody interrupts. */
  public void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
