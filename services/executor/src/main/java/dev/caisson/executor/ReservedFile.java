package dev.caisson.executor;

import dev.caisson.executor.disk.Room;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/** {@link Room} in a file, which is written and not only made long. */
final class ReservedFile implements Room {
  /** Room for the ends and the deletions of some thousand containers. */
  static final int BYTES = 4 << 20;

  private static final System.Logger LOG = System.getLogger(ReservedFile.class.getName());
  private static final int PIECE = 64 << 10;

  private final Path file;
  private boolean whole;

  ReservedFile(Path file) {
    this.file = file;
  }

  @Override
  public synchronized boolean keep() {
    if (!whole) {
      whole = fill();
    }
    return whole;
  }

  private boolean fill() {
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.seek(out.length());
      while (out.length() < BYTES) {
        out.write(new byte[(int) Math.min(PIECE, BYTES - out.length())]);
      }
      return true;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "There is no room to keep in {0}: {1}", file, e);
      return false;
    }
  }

  @Override
  public synchronized boolean give() {
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      boolean some = out.length() > 0;
      if (some) {
        LOG.log(System.Logger.Level.WARNING, "The disk of {0} is full: its room is used", file);
      }
      whole = false;
      out.setLength(0);
      return some;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "Failed to give the room in {0}: {1}", file, e);
      return false;
    }
  }
}
