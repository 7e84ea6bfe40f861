package dev.caisson.executor.store;

/** A part of the log's file. */
record Extent(long at, long length) {
  long end() {
    return at + length;
  }
}
