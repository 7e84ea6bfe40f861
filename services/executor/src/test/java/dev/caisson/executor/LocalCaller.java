package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.Received;
import java.nio.ByteBuffer;
import java.util.List;

/** A local caller that hands over descriptors. */
final class LocalCaller implements AutoCloseable {
  private static final int ROOM = 4096;

  private final Kernel kernel = Kernel.open();
  private final Fd socket;

  private LocalCaller(TestNode node) {
    socket = kernel.sockets().connect(node.run().resolve("donations.sock"));
  }

  static LocalCaller of(TestNode node) {
    return new LocalCaller(node);
  }

  /** The tokens. */
  List<String> donate(Fd... descriptors) {
    String answer = ask("donate", descriptors);
    assertThat(answer).startsWith("donated ");
    return List.of(answer.substring("donated ".length()).split(" "));
  }

  String token(Fd descriptor) {
    List<String> tokens = donate(descriptor);
    assertThat(tokens).hasSize(1).first().asString().matches("[0-9a-f]{32}");
    return tokens.getFirst();
  }

  String ask(String message, Fd... descriptors) {
    kernel
        .sockets()
        .send(socket, ByteBuffer.wrap(message.getBytes(US_ASCII)), List.of(descriptors));
    return answer();
  }

  /** Empty: the executor has closed the connection. */
  String answer() {
    ByteBuffer answer = ByteBuffer.allocate(ROOM);
    Received received = kernel.sockets().receive(socket, answer);
    assertThat(received.descriptors()).isEmpty();
    return US_ASCII.decode(answer.flip()).toString();
  }

  Fd socket() {
    return socket;
  }

  @Override
  public void close() {
    socket.close();
  }
}
