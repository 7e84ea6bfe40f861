package dev.caisson.executor.store;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;

/** Reads anywhere in a log, beside who appends to it. For one thread. */
class LogReader implements Closeable {
  private final RandomAccessFile file;

  LogReader(Path path) throws IOException {
    this.file = new RandomAccessFile(path.toFile(), "r");
  }

  long size() throws IOException {
    return file.length();
  }

  /** Fewer bytes where the file ends. */
  byte[] read(long at, int length) throws IOException {
    byte[] bytes = new byte[length];
    file.seek(at);
    int filled = 0;
    for (int n = 0; n >= 0 && filled < length; n = file.read(bytes, filled, length - filled)) {
      filled += n;
    }
    return filled == length ? bytes : Arrays.copyOf(bytes, filled);
  }

  byte[] readFully(long at, int length) throws IOException {
    byte[] bytes = read(at, length);
    if (bytes.length < length) {
      throw new EOFException("the log ends at " + size() + ", before " + (at + length));
    }
    return bytes;
  }

  Frame frame(Extent extent) throws IOException, Unreadable {
    return Frame.decode(read(extent.at(), Math.toIntExact(extent.length())));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
