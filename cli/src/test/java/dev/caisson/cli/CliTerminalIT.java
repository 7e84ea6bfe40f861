package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.caisson.proto.types.v1.ConsoleSize;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client at a terminal, which script(1) makes. */
@Timeout(60)
class CliTerminalIT {
  @TempDir private Path data;
  private FakeGateway gateway;
  private Process script;

  @BeforeEach
  void serve() throws IOException {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/script")),
        "Skipped: needs script(1): apt-get install bsdutils");
    gateway = new FakeGateway(data);
  }

  @AfterEach
  void close() {
    if (gateway != null) {
      gateway.close();
    }
    if (script != null) {
      script.destroyForcibly();
    }
  }

  /** At a terminal of 33 by 99; tells its name, and how it was before and after. */
  private BufferedReader run(String... command) throws IOException {
    String client =
        String.join(
            " ",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1 --illegal-native-access=deny -cp",
            System.getProperty("java.class.path"),
            "dev.caisson.cli.Cli run --tty --rootfs /srv/any --data " + data + " --",
            String.join(" ", command));
    String session =
        String.format(
            "stty rows 33 cols 99; tty > '%1$s/tty'; stty -g > '%1$s/before'; %2$s;"
                + " echo $? > '%1$s/code'; stty -g > '%1$s/after'",
            data, client);
    script =
        new ProcessBuilder("script", "-qec", session, "/dev/null")
            .redirectErrorStream(true)
            .start();
    return script.inputReader();
  }

  private String told(String file) throws IOException {
    return Files.readString(data.resolve(file)).strip();
  }

  private void type(String keys) throws IOException {
    script.outputWriter().write(keys);
    script.outputWriter().flush();
  }

  /** Of the local terminal. */
  private String settings(String... words) throws Exception {
    var all = new java.util.ArrayList<>(List.of("stty", "-F", told("tty")));
    all.addAll(List.of(words));
    Process stty = new ProcessBuilder(all).start();
    String printed =
        new String(stty.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(stty.waitFor()).isZero();
    return printed;
  }

  @Test
  void passesKeysOnAndPutsTheTerminalBack() throws Exception {
    BufferedReader out = run("cat", "signal");
    assertThat(out.readLine()).isEqualTo("ready");
    assertThat(settings("-a")).contains("-icanon", "-echo ", "-isig", "-opost");
    type("\u0003 as a key\n");
    assertThat(out.readLine()).isEqualTo("\u0003 as a key");
    script.descendants().filter(CliTerminalIT::isClient).forEach(ProcessHandle::destroy);
    assertThat(script.waitFor()).isZero();
    assertThat(told("code")).isEqualTo("143");
    assertThat(told("after")).isEqualTo(told("before"));
  }

  @Test
  void leavesByTheDetachKeysAndPutsTheTerminalBack() throws Exception {
    BufferedReader out = run("cat", "signal");
    assertThat(out.readLine()).isEqualTo("ready");
    type("\u0010x\u0010\u0011");
    String line = out.readLine();
    assertThat(line).startsWith("\u0010xcaisson: detached; `caisson attach ");
    assertThat(script.waitFor()).isZero();
    assertThat(told("code")).isEqualTo("0");
    assertThat(told("after")).isEqualTo(told("before"));
  }

  private static boolean isClient(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("/java");
  }

  @Test
  void putsTheTerminalBackAfterARefusal() throws Exception {
    BufferedReader out = run("missing");
    assertThat(out.readLine()).contains("There is no missing in the container");
    assertThat(script.waitFor()).isZero();
    assertThat(told("code")).isEqualTo("127");
    assertThat(told("after")).isEqualTo(told("before"));
  }

  @Test
  void tellsTheSizeAtTheBeginningAndWhenItChanges() throws Exception {
    BufferedReader out = run("signal");
    assertThat(out.readLine()).isEqualTo("ready");
    JsonObject process =
        JsonParser.parseString(
                gateway.created.getFirst().getContainer().getOci().getConfigJson().toStringUtf8())
            .getAsJsonObject()
            .getAsJsonObject("process");
    assertThat(process.get("consoleSize")).hasToString("{\"height\":33,\"width\":99}");
    var _ = settings("rows", "50", "cols", "132");
    ConsoleSize last = ConsoleSize.newBuilder().setHeight(50).setWidth(132).build();
    do { // each side is set by itself
      assertThat(out.readLine()).isEqualTo("resized");
    } while (!gateway.sizes.contains(last));
    script.descendants().filter(CliTerminalIT::isClient).forEach(ProcessHandle::destroy);
    assertThat(script.waitFor()).isZero();
  }
}
