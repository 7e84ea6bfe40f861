package dev.caisson.executor.sandbox;

import dev.caisson.executor.stdio.InputPump;
import dev.caisson.executor.stdio.OutputPump;

/** The executor's ends of a process's standard streams. */
public record ProcessStreams(InputPump input, OutputPump output) implements AutoCloseable {
  /** The executor ends, the process does not. */
  void release() {
    input.release();
    output.close();
  }

  @Override
  public void close() {
    input.close();
    output.close();
  }
}
