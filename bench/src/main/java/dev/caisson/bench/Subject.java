package dev.caisson.bench;

/** Something that runs a container to its end. */
interface Subject extends AutoCloseable {
  String name();

  /** Runs one container; returns when its exit status is known and it is deleted. */
  void run() throws Exception;

  @Override
  default void close() {}
}
