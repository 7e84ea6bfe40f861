package dev.caisson.cli;

import dev.caisson.proto.types.v1.ConsoleSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The terminal that is our standard input: raw until it is closed, so that every key goes to the
 * terminal of the container.
 *
 * <p>By stty(1), since Java has no word for it.
 */
final class LocalTerminal implements AutoCloseable {
  /** How it was. */
  private final String saved;

  private LocalTerminal(String saved) {
    this.saved = saved;
  }

  /** Absent where standard input is something else. */
  static Optional<LocalTerminal> take() {
    Optional<String> saved = stty("-g");
    saved.ifPresent(ignored -> stty("raw", "-echo"));
    return saved.map(LocalTerminal::new);
  }

  static boolean isThere() {
    return stty("-g").isPresent();
  }

  /** Absent where there is none, or it does not know. */
  static Optional<ConsoleSize> size() {
    return stty("size").flatMap(LocalTerminal::size);
  }

  /** {@code 24 80}. */
  static Optional<ConsoleSize> size(String text) {
    if (!text.matches("[1-9][0-9]{0,4} [1-9][0-9]{0,4}")) {
      return Optional.empty();
    }
    String[] sides = text.split(" ", -1);
    return Optional.of(
        ConsoleSize.newBuilder()
            .setHeight(Integer.parseInt(sides[0]))
            .setWidth(Integer.parseInt(sides[1]))
            .build());
  }

  /** What programs at it are told of its kind. */
  static Optional<String> kind() {
    @Nullable String term = System.getenv("TERM");
    return Optional.ofNullable(term).filter(name -> !name.isEmpty());
  }

  @Override
  public void close() {
    var _ = stty(saved);
  }

  /** What it prints; absent where it fails. */
  private static Optional<String> stty(String... words) {
    String[] command = new String[words.length + 1];
    command[0] = "stty";
    System.arraycopy(words, 0, command, 1, words.length);
    try {
      Process stty =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String printed =
          new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return stty.waitFor() == 0 ? Optional.of(printed) : Optional.empty();
    } catch (IOException absent) {
      return Optional.empty();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
