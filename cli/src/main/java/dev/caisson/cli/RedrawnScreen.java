package dev.caisson.cli;

import dev.caisson.proto.types.v1.ConsoleSize;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Lines that are drawn over again in place, a few times a second at most, while the cursor is
 * hidden. What was drawn last stays when it is closed, or the process ends. Thread-safe.
 */
final class RedrawnScreen implements AutoCloseable {
  private static final Duration PERIOD = Duration.ofMillis(250);
  private static final ConsoleSize USUAL =
      ConsoleSize.newBuilder().setHeight(24).setWidth(80).build();

  // ECMA-48: https://ecma-international.org/publications-and-standards/standards/ecma-48/, and the
  // cursor's of DEC's VT220.
  private static final String ESCAPE = "\u001b[";
  private static final char UP = 'A';
  private static final String ERASE_LINE = "\u001b[K";
  private static final String ERASE_BELOW = "\u001b[J";
  private static final String HOME = "\u001b[H";
  private static final String HIDE_CURSOR = "\u001b[?25l";
  private static final String SHOW_CURSOR = "\u001b[?25h";

  private final PrintWriter out;
  private final Function<ConsoleSize, List<String>> content;
  private final Thread atExit = new Thread(this::end);
  private final ScheduledExecutorService drawing =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("screen").factory());
  private ConsoleSize size;
  private int drawn;
  private boolean changed;
  private boolean resized;
  private boolean ended;

  RedrawnScreen(PrintWriter out, ConsoleSize size, Function<ConsoleSize, List<String>> content) {
    this.out = out;
    this.size = size;
    this.content = content;
  }

  /** Begins, at the terminal that is our standard output. */
  static RedrawnScreen start(PrintWriter out, Function<ConsoleSize, List<String>> content) {
    RedrawnScreen screen = new RedrawnScreen(out, size(), content);
    Runtime.getRuntime().addShutdownHook(screen.atExit);
    SignalForwarding.onWindowChange(() -> screen.resize(size()));
    var _ =
        screen.drawing.scheduleAtFixedRate(
            screen::draw, 0, PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    return screen;
  }

  /** Whether standard output is a terminal that knows how to move its cursor. */
  static boolean isPossible() {
    try {
      String output = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
      return output.matches("/dev/(pts/.*|tty.*|console)")
          && !Optional.of("dumb").equals(LocalTerminal.kind());
    } catch (IOException unknown) {
      return false;
    }
  }

  private static ConsoleSize size() {
    return LocalTerminal.size().orElse(USUAL);
  }

  /** What is shown is not what is. */
  synchronized void changed() {
    changed = true;
  }

  /** Lines may have been broken: all is drawn anew. */
  synchronized void resize(ConsoleSize now) {
    size = now;
    resized = true;
    changed = true;
  }

  synchronized void draw() {
    if (!changed || ended) {
      return;
    }
    StringBuilder text = new StringBuilder(HIDE_CURSOR);
    if (resized) {
      text.append(HOME);
    } else if (drawn > 0) {
      text.append(ESCAPE).append(drawn).append(UP);
    }
    List<String> lines = content.apply(size);
    lines.forEach(line -> text.append(line).append(ERASE_LINE).append('\n'));
    out.print(text.append(ERASE_BELOW));
    out.flush();
    drawn = lines.size();
    changed = false;
    resized = false;
  }

  private synchronized void end() {
    if (!ended) {
      ended = true;
      out.print(SHOW_CURSOR);
      out.flush();
    }
  }

  @Override
  public void close() {
    drawing.shutdownNow();
    draw();
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException ending) {
      // The hook has nothing left to do.
    }
  }
}
