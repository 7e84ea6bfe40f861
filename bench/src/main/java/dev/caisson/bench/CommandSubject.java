package dev.caisson.bench;

import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A command for each container, as a caller of that runtime has it. Starting a process costs the
 * JVM something by itself: that is measured as a subject of its own.
 */
final class CommandSubject implements Subject {
  private static final File NOTHING = new File("/dev/null");

  private final String name;
  private final IntFunction<List<String>> command;
  private int runs;

  /**
   * A subject of that name.
   *
   * @param command the words of the nth run
   */
  CommandSubject(String name, IntFunction<List<String>> command) {
    this.name = name;
    this.command = command;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void run() throws Exception {
    run(command.apply(runs++));
  }

  /**
   * Runs a command to its end.
   *
   * @throws IllegalStateException if it ends with anything but 0
   */
  static void run(List<String> words) throws Exception {
    Process process =
        new ProcessBuilder(words)
            .redirectInput(NOTHING)
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD)
            .start();
    int code = process.waitFor();
    if (code != 0) {
      throw new IllegalStateException(String.join(" ", words) + " ended with " + code);
    }
  }
}
