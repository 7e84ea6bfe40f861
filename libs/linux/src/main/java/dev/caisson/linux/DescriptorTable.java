package dev.caisson.linux;

/** Whose numbers an {@link Fd} has: this process's, or a fake's. */
public interface DescriptorTable {
  /** Called once for each descriptor. */
  void close(int number);

  /** A new number for the same open file. */
  int duplicate(int number);
}
