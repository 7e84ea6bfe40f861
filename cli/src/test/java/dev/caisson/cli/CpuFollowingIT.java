package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonParser;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** `caisson cpu --watch`, at a terminal, which script(1) makes, and without one. */
@Timeout(60)
class CpuFollowingIT {
  private static final String SHOW_CURSOR = "\u001b[?25h";

  @TempDir private Path data;
  private FakeAuditor auditor;
  private Process script;

  @BeforeEach
  void serve() throws IOException {
    auditor = new FakeAuditor(data);
    auditor.records.add(figures(1, 100, 1_000_000_000L));
    auditor.records.add(figures(2, 102, 4_000_000_000L));
  }

  @AfterEach
  void close() {
    auditor.close();
    if (script != null) {
      script.destroyForcibly();
    }
  }

  @Test
  void drawsOneTableOverAgainAndLeavesItWithTheCursorWhenItIsInterrupted() throws Exception {
    atTerminal("cpu --watch");
    String drawn = readUntil("1.50");
    script.outputWriter().write('\u0003');
    script.outputWriter().flush();
    drawn += readUntil(SHOW_CURSOR);
    assertThat(script.waitFor()).isZero();
    assertThat(Files.readString(data.resolve("code")).strip()).isEqualTo("130");
    assertThat(drawn).contains("\u001b[?25l", "CONTAINER", "web/app", "4.000", "█");
    assertThat(drawn.lines()).allSatisfy(line -> assertThat(visible(line)).hasSizeLessThan(70));
  }

  @Test
  void showsTheCursorAgainWhenTheSandboxIsGone() throws Exception {
    auditor.records.add(figures(3, 103, 4_500_000_000L).toBuilder().setLast(true).build());
    atTerminal("cpu --watch web");
    assertThat(readUntil(SHOW_CURSOR)).contains("4.500", "0.50");
    assertThat(script.waitFor()).isZero();
    assertThat(Files.readString(data.resolve("code")).strip()).isEqualTo("0");
  }

  @Test
  void writesPlainLinesWhereThereIsNoTerminal() throws Exception {
    auditor.records.add(figures(3, 103, 4_500_000_000L).toBuilder().setLast(true).build());
    Process client = new ProcessBuilder(client("cpu --watch web").split(" ")).start();
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
    Reader out = script.inputReader();
    StringBuilder read = new StringBuilder();
    while (read.indexOf(part) < 0) {
      int character = out.read();
      assertThat(character).as("ended after: " + read).isNotNegative();
      read.append((char) character);
    }
    return read.toString();
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
