package dev.caisson.linux;

/** Both ends of a pipe; the holder closes them. */
public record Pipe(Fd read, Fd write) implements AutoCloseable {
  @Override
  public void close() {
    read.close();
    write.close();
  }
}
