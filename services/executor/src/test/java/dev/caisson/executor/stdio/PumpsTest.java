package dev.caisson.executor.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.google.protobuf.ByteString;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With pipes of the kernel's. */
class PumpsTest {
  private final Kernel kernel = Kernel.open();
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private PollLoop loop;
  private Pipe first;
  private Pipe second;

  @BeforeEach
  void open() {
    loop = new PollLoop(kernel.polling(), "test").start();
    first = kernel.files().pipe();
    second = kernel.files().pipe();
  }

  @AfterEach
  void close() {
    loop.close();
    for (Fd fd : new Fd[] {first.read(), first.write(), second.read(), second.write()}) {
      fd.close();
    }
  }

  private void awaitDone() throws Exception {
    done.get(10, TimeUnit.SECONDS);
  }

  private OutputPump output() {
    kernel.files().setBlocking(first.read(), false);
    kernel.files().setBlocking(second.read(), false);
    return new OutputPump(kernel.files(), loop, first.read(), second.read());
  }

  private InputPump input(Runnable whenEnded) {
    kernel.files().setBlocking(first.write(), false);
    return new InputPump(kernel.files(), loop, first.write(), whenEnded);
  }

  private static final class Collected implements OutputSink {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private volatile boolean ready = true;

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void output(OutputStream stream, ByteString data) {
      (stream == OutputStream.STDOUT ? out : err).writeBytes(data.toByteArray());
    }
  }

  @Test
  void movesWhatIsInThePipesBeforeItFinishes() throws Exception {
    Collected sink = new Collected();
    OutputPump pump = output();
    pump.attach(sink);
    kernel.files().write(first.write(), ByteBuffer.wrap("out".getBytes(StandardCharsets.UTF_8)));
    kernel.files().write(second.write(), ByteBuffer.wrap("err".getBytes(StandardCharsets.UTF_8)));
    pump.finish(() -> done.complete(null));
    awaitDone();
    assertThat(sink.out.toString(StandardCharsets.UTF_8)).isEqualTo("out");
    assertThat(sink.err.toString(StandardCharsets.UTF_8)).isEqualTo("err");
  }

  @Test
  void takesNothingWhileTheSinkIsNotReady() throws Exception {
    Collected sink = new Collected();
    sink.ready = false;
    OutputPump pump = output();
    pump.attach(sink);
    kernel.files().write(first.write(), ByteBuffer.wrap("later".getBytes(StandardCharsets.UTF_8)));
    pump.finish(() -> done.complete(null));
    CompletableFuture<Void> turn = new CompletableFuture<>();
    loop.execute(() -> turn.complete(null));
    turn.get(10, TimeUnit.SECONDS);
    assertThat(done).isNotDone();
    assertThat(sink.out.size()).isZero();

    sink.ready = true;
    pump.resume();
    awaitDone();
    assertThat(sink.out.toString(StandardCharsets.UTF_8)).isEqualTo("later");
  }

  @Test
  void tellsWhoeverWaitsWhenItIsClosed() throws Exception {
    OutputPump pump = output();
    pump.finish(() -> done.complete(null));
    pump.close();
    awaitDone();
    CompletableFuture<Void> after = new CompletableFuture<>();
    pump.finish(() -> after.complete(null));
    after.get(10, TimeUnit.SECONDS);
    assertThat(first.read().isOpen()).isFalse();
  }

  @Test
  void movesMoreInputThanAPipeHolds() throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    InputPump pump = input(() -> ended.complete(null));
    pump.write(ByteString.copyFrom(new byte[200_000]), () -> done.complete(null));
    pump.finish();
    ByteBuffer read = ByteBuffer.allocate(300_000);
    while (kernel.files().read(first.read(), read) > 0) {
      assertThat(read.hasRemaining()).isTrue();
    }
    awaitDone();
    ended.get(10, TimeUnit.SECONDS);
    assertThat(read.position()).isEqualTo(200_000);
  }

  @Test
  void inputThatNobodyReadsAnyMoreIsTaken() throws Exception {
    InputPump pump = input(() -> {});
    first.read().close();
    pump.write(ByteString.copyFromUtf8("x"), () -> {});
    pump.write(ByteString.copyFromUtf8("y"), () -> done.complete(null));
    awaitDone();
  }

  @Test
  void releasingSaysNothingOfAnEnd() throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    InputPump pump = input(() -> ended.complete(null));
    pump.release();
    loop.execute(() -> done.complete(null));
    awaitDone();
    assertThat(first.write().isOpen()).isFalse();
    assertThat(ended).isNotDone();
  }

  @Test
  void theInputOfATerminalHasNoEnd() throws Exception {
    kernel.files().setBlocking(first.write(), false);
    InputPump pump = InputPump.toTerminal(kernel.files(), loop, first.write());
    pump.finish();
    pump.write(ByteString.copyFromUtf8("x"), () -> done.complete(null));
    awaitDone();
    assertThat(kernel.files().read(first.read(), ByteBuffer.allocate(2))).isEqualTo(1);
    pump.close();
  }

  @Test
  void theOutputOfATerminalIsOneAndEndsWhenItsLastUserDoes() throws Exception {
    Fd master =
        kernel
            .files()
            .open(Path.of("/dev/ptmx"), OpenFlag.READ_WRITE, OpenFlag.NO_CONTROLLING_TERMINAL);
    kernel.files().setBlocking(master, false);
    Collected sink = new Collected();
    OutputPump pump = OutputPump.ofTerminal(kernel.files(), loop, master);
    pump.attach(sink);
    InputPump echoed = InputPump.toTerminal(kernel.files(), loop, master.duplicate());
    echoed.write(ByteString.copyFromUtf8("echo\n"), () -> done.complete(null));
    awaitDone();
    CompletableFuture<Void> ended = new CompletableFuture<>();
    pump.finish(() -> ended.complete(null));
    ended.get(10, TimeUnit.SECONDS);
    assertThat(sink.out.toString(StandardCharsets.UTF_8)).isEqualTo("echo\r\n");
    echoed.close();
    pump.close();
  }

  @Test
  void aTerminalThatIsClosedHasNoSize() {
    Fd master =
        kernel
            .files()
            .open(Path.of("/dev/ptmx"), OpenFlag.READ_WRITE, OpenFlag.NO_CONTROLLING_TERMINAL);
    Terminal terminal = new Terminal(kernel.terminals(), master);
    terminal.resize(24, 80);
    master.close();
    assertThatCode(() -> terminal.resize(24, 80)).doesNotThrowAnyException();
  }

  @Test
  void inputThatHadEndedBeforeTakesEverything() throws Exception {
    InputPump pump = new InputPump(kernel.files(), loop, null, () -> {});
    pump.write(ByteString.copyFromUtf8("x"), () -> done.complete(null));
    awaitDone();
  }
}
