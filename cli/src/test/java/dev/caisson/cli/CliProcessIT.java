package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client as a process of its own: what scripts lean on. */
@Timeout(60)
class CliProcessIT {
  @TempDir private Path data;
  private FakeGateway gateway;

  @BeforeEach
  void serve() throws IOException {
    gateway = new FakeGateway(data);
  }

  @AfterEach
  void close() {
    gateway.close();
  }

  private Process run(String... command) throws IOException {
    List<String> words = new ArrayList<>(List.of("run", "--rootfs", "/srv/any", "--"));
    words.addAll(List.of(command));
    return caisson(words.toArray(String[]::new));
  }

  private Process caisson(String... verb) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--illegal-native-access=deny",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.caisson.cli.Cli",
                verb[0],
                "--data",
                data.toString()));
    words.addAll(List.of(verb).subList(1, verb.length));
    return new ProcessBuilder(words).start();
  }

  @Test
  void passesStandardInputAndOutputOnByteForByte() throws Exception {
    byte[] sent = new byte[3 << 20];
    new Random(1).nextBytes(sent);
    Process process = run("cat");
    CompletableFuture<byte[]> got =
        CompletableFuture.supplyAsync(() -> allOf(process.getInputStream()));
    try (var in = process.getOutputStream()) {
      in.write(sent);
    }
    assertThat(got.join()).isEqualTo(sent);
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void passesStandardErrorAndTheExitCodeOn() throws Exception {
    Process process = run("exit", "7");
    assertThat(process.waitFor()).isEqualTo(7);
    assertThat(allOf(process.getInputStream())).isEmpty();
    assertThat(new String(allOf(process.getErrorStream()), StandardCharsets.UTF_8))
        .isEqualTo("seven");
  }

  @Test
  void passesASignalOnAndEndsAsTheProgramDid() throws Exception {
    Process process = run("signal");
    assertThat(process.inputReader().readLine()).isEqualTo("ready");
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + Signals.TERM);
  }

  @Test
  void aSignalBeforeTheStartGivesTheCallUp() throws Exception {
    Process process = run("pending");
    gateway.pending.join();
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + Signals.TERM);
    gateway.left.join();
  }

  @Test
  void aMissingProgramIsTheShells127() throws Exception {
    Process process = run("missing");
    assertThat(process.waitFor()).isEqualTo(Exit.NOT_FOUND);
    assertThat(new String(allOf(process.getErrorStream()), StandardCharsets.UTF_8))
        .isEqualTo("caisson: There is no missing in the container (COMMAND_NOT_FOUND)\n");
  }

  @Test
  void attachesWithInputThatEndsTheProgram() throws Exception {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    Process process = caisson("attach", "--process", "exec-1", "we");
    try (var in = process.outputWriter()) {
      in.write("hello");
    }
    assertThat(process.waitFor()).isEqualTo(4);
    assertThat(new String(allOf(process.getInputStream()), StandardCharsets.UTF_8))
        .isEqualTo("attached exec-1\nhello");
  }

  @Test
  void attachesToWatchWithoutEndingTheInput() throws Exception {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    Process process = caisson("attach", "--no-stdin", "web");
    assertThat(process.inputReader().readLine()).isEqualTo("attached ");
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + Signals.TERM);
  }

  @Test
  void showsEachStreamOfALogByteForByte() throws Exception {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    Process process = caisson("logs", "web");
    assertThat(process.waitFor()).isZero();
    assertThat(new String(allOf(process.getInputStream()), StandardCharsets.UTF_8))
        .isEqualTo("half line\nrest");
    assertThat(new String(allOf(process.getErrorStream()), StandardCharsets.UTF_8))
        .isEqualTo("to err\ncaisson: 3 bytes are missing\n");
  }

  @Test
  void putsTimesBeforeLinesOnly() throws Exception {
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    Process process = caisson("logs", "-t", "web");
    assertThat(process.waitFor()).isZero();
    assertThat(new String(allOf(process.getInputStream()), StandardCharsets.UTF_8))
        .isEqualTo("1970-01-01T00:00:01Z half line\n1970-01-01T00:00:01Z rest");
  }

  private static byte[] allOf(java.io.InputStream stream) {
    try (stream) {
      return stream.readAllBytes();
    } catch (IOException failure) {
      throw new java.io.UncheckedIOException(failure);
    }
  }
}
