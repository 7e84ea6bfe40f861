package dev.caisson.executor.sandbox;

import dev.caisson.executor.stdio.InputPump;
import dev.caisson.executor.stdio.OutputPump;
import dev.caisson.executor.stdio.Terminal;
import java.util.List;
import java.util.Optional;

/**
 * The executor's ends of a process's standard streams.
 *
 * @param terminal where they are one
 */
public record ProcessStreams(InputPump input, OutputPump output, Optional<Terminal> terminal)
    implements AutoCloseable {
  /** As the record has them. */
  List<String> names() {
    return terminal.isPresent() ? List.of("terminal") : List.of("stdin", "stdout", "stderr");
  }

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
