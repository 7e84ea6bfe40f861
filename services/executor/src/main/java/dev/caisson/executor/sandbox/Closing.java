package dev.caisson.executor.sandbox;

import dev.caisson.linux.Fd;
import java.util.Optional;

/** A descriptor that may be absent, for try-with-resources. */
record Closing(Optional<Fd> descriptor) implements AutoCloseable {
  static Closing of(Optional<Fd> descriptor) {
    return new Closing(descriptor);
  }

  @Override
  public void close() {
    descriptor.ifPresent(Fd::close);
  }
}
