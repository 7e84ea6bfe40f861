package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client as a process of its own, with connections of ours. */
@Timeout(120)
class PortForwardIT {
  private static final Pattern LINE =
      Pattern.compile("Forwarding from 127\\.0\\.0\\.1:(\\d+) -> (\\d+)");

  @TempDir Path data;
  private FakeGateway gateway;
  private Process process;

  @BeforeEach
  void open() throws Exception {
    gateway = new FakeGateway(data);
    gateway.lasting = true;
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
  }

  @AfterEach
  void close() {
    if (process != null) {
      process.destroyForcibly();
    }
    gateway.close();
  }

  private BufferedReader forward(String... arguments) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.caisson.cli.Cli",
                "port-forward",
                "--data",
                data.toString()));
    words.addAll(List.of(arguments));
    process = new ProcessBuilder(words).start();
    return process.inputReader();
  }

  private static int port(BufferedReader out, int remote) throws IOException {
    Matcher line = LINE.matcher(String.valueOf(out.readLine()));
    assertThat(line.matches()).isTrue();
    assertThat(line.group(2)).isEqualTo(String.valueOf(remote));
    return Integer.parseInt(line.group(1));
  }

  private static Socket connect(int port) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), port);
  }

  private static String exchange(int port, String text) throws IOException {
    try (Socket socket = connect(port)) {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String errors() throws IOException {
    return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void forwardsEachPortAndTheEndOfEitherSide() throws Exception {
    BufferedReader out = forward("we", ":80", "0:90");
    int first = port(out, 80);
    int second = port(out, 90);
    assertThat(exchange(first, "hello ")).isEqualTo("hello of 80");
    assertThat(exchange(second, "there ")).isEqualTo("there of 90");
    process.destroy();
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void manyAtOnceAreApart() throws Exception {
    int port = port(forward("web", ":80"), 80);
    List<Socket> sockets = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      sockets.add(connect(port));
      sockets.getLast().getOutputStream().write(i);
    }
    for (int i = 0; i < sockets.size(); i++) {
      assertThat(sockets.get(i).getInputStream().read()).isEqualTo(i);
    }
    assertThat(gateway.forwarded.get()).isEqualTo(32);
    for (Socket socket : sockets) {
      socket.close();
    }
    while (gateway.forwarded.get() > 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void carriesMuchUnchanged() throws Exception {
    int port = port(forward("web", ":80"), 80);
    byte[] sent = new byte[8 << 20];
    new Random(3).nextBytes(sent);
    try (Socket socket = connect(port)) {
      CompletableFuture<byte[]> got =
          CompletableFuture.supplyAsync(() -> read(socket, sent.length));
      socket.getOutputStream().write(sent);
      assertThat(got.get(60, TimeUnit.SECONDS)).isEqualTo(sent);
    }
  }

  private static byte[] read(Socket socket, int count) {
    try {
      return socket.getInputStream().readNBytes(count);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void oneThatFailsIsToldOfAndKeepsNoOther() throws Exception {
    BufferedReader out = forward("web", ":81", ":80");
    int closed = port(out, 81);
    int open = port(out, 80);
    try (Socket socket = connect(closed)) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(exchange(open, "x ")).isEqualTo("x of 80");
    assertThat(process.errorReader().readLine()).isEqualTo("caisson: Nobody. (PORT_CLOSED)");
  }

  @Test
  void endsWithTheContainer() throws Exception {
    var _ = port(forward("web", ":80"), 80);
    gateway.end.complete(ExitStatus.newBuilder().setCode(3).build());
    assertThat(process.waitFor()).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(errors()).contains("Container web has ended, with 3");
  }

  @Test
  void carriesOneConnectionOverItsOwnStreams() throws Exception {
    BufferedReader out = forward("--stdio", "web", "80");
    try (var in = process.outputWriter()) {
      in.write("hello ");
    }
    assertThat(out.readLine()).isEqualTo("hello of 80");
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void refusesWhatCannotBeForwarded() throws Exception {
    gateway.has("old", ContainerState.STOPPED, ExitStatus.getDefaultInstance());
    var _ = forward("old", "80");
    assertThat(process.waitFor()).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(errors()).contains("Container old does not run: it is stopped");
    for (String[] wrong :
        List.of(
            new String[] {"web"},
            new String[] {"web", "80:"},
            new String[] {"--stdio", "web", "80:80"},
            new String[] {"--address", "no.such.host.invalid", "web", "80"})) {
      var _ = forward(wrong);
      assertThat(process.waitFor()).isEqualTo(Exit.USAGE);
    }
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var _ = forward("web", taken.getLocalPort() + ":80");
      assertThat(process.waitFor()).isEqualTo(Exit.CAISSON_FAILED);
      assertThat(errors()).contains("Cannot listen at 127.0.0.1");
    }
  }
}
