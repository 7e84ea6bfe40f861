package dev.caisson.executor.init;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The same bytes as a C program makes from the header: see golden.c. */
class MessageTest {
  private static byte[] golden(String name) throws IOException {
    try (var resource = MessageTest.class.getResourceAsStream("/golden/" + name + ".hex")) {
      String hex = new String(resource.readAllBytes(), StandardCharsets.US_ASCII);
      return HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
    }
  }

  @Test
  void readsAndWritesTheBytesOfTheHeader() throws IOException {
    for (String name : new String[] {"message-run", "message-exited"}) {
      byte[] bytes = golden(name);
      Message message = Message.decode(ByteBuffer.wrap(bytes));
      byte[] encoded = new byte[Message.BYTES];
      message.encode().get(encoded);
      assertThat(encoded).as(name).isEqualTo(bytes);
    }
    assertThat(Message.decode(ByteBuffer.wrap(golden("message-run"))).type())
        .isEqualTo(Message.RUN);
    assertThat(Message.decode(ByteBuffer.wrap(golden("message-exited"))).type())
        .isEqualTo(Message.EXITED);
  }

  @Test
  void refusesAnotherLength() {
    assertThatThrownBy(() -> Message.decode(ByteBuffer.allocate(Message.BYTES - 1)))
        .isInstanceOf(InitException.class);
  }

  @Test
  void tellsCodesFromSignals() {
    Message coded = new Message(Message.EXITED, 0, 1, 7 << 8, 5, 6, 4096, 1_500_000_000L);
    assertThat(ProcessEnd.of(coded).code()).isEqualTo(7);
    assertThat(ProcessEnd.of(coded).signal()).isZero();
    assertThat(ProcessEnd.of(coded).time()).isEqualTo(Instant.ofEpochMilli(1500));
    Message killed = new Message(Message.EXITED, 0, 1, 9 | 0x80, 0, 0, 0, 0);
    assertThat(ProcessEnd.of(killed).signal()).isEqualTo(9);
    assertThat(ProcessEnd.of(killed).code()).isZero();
  }
}
