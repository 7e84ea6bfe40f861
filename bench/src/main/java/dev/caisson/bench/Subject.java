package dev.caisson.bench;

/** Something that is timed: mostly the run of a container to its end. */
interface Subject extends AutoCloseable {
  String name();

  /** Does it once. A run returns when the exit status is known and the container is deleted. */
  void run() throws Exception;

  @Override
  default void close() {}
}
