package dev.caisson.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A socket stands in for the filesystem context: it too gives one message to each read. */
final class MountMessagesIT {
  private final Kernel kernel = Kernel.open();
  private final Pair pair = kernel.sockets().pair();
  private final MountMessages messages = new MountMessages(kernel.files());

  @BeforeEach
  void endInsteadOfBlocking() {
    kernel.files().setBlocking(pair.second(), false);
  }

  @AfterEach
  void close() {
    pair.close();
  }

  @Test
  void areNothingWhereTheKernelSaidNothing() {
    assertThat(messages.read(pair.second())).isEmpty();
  }

  @Test
  void areGivenWithoutTheirSeverity() {
    say("e tmpfs: Bad value for 'size'\n");
    say("w careful\n");

    assertThat(messages.read(pair.second())).isEqualTo(" (tmpfs: Bad value for 'size'; careful)");
  }

  @Test
  void areNoMoreThanTheKernelKeeps() {
    for (int i = 0; i <= MountMessages.MAX_MESSAGES; i++) {
      say("e " + i);
    }

    assertThat(messages.read(pair.second())).isEqualTo(" (0; 1; 2; 3; 4; 5; 6; 7)");
  }

  private void say(String message) {
    kernel.sockets().send(pair.first(), ByteBuffer.wrap(message.getBytes(UTF_8)), List.of());
  }
}
