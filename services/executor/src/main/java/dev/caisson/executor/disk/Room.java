package dev.caisson.executor.disk;

/**
 * Space on the disk that is kept for what must be recorded. Where the disk is full, new work is
 * refused while it is still there, and ends and deletions are recorded with it. Thread-safe.
 */
public interface Room {
  /** Nothing is kept: on a full disk nothing can be recorded. */
  Room NONE =
      new Room() {
        @Override
        public boolean keep() {
          return true;
        }

        @Override
        public boolean give() {
          return false;
        }
      };

  /** Takes it, where it was given; says whether all of it is there. */
  boolean keep();

  /** Gives all of it to others; says whether there was any. */
  boolean give();
}
