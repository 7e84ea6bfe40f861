package dev.caisson.linux;

/**
 * How a child ended.
 *
 * @param code exit code, 0 to 255; 0 when a signal ended it
 * @param signal 1 to 64; 0 when it exited by itself
 */
public record ChildStatus(int code, int signal) {
  public ChildStatus {
    if (code != 0 && signal != 0) {
      throw new IllegalArgumentException("code must be 0 with a signal: " + code);
    }
  }
}
