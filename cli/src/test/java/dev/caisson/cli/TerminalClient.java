package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The client as a process of its own, at a terminal of 20 by 70, which script(1) makes. */
final class TerminalClient implements AutoCloseable {
  static final String HIDE_CURSOR = "\u001b[?25l";
  static final String SHOW_CURSOR = "\u001b[?25h";

  private final Process script;
  private final Path code;

  private TerminalClient(Process script, Path code) {
    this.script = script;
    this.code = code;
  }

  /** What starts it, without a terminal. */
  static List<String> command(Path data, String words) {
    return List.of(commandLine(data, words).split(" "));
  }

  private static String commandLine(Path data, String words) {
    return String.join(
        " ",
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1 --illegal-native-access=deny -Dstdout.encoding=UTF-8 -cp",
        System.getProperty("java.class.path"),
        "dev.caisson.cli.Cli",
        words,
        "--data",
        data.toString());
  }

  static TerminalClient start(Path data, String words) throws IOException {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/script")),
        "Skipped: needs script(1): apt-get install bsdutils");
    Path code = data.resolve("code");
    // A shell that has no trap may end at the interruption that is meant for the client; and one
    // that was started in the background ignores it, as all that it starts do.
    String session =
        String.format(
            "trap : INT; stty rows 20 cols 70; %s; echo $? > '%s'", commandLine(data, words), code);
    ProcessBuilder builder =
        new ProcessBuilder("env", "--default-signal=INT", "script", "-qec", session, "/dev/null");
    builder.environment().putAll(Map.of("TERM", "xterm", "SHELL", "/bin/sh"));
    return new TerminalClient(builder.redirectErrorStream(true).start(), code);
  }

  /** All that is shown up to there. */
  String readUntil(String part) throws IOException {
    Reader all = script.inputReader();
    StringBuilder read = new StringBuilder();
    while (read.indexOf(part) < 0) {
      int character = all.read();
      assertThat(character).as("ended after: " + read).isNotNegative();
      read.append((char) character);
    }
    return read.toString();
  }

  /** Ctrl-C. */
  void interrupt() throws IOException {
    script.outputWriter().write('\u0003');
    script.outputWriter().flush();
  }

  /** Once it has ended. */
  String exitCode() throws Exception {
    assertThat(script.waitFor()).isZero();
    return Files.readString(code).strip();
  }

  @Override
  public void close() {
    script.destroyForcibly();
  }
}
