package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** In this process's own network namespace; the executor's tests have others. Needs root. */
final class LoopbackIT {
  private static final Duration LONG = Duration.ofSeconds(10);

  private final Files files = Kernel.open().files();
  private final Fd namespace = files.open(Path.of("/proc/self/ns/net"));

  @AfterEach
  void close() {
    namespace.close();
  }

  private static ServerSocket server(String host, int backlog) throws Exception {
    return new ServerSocket(0, backlog, InetAddress.getByName(host));
  }

  private String readAll(Fd socket) {
    StringBuilder all = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(100);
    while (Waiting.untilReadable(socket, LONG) && files.read(socket, buffer.clear()) > 0) {
      all.append(StandardCharsets.UTF_8.decode(buffer.flip()));
    }
    return all.toString();
  }

  @Test
  void carriesBytesBothWaysAndEndsOneAlone() throws Exception {
    try (ServerSocket server = server("127.0.0.1", 1);
        Fd socket = Loopback.connect(namespace, server.getLocalPort(), LONG);
        Socket accepted = server.accept()) {
      files.write(socket, ByteBuffer.wrap("there".getBytes(StandardCharsets.UTF_8)));
      Loopback.endOutput(socket);
      assertThat(accepted.getInputStream().readAllBytes()).asString().isEqualTo("there");
      accepted.getOutputStream().write("back".getBytes(StandardCharsets.UTF_8));
      accepted.shutdownOutput();
      assertThat(readAll(socket)).isEqualTo("back");
    }
  }

  @Test
  void comesToWhoListensByIpv6Alone() throws Exception {
    try (ServerSocket server = server("::1", 1);
        Fd socket = Loopback.connect(namespace, server.getLocalPort(), LONG);
        Socket accepted = server.accept()) {
      accepted.getOutputStream().write('x');
      accepted.shutdownOutput();
      assertThat(readAll(socket)).isEqualTo("x");
    }
  }

  @Test
  void tellsThatNobodyListens() throws Exception {
    int port;
    try (ServerSocket server = server("127.0.0.1", 1)) {
      port = server.getLocalPort();
    }
    assertThatThrownBy(() -> Loopback.connect(namespace, port, LONG))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ECONNREFUSED));
  }

  @Test
  void waitsNoLongerThanItMayForOneWhoDoesNotAccept() throws Exception {
    try (ServerSocket server = server("127.0.0.1", 1)) {
      List<Fd> accepted = new ArrayList<>();
      try {
        assertThatThrownBy(() -> fill(server.getLocalPort(), accepted))
            .isInstanceOfSatisfying(
                LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ETIMEDOUT));
      } finally {
        accepted.forEach(Fd::close);
      }
    }
  }

  private void fill(int port, List<Fd> accepted) {
    for (int i = 0; i < 100; i++) {
      accepted.add(Loopback.connect(namespace, port, Duration.ofMillis(200)));
    }
  }

  @Test
  void leavesTheCallersThreadWhereItIs() throws Exception {
    Path own = Path.of("/proc/thread-self/ns/net");
    String before = java.nio.file.Files.readSymbolicLink(own).toString();
    try (ServerSocket server = server("127.0.0.1", 1)) {
      Loopback.connect(namespace, server.getLocalPort(), LONG).close();
    }
    assertThat(java.nio.file.Files.readSymbolicLink(own)).hasToString(before);
  }

  @Test
  void refusesWhatIsNoNetworkNamespace() {
    try (Fd other = files.open(Path.of("/proc/self/ns/uts"))) {
      assertThatThrownBy(() -> Loopback.connect(other, 1, LONG))
          .isInstanceOfSatisfying(
              LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    }
  }
}
