package dev.caisson.executor.store;

/**
 * How large the log gets.
 *
 * @param compactBytes from here on it is written anew when more than half of it is garbage
 * @param maxBytes a record that would make it larger is refused, and nothing beyond is read
 * @param reservedBytes of those only removals use, so that there is a way out
 */
record Limits(long compactBytes, long maxBytes, long reservedBytes) {
  /** Ten thousand sandboxes with containers of 2 KiB are 30 MiB; twice that with its garbage. */
  static final Limits DEFAULT = new Limits(1 << 20, 1 << 30, 1 << 20);
}
