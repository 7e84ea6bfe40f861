package dev.caisson.backing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class EngineTest {

  @TempDir Path directory;

  @Test
  void whereThereIsNoneTestsRunOnProcesses() {
    assertThat(engine("auto").take("caisson/broker:0.1.0")).isEmpty();
    assertThat(engine("processes").take("caisson/broker:0.1.0")).isEmpty();
  }

  @Test
  void containersThatAreWantedAreNotReplaced() {
    assertThatIllegalStateException()
        .isThrownBy(() -> engine("containers").take("caisson/broker:0.1.0"))
        .withMessageContaining("No Docker engine answers")
        .withMessageContaining("set DOCKER_HOST");
  }

  @Test
  void anotherWordIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> engine("docker"))
        .withMessageContaining("one of [auto, containers, processes]: docker");
  }

  @Test
  void itsVersionIsWhatItSays() throws Exception {
    assertThat(versionSaid("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"))
        .hasValue("1.41");
  }

  @Test
  void whatSaysNoVersionIsNone() throws Exception {
    assertThat(versionSaid("SSH-2.0-OpenSSH_9.2\r\n")).isEmpty();
    assertThat(versionSaid("")).isEmpty();
  }

  private Optional<String> versionSaid(String answer) throws Exception {
    Path socket = directory.resolve("s" + answer.length());
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.startVirtualThread(() -> answerOne(server, answer));
      return new Engine("auto", "unix://" + socket).version();
    }
  }

  private static void answerOne(ServerSocketChannel server, String answer) {
    try (SocketChannel one = server.accept()) {
      assertThat(one.read(ByteBuffer.allocate(1024))).isPositive();
      one.write(ByteBuffer.wrap(answer.getBytes(US_ASCII)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Engine engine(String backing) {
    return new Engine(backing, "unix://" + directory.resolve("none"));
  }
}
