package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AliveTest {
  private static final String SETTINGS = "\0\0\0\4\0\0\0\0\0";

  /** The preface, and settings that set nothing. */
  private static final int PREFACE_BYTES = 24 + 9;

  @TempDir private Path directory;

  /** Of one who says that to whoever connects, a few bytes at a time. */
  private boolean whereOneSays(String answer) throws IOException {
    Path socket = directory.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      CompletableFuture<Void> said = CompletableFuture.runAsync(() -> say(server, answer));
      boolean answers = Alive.answers(socket);
      said.join();
      return answers;
    }
  }

  private static void say(ServerSocketChannel server, String answer) {
    try (SocketChannel client = server.accept()) {
      ByteBuffer preface = ByteBuffer.allocate(PREFACE_BYTES);
      while (preface.hasRemaining()) {
        assertThat(client.read(preface)).isPositive();
      }
      sayTo(client, answer);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void sayTo(SocketChannel client, String answer) {
    try {
      for (byte one : answer.getBytes(US_ASCII)) {
        client.write(ByteBuffer.wrap(new byte[] {one}));
      }
    } catch (IOException _) {
      // It has heard enough, and has gone.
    }
  }

  @Test
  void isWhoBeginsWithItsSettings() throws IOException {
    assertThat(whereOneSays(SETTINGS)).isTrue();
  }

  @Test
  void isNotWhoSaysSomethingElse() throws IOException {
    assertThat(whereOneSays("HTTP/1.1 400 Bad Request\r\n")).isFalse();
  }

  @Test
  void isNotWhoHangsUp() throws IOException {
    assertThat(whereOneSays("")).isFalse();
  }

  @Test
  void isNobodyWhereNobodyListens() {
    assertThatThrownBy(() -> Alive.answers(directory.resolve("nobody")))
        .isInstanceOf(IOException.class);
  }
}
