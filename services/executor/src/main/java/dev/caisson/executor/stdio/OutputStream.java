package dev.caisson.executor.stdio;

/** Which of its two output streams a process wrote to. */
public enum OutputStream {
  STDOUT,
  STDERR
}
