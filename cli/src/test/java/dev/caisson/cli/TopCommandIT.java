package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** `caisson top`, at a terminal, which script(1) makes, and without one. */
@Timeout(60)
class TopCommandIT {
  @TempDir private Path data;
  private FakeGateway gateway;
  private TerminalClient terminal;
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
    if (terminal != null) {
      terminal.close();
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
    Process client = new ProcessBuilder(TerminalClient.command(data, "top --interval 0.1")).start();
    List<String> lines = client.inputReader().lines().toList();
    assertThat(client.waitFor()).isZero();
    assertThat(lines).hasSize(3).noneMatch(line -> line.contains("\u001b"));
  }

  @Test
  void drawsTheTableOverAgainAndLeavesItWithTheCursorWhenItIsInterrupted() throws Exception {
    terminal = TerminalClient.start(data, "top --interval 0.1");
    String drawn =
        terminal.readUntil("25.0") + terminal.readUntil("\u001b[3A") + terminal.readUntil("25.0");
    terminal.interrupt();
    drawn += terminal.readUntil(TerminalClient.SHOW_CURSOR);
    assertThat(terminal.exitCode()).isEqualTo("130");
    assertThat(drawn)
        .contains(TerminalClient.HIDE_CURSOR, "CONTAINER", "CPU %", "1.5 MiB")
        .doesNotContain("gone");
  }

  @Test
  void endsWithTheReasonWhenTheGatewayDoes() throws Exception {
    terminal = TerminalClient.start(data, "top --interval 0.1");
    assertThat(terminal.readUntil("25.0") + terminal.readUntil("web")).contains("still");
    gateway.close();
    assertThat(terminal.readUntil(TerminalClient.SHOW_CURSOR)).isNotEmpty();
    assertThat(terminal.readUntil("caisson: ")).isNotEmpty();
    assertThat(terminal.exitCode()).isEqualTo("125");
  }
}
