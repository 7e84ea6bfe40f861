package dev.caisson.executor.init;

import dev.caisson.linux.Errno;

/** How far a program is that caisson-init runs. */
public sealed interface Progress {
  /** It waits at a barrier; {@link RunningProgram#proceed} opens it. */
  record AtBarrier(int step) implements Progress {}

  /** It has executed a file, or has come to its end. */
  record Executed() implements Progress {}

  /** A step failed with an error that it does not tolerate; the process has ended. */
  record Failed(int step, Errno errno) implements Progress {}

  /** caisson-init refused it whole: a defect of the compiler. */
  record Malformed() implements Progress {}
}
