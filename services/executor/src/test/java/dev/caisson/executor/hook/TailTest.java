package dev.caisson.executor.hook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.Pipe;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TailTest {
  private final Kernel kernel = Kernel.open();
  private PollLoop loop;
  private Pipe pipe;
  private Tail tail;

  @BeforeEach
  void open() {
    loop = new PollLoop(kernel.polling(), "test").start();
    pipe = kernel.files().pipe();
    kernel.files().setBlocking(pipe.read(), false);
    tail = new Tail(kernel.files(), loop, pipe.read());
  }

  @AfterEach
  void close() {
    pipe.write().close();
    loop.close();
  }

  private void print(String text) {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      kernel.files().write(pipe.write(), bytes);
    }
  }

  private String end() throws Exception {
    return tail.finish().get(60, TimeUnit.SECONDS);
  }

  @Test
  void keepsWhatWasPrinted() throws Exception {
    print("one\n");
    print("two\n");
    assertThat(end()).isEqualTo("one\ntwo\n");
  }

  @Test
  void keepsTheEndOfMuch() throws Exception {
    for (int i = 0; i < 100; i++) {
      print("x".repeat(10_000));
    }
    print("the end");
    assertThat(end()).hasSize(Tail.BYTES).endsWith("xthe end");
  }

  @Test
  void doesNotWaitForWhoeverKeepsTheOutputOpen() throws Exception {
    print("said");
    assertThat(end()).isEqualTo("said");
    assertThat(pipe.read().isOpen()).isFalse();
  }

  @Test
  void replacesControlCharacters() throws Exception {
    print("a\u001b[2Jb\tc\u0000\n");
    assertThat(end()).isEqualTo("a?[2Jb\tc?\n");
  }
}
