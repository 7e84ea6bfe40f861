package dev.caisson.executor.journal;

import dev.caisson.executor.disk.Disk;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Appends to one segment. Not by a FileChannel, which an interrupt of the writing thread would
 * close. The caller sees to it that nothing is appended while {@link #close} runs; {@link #sync}
 * may run beside {@link #append}.
 */
final class SegmentWriter {
  static final String TEMPORARY = ".new";

  private final Segment segment;
  private final FileOutputStream out;
  private final Disk disk;
  private long bytes;
  private boolean open = true;
  private boolean broken;
  private boolean torn;

  private SegmentWriter(Segment segment, FileOutputStream out, Disk disk) {
    this.segment = segment;
    this.out = out;
    this.disk = disk;
    this.bytes = segment.recordsOffset();
  }

  /** A segment is there with its whole header, durably, or not at all. */
  static SegmentWriter create(Path directory, SegmentHeader header, Disk disk) throws IOException {
    try {
      return createOnce(directory, header, disk);
    } catch (IOException e) {
      Files.deleteIfExists(directory.resolve(Segment.name(header.first()) + TEMPORARY));
      if (!disk.makeRoom()) {
        throw e;
      }
      return createOnce(directory, header, disk);
    }
  }

  private static SegmentWriter createOnce(Path directory, SegmentHeader header, Disk disk)
      throws IOException {
    byte[] encoded = header.encode();
    Path file = directory.resolve(Segment.name(header.first()));
    Path temporary = directory.resolve(file.getFileName() + TEMPORARY);
    try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
      disk.write(out, encoded);
      disk.sync(out);
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(directory);
    Segment segment = Segment.begun(file, header, encoded.length);
    return new SegmentWriter(segment, new FileOutputStream(file.toFile(), true), disk);
  }

  static void syncDirectory(Path directory) throws IOException {
    boolean interrupted = Thread.interrupted();
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  Segment segment() {
    return segment;
  }

  /** Header included. */
  long bytes() {
    return bytes;
  }

  boolean isEmpty() {
    return bytes == segment.recordsOffset();
  }

  /** Whole, or not at all, as long as it {@link #isSound}. */
  void append(byte[] frame) throws IOException {
    try {
      appendOnce(frame);
    } catch (IOException e) {
      if (torn || !disk.makeRoom()) {
        throw e;
      }
      appendOnce(frame);
    }
  }

  private void appendOnce(byte[] frame) throws IOException {
    try {
      disk.write(out, frame);
    } catch (IOException e) {
      cut(e);
      throw e;
    }
    bytes += frame.length;
  }

  /** Takes back what of a frame is there. */
  private void cut(IOException cause) {
    torn = true;
    try (RandomAccessFile file = new RandomAccessFile(segment.file().toFile(), "rw")) {
      file.setLength(bytes);
      torn = false;
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Whether it is known what is in it: then a write that has failed has changed nothing. */
  synchronized boolean isSound() {
    return open && !broken && !torn;
  }

  /** A closed one has been synced before. */
  synchronized void sync() throws IOException {
    if (open) {
      syncOnce();
    }
  }

  /** The kernel tells of a lost write once; a later fsync that succeeds proves nothing. */
  private void syncOnce() throws IOException {
    if (broken) {
      throw new IOException("an earlier fsync failed");
    }
    broken = true;
    disk.sync(out);
    broken = false;
  }

  /** Synced and sealed. */
  synchronized void close() throws IOException {
    if (open) {
      syncOnce();
      out.close();
      open = false;
      segment.seal(bytes);
    }
  }

  /** Gives the descriptor back, whatever became of the bytes. */
  synchronized void abandon() {
    open = false;
    try {
      out.close();
    } catch (IOException _) {
      // The log has failed already, and says why.
    }
  }
}
