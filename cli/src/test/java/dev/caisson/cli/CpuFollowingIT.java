package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** `caisson cpu --watch`, at a terminal, which script(1) makes, and without one. */
@Timeout(60)
class CpuFollowingIT {
  @TempDir private Path data;
  private FakeGateway gateway;
  private FakeAuditor auditor;
  private TerminalClient terminal;

  @BeforeEach
  void serve() throws IOException {
    gateway = new FakeGateway(data);
    auditor = gateway.auditor;
    auditor.records.add(figures(1, 100, 1_000_000_000L));
    auditor.records.add(figures(2, 102, 4_000_000_000L));
  }

  @AfterEach
  void close() {
    gateway.close();
    if (terminal != null) {
      terminal.close();
    }
  }

  @Test
  void drawsOneTableOverAgainAndLeavesItWithTheCursorWhenItIsInterrupted() throws Exception {
    terminal = TerminalClient.start(data, "cpu --watch");
    String drawn = terminal.readUntil("1.50");
    terminal.interrupt();
    drawn += terminal.readUntil(TerminalClient.SHOW_CURSOR);
    assertThat(terminal.exitCode()).isEqualTo("130");
    assertThat(drawn).contains(TerminalClient.HIDE_CURSOR, "CONTAINER", "web/app", "4.000", "█");
    assertThat(drawn.lines()).allSatisfy(line -> assertThat(visible(line)).hasSizeLessThan(70));
  }

  @Test
  void showsTheCursorAgainWhenTheSandboxIsGone() throws Exception {
    auditor.records.add(figures(3, 103, 4_500_000_000L).toBuilder().setLast(true).build());
    terminal = TerminalClient.start(data, "cpu --watch web");
    assertThat(terminal.readUntil(TerminalClient.SHOW_CURSOR)).contains("4.500", "0.50");
    assertThat(terminal.exitCode()).isEqualTo("0");
  }

  @Test
  void writesPlainLinesWhereThereIsNoTerminal() throws Exception {
    auditor.records.add(figures(3, 103, 4_500_000_000L).toBuilder().setLast(true).build());
    Process client = new ProcessBuilder(TerminalClient.command(data, "cpu --watch web")).start();
    List<String> lines = client.inputReader().lines().toList();
    assertThat(client.waitFor()).isZero();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).endsWith("web/app  - CPUs  1.000000000 s  running");
    assertThat(lines.get(1)).endsWith("web/app  1.50 CPUs  4.000000000 s  running");
    assertThat(lines).noneMatch(line -> line.contains("\u001b"));
  }

  @Test
  void writesADocumentForEachRecord() {
    auditor.records.add(figures(3, 103, 4_500_000_000L).toBuilder().setLast(true).build());
    StringWriter out = new StringWriter();
    assertThat(caisson(out, "cpu", "--watch", "web", "--output", "json")).isZero();
    assertThat(out.toString().lines())
        .hasSize(3)
        .allSatisfy(line -> assertThat(JsonParser.parseString(line).isJsonObject()).isTrue());
  }

  @Test
  void asksForWindows() {
    assertThat(caisson(new StringWriter(), "cpu", "--window", "60")).isZero();
    assertThat(auditor.windows.getLast().hasTo()).isFalse();
    assertThat(
            caisson(
                new StringWriter(),
                "cpu",
                "--from",
                "1970-01-01T00:01:00Z",
                "--to",
                "1970-01-01T00:02:00Z",
                "web"))
        .isZero();
    assertThat(auditor.windows.getLast().getFrom().getSeconds()).isEqualTo(60);
    assertThat(auditor.windows.getLast().getTo().getSeconds()).isEqualTo(120);
    assertThat(auditor.windows.getLast().getSandbox()).isEqualTo("web");
  }

  @Test
  void refusesWhatDoesNotGoTogether() {
    StringWriter out = new StringWriter();
    assertThat(caisson(out, "cpu", "--to", "1970-01-01T00:02:00Z")).isEqualTo(2);
    assertThat(caisson(out, "cpu", "--watch", "--window", "5")).isEqualTo(2);
    assertThat(caisson(out, "cpu", "--window", "5", "--from", "1970-01-01T00:02:00Z")).isEqualTo(2);
    assertThat(caisson(out, "cpu", "--from", "yesterday")).isEqualTo(2);
    assertThat(auditor.windows).isEmpty();
  }

  private int caisson(StringWriter out, String... words) {
    String[] all = java.util.Arrays.copyOf(words, words.length + 2);
    all[words.length] = "--data";
    all[words.length + 1] = data.toString();
    CommandLine line = Cli.commandLine(words);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(out));
    return line.execute(all);
  }

  private static String visible(String line) {
    return line.replaceAll("\u001b\\[[?0-9]*[a-zA-Z]", "").replace("\r", "");
  }

  private static CpuApportioned figures(long seq, long second, long nanos) {
    return CpuApportioned.newBuilder()
        .setSandboxId("web")
        .setSandboxUid("uid-web")
        .setSandboxSeq(seq)
        .setTime(Timestamps.fromSeconds(second))
        .setCgroupNanos(nanos)
        .addContainers(
            ContainerCpu.newBuilder()
                .setContainerId("app")
                .setContainerUid("uid-app")
                .setTotalNanos(nanos))
        .build();
  }
}
