package dev.caisson.executor.stdio;

import com.google.protobuf.ByteString;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import dev.caisson.linux.LinuxException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Moves what a process writes from its two pipes, or its terminal, to a sink, no faster than the
 * sink takes it: a pipe that is full then stops the process.
 *
 * <p>Thread-safe: the state is the loop's thread's.
 */
public final class OutputPump implements AutoCloseable {
  /** The bound of what is in the executor's hands at any moment, for each stream. */
  public static final int BUFFER_BYTES = PollLoop.SCRATCH_BYTES;

  /** Reads before other streams have their turn. */
  private static final int TURN = 8;

  private final Files files;
  private final PollLoop loop;
  private final List<Source> sources;
  private @Nullable OutputSink sink;
  private @Nullable Runnable whenDrained;
  private boolean closed;

  /** Takes both descriptors over; they must not block. */
  public OutputPump(Files files, PollLoop loop, Fd stdout, Fd stderr) {
    this(files, loop, Map.of(OutputStream.STDOUT, stdout, OutputStream.STDERR, stderr));
  }

  /**
   * From a terminal, which does not tell one output from the other: all of it is standard output.
   *
   * @param master taken over; it must not block
   */
  public static OutputPump ofTerminal(Files files, PollLoop loop, Fd master) {
    return new OutputPump(files, loop, Map.of(OutputStream.STDOUT, master));
  }

  private OutputPump(Files files, PollLoop loop, Map<OutputStream, Fd> pipes) {
    this.files = files;
    this.loop = loop;
    this.sources =
        new EnumMap<>(pipes)
            .entrySet().stream()
                .map(entry -> new Source(entry.getKey(), entry.getValue()))
                .toList();
  }

  /** Begins to move output to the sink, in place of the one before. */
  public void attach(OutputSink next) {
    loop.execute(() -> {
      sink = next;
      pump();
    });
  }

  /** Output stays in the pipes from now on. */
  @SuppressWarnings("ReferenceEquality") // this very one, whatever another may be equal to
  public void detach(OutputSink old) {
    loop.execute(() -> {
      if (sink == old) {
        sink = null;
      }
    });
  }

  /** The sink is ready again. */
  public void resume() {
    loop.execute(this::pump);
  }

  /**
   * The process has ended: moves what is still in the pipes, then runs the task. A pipe that a
   * descendant keeps open is not waited for.
   */
  public void finish(Runnable then) {
    loop.execute(() -> {
      whenDrained = then;
      pump();
    });
  }

  private void pump() {
    if (sink != null) {
      sources.forEach(Source::move);
    }
    if (closed || (sink != null && sources.stream().allMatch(source -> source.empty))) {
      drained();
    }
  }

  private void drained() {
    Runnable then = whenDrained;
    whenDrained = null;
    if (then != null) {
      then.run();
    }
  }

  /**
   * Whoever waits in {@link #finish} is told, now or later; what is not taken at once is dropped.
   */
  @Override
  public void close() {
    loop.execute(() -> {
      pump();
      closed = true;
      sources.forEach(Source::end);
      drained();
      sink = null;
    });
  }

  private final class Source {
    private final OutputStream stream;
    private final Fd pipe;
    private final PollLoop.Watch watch;

    /** Nothing more to be expected: at its end, or found empty after the process had ended. */
    private boolean empty;

    private boolean ended;

    Source(OutputStream stream, Fd pipe) {
      this.stream = stream;
      this.pipe = pipe;
      this.watch = loop.watch(pipe, ready -> pump());
    }

    void move() {
      OutputSink to = sink;
      if (to == null || ended) {
        return;
      }
      for (int i = 0; i < TURN; i++) {
        if (!to.isReady()) {
          return; // resume() comes when it is
        }
        int count = read();
        if (count == Files.WOULD_BLOCK) {
          awaitMore();
          return;
        }
        if (count == 0) {
          end();
          return;
        }
        to.output(stream, ByteString.copyFrom(loop.scratch().flip()));
      }
      loop.execute(OutputPump.this::pump);
    }

    private int read() {
      try {
        return files.read(pipe, loop.scratch().clear());
      } catch (LinuxException e) {
        if (e.errno() == Errno.EIO) {
          return 0; // a terminal whose other side is closed
        }
        throw e;
      }
    }

    private void awaitMore() {
      if (whenDrained == null) {
        watch.arm(Interest.IN);
      } else {
        empty = true;
      }
    }

    void end() {
      if (!ended) {
        ended = true;
        empty = true;
        watch.cancel();
        pipe.close();
      }
    }
  }
}
