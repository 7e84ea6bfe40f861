package dev.caisson.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program of the host that hands descriptors over, and is there until it is closed. */
final class Donor implements AutoCloseable {
  private static final Path SOURCE =
      Services.REPOSITORY.resolve("services/executor/src/test/c/donate.c");

  private final Process process;
  private final BufferedReader output;
  private final List<String> tokens;

  private Donor(Process process) throws IOException {
    this.process = process;
    this.output = process.inputReader(UTF_8);
    String answer = output.readLine();
    assertThat(answer).startsWith("donated ");
    this.tokens = List.of(answer.substring("donated ".length()).split(" ", -1));
  }

  /** Compiled for these services. */
  static Path compile(Services services) {
    Path program = services.owned().resolve("donate");
    var _ = Services.done("gcc", "-o", program.toString(), SOURCE.toString());
    return program;
  }

  /**
   * Files that it has open.
   *
   * @param redirections of a shell, from number 3 upwards, as {@code <FILE}
   */
  static Donor of(Path program, Services services, String... redirections) throws IOException {
    StringBuilder script = new StringBuilder("exec \"$0\" \"$1\"");
    for (int i = 0; i < redirections.length; i++) {
      script.append(' ').append(i + 3);
    }
    for (int i = 0; i < redirections.length; i++) {
      script.append(' ').append(i + 3).append(redirections[i]);
    }
    return begin("sh", "-c", script.toString(), program.toString(), socket(services));
  }

  /** Who waits for a terminal, and is at it then. */
  static Donor ofConsole(Path program, Services services) throws IOException {
    return begin(program.toString(), socket(services), "console");
  }

  private static String socket(Services services) {
    return services.data().resolve("run/executor/donations.sock").toString();
  }

  /** Ended where nothing more comes: a test that reads would wait without end. */
  private static Donor begin(String... command) throws IOException {
    List<String> bounded = new ArrayList<>(List.of("timeout", "60"));
    bounded.addAll(List.of(command));
    return new Donor(
        new ProcessBuilder(bounded).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  List<String> tokens() {
    return tokens;
  }

  String token() {
    assertThat(tokens).hasSize(1);
    return tokens.getFirst();
  }

  void type(String text) throws IOException {
    OutputStream input = process.getOutputStream();
    input.write(text.getBytes(UTF_8));
    input.flush();
  }

  /** What is shown, up to a line that ends so. */
  List<String> linesUntil(String end) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      lines.add(line);
      if (line.endsWith(end)) {
        return lines;
      }
    }
    throw new AssertionError("not shown: " + end + ", but " + lines);
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    assertThat(process.onExit().join().exitValue()).isZero();
  }
}
