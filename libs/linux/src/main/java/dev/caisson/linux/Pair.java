package dev.caisson.linux;

/** Two connected sockets; the holder closes them. */
public record Pair(Fd first, Fd second) implements AutoCloseable {
  @Override
  public void close() {
    first.close();
    second.close();
  }
}
