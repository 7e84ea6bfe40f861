package dev.caisson.executor.journal;

import java.io.FileOutputStream;
import java.io.IOException;

/** The two calls whose failure ends a log; a test has one that fails. */
class Disk {
  void write(FileOutputStream out, byte[] bytes) throws IOException {
    out.write(bytes);
  }

  /** fsync(2). */
  void sync(FileOutputStream out) throws IOException {
    out.getFD().sync();
  }
}
