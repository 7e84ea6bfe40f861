package dev.caisson.executor.journal;

import java.io.FileOutputStream;
import java.io.IOException;

/** The calls that a log must bear the failure of; a test has one that fails. */
class Disk {
  private final Room room;

  Disk() {
    this(Room.NONE);
  }

  Disk(Room room) {
    this.room = room;
  }

  /** Says whether a write that has failed is worth another try. */
  boolean makeRoom() {
    return room.give();
  }

  void write(FileOutputStream out, byte[] bytes) throws IOException {
    out.write(bytes);
  }

  /** fsync(2). */
  void sync(FileOutputStream out) throws IOException {
    out.getFD().sync();
  }
}
