package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** `caisson top`, at a terminal, which script(1) makes, and without one. */
@Timeout(60)
class TopCommandIT {
  private static final String SHOW_CURSOR = "\u001b[?25h";

  @TempDir private Path data;
  private FakeGateway gateway;
  private Process script;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void serve() throws IOException {
    gateway = new FakeGateway(data);
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    gateway.has("still", ContainerState.PAUSED, ExitStatus.getDefaultInstance());
    gateway.has("made", ContainerState.CREATED, ExitStatus.getDefaultInstance());
    gateway.has("gone", ContainerState.STOPPED, ExitStatus.getDefaultInstance());
  }

  @AfterEach
  void close() {
    gateway.close();
    if (script != null) {
      script.destroyForcibly();
    }
  }

  private int caisson(String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--data", data.toString()));
    CommandLine line = Cli.commandLine(words);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(all.toArray(String[]::new));
  }

  @Test
  void showsOnceWhatRunsWithTheCpuOfOneInterval() {
    assertThat(caisson("top", "--once", "--interval", "0.1")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            CONTAINER  SANDBOX  CPU %   MEMORY     LIMIT  PIDS
            still      still     25.0  1.5 MiB  64.0 MiB     3
            web        web       25.0  1.5 MiB  64.0 MiB     3
            """);
  }

  @Test
  void asksForTheSandboxThatIsMeant() {
    assertThat(caisson("top", "--once", "--interval", "0.1", "--sandbox", "web")).isZero();
    assertThat(gateway.statisticsRead)
        .isNotEmpty()
        .allMatch(asked -> asked.getParent().equals("tenants/default/sandboxes/web"));
  }

  @Test
  void refusesIntervalsThatAreNone() {
    for (String wrong : List.of("0", "0.05", "3601", "often")) {
      assertThat(caisson("top", "--interval", wrong)).isEqualTo(Exit.USAGE);
      assertThat(err.toString()).contains("--interval must be ");
    }
    assertThat(gateway.statisticsRead).isEmpty();
  }

  @Test
  void writesOneTableWhereThereIsNoTerminal() throws Exception {
    Process client = new ProcessBuilder(client("top --interval 0.1").split(" ")).start();
    List<String> lines = client.inputReader().lines().toList();
    assertThat(client.waitFor()).isZero();
    assertThat(lines).hasSize(3).noneMatch(line -> line.contains("\u001b"));
  }

  @Test
  void drawsTheTableOverAgainAndLeavesItWithTheCursorWhenItIsInterrupted() throws Exception {
    atTerminal("top --interval 0.1");
    String drawn = readUntil("25.0") + readUntil("\u001b[3A") + readUntil("25.0");
    script.outputWriter().write('\u0003');
    script.outputWriter().flush();
    drawn += readUntil(SHOW_CURSOR);
    assertThat(script.waitFor()).isZero();
    assertThat(Files.readString(data.resolve("code")).strip()).isEqualTo("130");
    assertThat(drawn)
        .contains("\u001b[?25l", "CONTAINER", "CPU %", "1.5 MiB")
        .doesNotContain("gone");
  }

  @Test
  void endsWithTheReasonWhenTheGatewayDoes() throws Exception {
    atTerminal("top --interval 0.1");
    assertThat(readUntil("25.0") + readUntil("web")).contains("still");
    gateway.close();
    assertThat(readUntil(SHOW_CURSOR)).isNotEmpty();
    assertThat(readUntil("caisson: ")).isNotEmpty();
    assertThat(script.waitFor()).isZero();
    assertThat(Files.readString(data.resolve("code")).strip()).isEqualTo("125");
  }

  private String client(String words) {
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

  /** At a terminal of 20 by 70. */
  private void atTerminal(String words) throws IOException {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/script")),
        "Skipped: needs script(1): apt-get install bsdutils");
    // A shell that has no trap may end at the interruption that is meant for the client; and one
    // that was started in the background ignores it, as all that it starts do.
    String session =
        String.format(
            "trap : INT; stty rows 20 cols 70; %s; echo $? > '%s/code'", client(words), data);
    ProcessBuilder builder =
        new ProcessBuilder("env", "--default-signal=INT", "script", "-qec", session, "/dev/null");
    builder.environment().putAll(Map.of("TERM", "xterm", "SHELL", "/bin/sh"));
    script = builder.redirectErrorStream(true).start();
  }

  private String readUntil(String part) throws IOException {
    Reader all = script.inputReader();
    StringBuilder read = new StringBuilder();
    while (read.indexOf(part) < 0) {
      int character = all.read();
      assertThat(character).as("ended after: " + read).isNotNegative();
      read.append((char) character);
    }
    return read.toString();
  }
}
