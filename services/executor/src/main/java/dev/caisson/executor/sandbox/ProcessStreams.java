package dev.caisson.executor.sandbox;

import dev.caisson.executor.stdio.InputPump;
import dev.caisson.executor.stdio.OutputPump;
import dev.caisson.executor.stdio.Terminal;
import java.util.Optional;

/**
 * The executor's ends of a process's standard streams.
 *
 * @param terminal where they are one
 */
public record ProcessStreams(InputPump input, OutputPump output, Optional<Terminal> terminal)
    implements AutoCloseable {
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
