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
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With pipes of the kernel's. */
class PumpsTest {
  private final Kernel kernel = Kernel.open();
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final Queue<Runnable> timers = new ConcurrentLinkedQueue<>();
  private final Patience patience =
      new Patience(Duration.ofSeconds(10), (task, time) -> timers.add(task));
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
    done.get(60, TimeUnit.SECONDS);
  }

  private OutputPump output() {
    kernel.files().setBlocking(first.read(), false);
    kernel.files().setBlocking(second.read(), false);
    return new OutputPump(kernel.files(), loop, patience, first.read(), second.read());
  }

  private InputPump input(Runnable whenEnded) {
    kernel.files().setBlocking(first.write(), false);
    return new InputPump(kernel.files(), loop, first.write(), whenEnded);
  }

  private static class Collected implements OutputSink {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final CompletableFuture<Void> left = new CompletableFuture<>();
    private volatile boolean ready = true;

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void output(OutputStream stream, ByteString data) {
      (stream == OutputStream.STDOUT ? out : err).writeBytes(data.toByteArray());
    }

    @Override
    public void leftBehind(Duration patience) {
      left.complete(null);
    }

    String text() {
      return out.toString(StandardCharsets.UTF_8);
    }
  }

  @Test
  void movesWhatIsInThePipesBeforeItFinishes() throws Exception {
    Collected sink = new Collected();
    OutputPump pump = output();
    pump.attach(sink);
    kernel.files().write(first.write(), ByteBuffer.wrap("out".getBytes(StandardCharsets.UTF_8)));
    kernel.files().write(second.write(), ByteBuffer.wrap("err".getBytes(StandardCharsets.UTF_8)));
    pump.finish(sink, () -> done.complete(null));
    awaitDone();
    assertThat(sink.out.toString(StandardCharsets.UTF_8)).isEqualTo("out");
    assertThat(sink.err.toString(StandardCharsets.UTF_8)).isEqualTo("err");
  }

  /** A descendant that has inherited it writes on without end. */
  @Test
  void finishesThoughSomebodyElseFillsThePipe() throws Exception {
    OutputPump pump = output();
    ByteBuffer more = ByteBuffer.allocate(4096);
    Collected sink =
        new Collected() {
          @Override
          public void output(OutputStream stream, ByteString data) {
            super.output(stream, data);
            kernel.files().write(first.write(), more.clear());
          }
        };
    sink.ready = false; // what is moved before the end does not count
    pump.attach(sink);
    put("of the process ");
    pump.finish(sink, () -> done.complete(null));
    turn();
    sink.ready = true;
    pump.resume();
    awaitDone();
    assertThat(sink.text()).startsWith("of the process ");
    assertThat(sink.out.size()).isBetween(OutputPump.MOST_LEFT, 2 * OutputPump.MOST_LEFT);
  }

  @Test
  void takesNothingWhileTheSinkIsNotReady() throws Exception {
    Collected sink = new Collected();
    sink.ready = false;
    OutputPump pump = output();
    pump.attach(sink);
    kernel.files().write(first.write(), ByteBuffer.wrap("later".getBytes(StandardCharsets.UTF_8)));
    pump.finish(sink, () -> done.complete(null));
    turn();
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
    Collected sink = new Collected();
    sink.ready = false;
    pump.attach(sink);
    pump.finish(sink, () -> done.complete(null));
    pump.close();
    awaitDone();
    CompletableFuture<Void> after = new CompletableFuture<>();
    pump.finish(sink, () -> after.complete(null));
    after.get(60, TimeUnit.SECONDS);
    assertThat(first.read().isOpen()).isFalse();
  }

  @Test
  void movesMoreInputThanAPipeHolds() throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    InputPump pump = input(() -> ended.complete(null));
    pump.write(this, ByteString.copyFrom(new byte[200_000]), false, () -> done.complete(null));
    pump.finish(this);
    ByteBuffer read = ByteBuffer.allocate(300_000);
    while (kernel.files().read(first.read(), read) > 0) {
      assertThat(read.hasRemaining()).isTrue();
    }
    awaitDone();
    ended.get(60, TimeUnit.SECONDS);
    assertThat(read.position()).isEqualTo(200_000);
  }

  @Test
  void inputThatNobodyReadsAnyMoreIsTaken() throws Exception {
    InputPump pump = input(() -> {});
    first.read().close();
    pump.write(this, ByteString.copyFromUtf8("x"), false, () -> {});
    pump.write(this, ByteString.copyFromUtf8("y"), false, () -> done.complete(null));
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
    pump.finish(this);
    pump.write(this, ByteString.copyFromUtf8("x"), false, () -> done.complete(null));
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
    OutputPump pump = OutputPump.ofTerminal(kernel.files(), loop, patience, master);
    pump.attach(sink);
    InputPump echoed = InputPump.toTerminal(kernel.files(), loop, master.duplicate());
    echoed.write(this, ByteString.copyFromUtf8("echo\n"), false, () -> done.complete(null));
    awaitDone();
    Awaitility.await("the kernel's echo").until(() -> sink.text().endsWith("\n"));
    CompletableFuture<Void> ended = new CompletableFuture<>();
    pump.finish(sink, () -> ended.complete(null));
    ended.get(60, TimeUnit.SECONDS);
    assertThat(sink.text()).isEqualTo("echo\r\n");
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
    pump.write(this, ByteString.copyFromUtf8("x"), false, () -> done.complete(null));
    awaitDone();
  }

  /** The loop has done all that it was given. */
  private void turn() throws Exception {
    CompletableFuture<Void> turn = new CompletableFuture<>();
    loop.execute(() -> loop.execute(() -> turn.complete(null)));
    turn.get(60, TimeUnit.SECONDS);
  }

  private void turnUntil(BooleanSupplier holds) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!holds.getAsBoolean() && System.nanoTime() < deadline) {
      turn();
    }
  }

  private void put(String text) {
    kernel.files().write(first.write(), ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private Runnable nextTimer() throws Exception {
    turnUntil(() -> !timers.isEmpty());
    return timers.remove();
  }

  @Test
  void allReadersGetTheSameFromWhenTheyCome() throws Exception {
    OutputPump pump = output();
    Collected early = new Collected();
    Collected late = new Collected();
    pump.attach(early);
    put("one ");
    turn();
    await(early, "one ");
    pump.attach(late);
    turn();
    put("two");
    pump.finish(early, () -> done.complete(null));
    CompletableFuture<Void> other = new CompletableFuture<>();
    pump.finish(late, () -> other.complete(null));
    awaitDone();
    other.get(60, TimeUnit.SECONDS);
    assertThat(early.text()).isEqualTo("one two");
    assertThat(late.text()).isEqualTo("two");
  }

  private void await(Collected sink, String text) throws Exception {
    turnUntil(() -> sink.text().equals(text));
    assertThat(sink.text()).isEqualTo(text);
  }

  @Test
  void goesAtThePaceOfTheSlowest() throws Exception {
    OutputPump pump = output();
    Collected fast = new Collected();
    Collected slow = new Collected();
    slow.ready = false;
    pump.attach(slow);
    pump.attach(fast);
    turn();
    put("x");
    Runnable look = nextTimer();
    assertThat(fast.text()).isEmpty();
    slow.ready = true;
    pump.resume();
    await(slow, "x");
    slow.ready = false;
    look.run();
    turn();
    assertThat(slow.left).isNotDone();
    assertThat(fast.text()).isEqualTo("x");
  }

  @Test
  void leavesOneBehindWhoTakesNothingWhileAnotherCould() throws Exception {
    OutputPump pump = output();
    Collected fast = new Collected();
    Collected dead = new Collected();
    dead.ready = false;
    pump.attach(dead);
    pump.attach(fast);
    turn();
    assertThat(timers).isEmpty(); // nothing is there to be held up
    put("x");
    nextTimer().run();
    await(fast, "x");
    assertThat(dead.left).isDone();
    pump.finish(dead, () -> done.completeExceptionally(new AssertionError("it is not there")));
    pump.finish(fast, () -> done.complete(null));
    awaitDone();
  }

  @Test
  void waitsForOneWhoIsAlone() throws Exception {
    OutputPump pump = output();
    Collected dead = new Collected();
    dead.ready = false;
    pump.attach(dead);
    put("x");
    turn();
    assertThat(timers).isEmpty();
  }

  @Test
  void oneWhoTakesNothingDoesNotHideTheEndFromOthers() throws Exception {
    OutputPump pump = output();
    Collected fast = new Collected();
    Collected dead = new Collected();
    dead.ready = false;
    pump.attach(dead);
    pump.attach(fast);
    pump.finish(fast, () -> done.complete(null));
    nextTimer().run();
    awaitDone();
    assertThat(dead.left).isDone();
  }

  @Test
  void writersHaveTheirTurns() throws Exception {
    Object other = new Object();
    InputPump pump = input(() -> done.complete(null));
    pump.write(this, ByteString.copyFrom(new byte[100_000]), false, () -> {});
    pump.write(other, ByteString.copyFromUtf8("other"), false, () -> {});
    pump.finish(this);
    CompletableFuture<Void> late = new CompletableFuture<>();
    pump.write(other, ByteString.copyFromUtf8("late"), false, () -> late.complete(null));
    ByteBuffer read = ByteBuffer.allocate(200_000);
    while (kernel.files().read(first.read(), read) > 0) {
      assertThat(read.hasRemaining()).isTrue();
    }
    awaitDone();
    late.get(60, TimeUnit.SECONDS);
    assertThat(new String(read.array(), 100_000, 6, StandardCharsets.UTF_8)).isEqualTo("other\0");
  }

  @Test
  void ofOneWhoHasGoneNothingMoreIsWritten() throws Exception {
    Object other = new Object();
    InputPump pump = input(() -> done.complete(null));
    pump.write(this, ByteString.copyFrom(new byte[1_000_000]), false, () -> {});
    pump.finish(this);
    pump.write(other, ByteString.copyFromUtf8("other"), true, () -> {});
    pump.leave(this);
    CompletableFuture<Void> left = new CompletableFuture<>();
    loop.execute(() -> left.complete(null)); // else all of it may be read as it is written
    left.get(60, TimeUnit.SECONDS);
    ByteBuffer read = ByteBuffer.allocate(1_000_000);
    while (kernel.files().read(first.read(), read) > 0) {
      assertThat(read.hasRemaining()).isTrue();
    }
    awaitDone();
    assertThat(new String(read.array(), read.position() - 5, 5, StandardCharsets.UTF_8))
        .isEqualTo("other");
  }
}
