package dev.caisson.executor.stdio;

import com.google.protobuf.ByteString;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import dev.caisson.linux.LinuxException;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Moves what a process writes from its two pipes, or its terminal, to all who read it, no faster
 * than the slowest of them takes it: a pipe that is full then stops the process. Nothing is kept
 * for anybody: who comes later reads what comes from then on.
 *
 * <p>One who takes nothing at all is waited for without end while he is alone; others wait for him
 * with {@link Patience}, and then he is left behind.
 *
 * <p>Thread-safe: the state is the loop's thread's.
 */
public final class OutputPump implements AutoCloseable {
  /** The bound of what is in the executor's hands at any moment, for each stream. */
  public static final int BUFFER_BYTES = PollLoop.SCRATCH_BYTES;

  /**
   * Bytes that a process can have left in a stream when it ends: what a pipe is made to hold at
   * most (fs.pipe-max-size as the kernel has it), which is more than a terminal does. What comes
   * after so many is a descendant's.
   */
  static final int MOST_LEFT = 1 << 20;

  /** Reads before other streams have their turn. */
  private static final int TURN = 8;

  private final Files files;
  private final PollLoop loop;
  private final Patience patience;
  private final List<Source> sources;
  private final IdentityHashMap<OutputSink, Reader> readers = new IdentityHashMap<>();
  private boolean processEnded;
  private boolean closed;

  /** Takes both descriptors over; they must not block. */
  public OutputPump(Files files, PollLoop loop, Patience patience, Fd stdout, Fd stderr) {
    this(files, loop, patience, Map.of(OutputStream.STDOUT, stdout, OutputStream.STDERR, stderr));
  }

  /**
   * From a terminal, which does not tell one output from the other: all of it is standard output.
   *
   * @param master taken over; it must not block
   */
  public static OutputPump ofTerminal(Files files, PollLoop loop, Patience patience, Fd master) {
    return new OutputPump(files, loop, patience, Map.of(OutputStream.STDOUT, master));
  }

  private OutputPump(Files files, PollLoop loop, Patience patience, Map<OutputStream, Fd> pipes) {
    this.files = files;
    this.loop = loop;
    this.patience = patience;
    this.sources =
        new EnumMap<>(pipes)
            .entrySet().stream()
                .map(entry -> new Source(entry.getKey(), entry.getValue()))
                .toList();
  }

  /** Begins to move output to the sink too. */
  public void attach(OutputSink sink) {
    loop.execute(() -> {
      readers.put(sink, new Reader(sink));
      pump();
    });
  }

  /** Without others, output stays in the pipes from when the task runs. */
  public void detach(OutputSink sink, Runnable then) {
    loop.execute(() -> {
      readers.remove(sink);
      then.run();
      pump();
    });
  }

  /** A sink is ready again. */
  public void resume() {
    loop.execute(this::pump);
  }

  /**
   * The process has ended: moves what is still in the pipes, then runs the task, unless the sink
   * has been detached. A pipe that a descendant keeps open is not waited for, nor what it writes.
   */
  public void finish(OutputSink sink, Runnable then) {
    loop.execute(() -> {
      processEnded = true;
      Reader reader = readers.get(sink);
      if (reader != null) {
        reader.whenDrained = then;
        pump();
      } else if (closed) {
        then.run();
      }
    });
  }

  private void pump() {
    if (readers.isEmpty()) {
      return;
    }
    sources.forEach(Source::move);
    if (sources.stream().allMatch(source -> source.empty)) {
      readers.values().removeIf(Reader::drained);
    }
  }

  private boolean allReady() {
    return readers.values().stream().allMatch(Reader::isReady);
  }

  /** Those who are not ready hold others up: from now on their time runs. */
  private void holdUp() {
    readers.values().stream()
        .filter(reader -> !reader.isReady() && !reader.watched && !reader.sink.isWaitedFor())
        .forEach(Reader::watch);
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
      readers.values().removeIf(Reader::drained);
    });
  }

  private final class Reader {
    private final OutputSink sink;
    private @Nullable Runnable whenDrained;

    /** Pieces of output. */
    private long taken;

    /** Whether a look at it is under way. */
    private boolean watched;

    Reader(OutputSink sink) {
      this.sink = sink;
    }

    boolean isReady() {
      return sink.isReady();
    }

    void take(OutputStream stream, ByteString data) {
      taken++;
      sink.output(stream, data);
    }

    void watch() {
      watched = true;
      long before = taken;
      patience.later(() -> loop.execute(() -> look(before)));
    }

    private void look(long before) {
      watched = false;
      if (readers.get(sink) == this && taken == before && holdsUp()) {
        readers.remove(sink);
        sink.leftBehind(patience.time());
      }
      pump();
    }

    private boolean holdsUp() {
      return !isReady()
          && sources.stream().anyMatch(source -> source.heldUp)
          && readers.values().stream().anyMatch(Reader::isReady);
    }

    /** Says whether it waited for that. */
    boolean drained() {
      Runnable then = whenDrained;
      if (then == null) {
        return false;
      }
      whenDrained = null;
      then.run();
      return true;
    }
  }

  private final class Source {
    private final OutputStream stream;
    private final Fd pipe;
    private final PollLoop.Watch watch;

    /** Nothing more of the process: at its end, or all read that was there when it ended. */
    private boolean empty;

    /** Bytes read after the process's end. */
    private long readAfterEnd;

    /** There is something to be read, as far as is known. */
    private boolean pending;

    /** What is there is not read, since a reader is not ready. */
    private boolean heldUp;

    private boolean ended;

    Source(OutputStream stream, Fd pipe) {
      this.stream = stream;
      this.pipe = pipe;
      this.watch = loop.watch(pipe, ready -> readable());
    }

    private void readable() {
      pending = true;
      pump();
    }

    void move() {
      if (ended) {
        return;
      }
      empty = false;
      heldUp = false;
      for (int i = 0; i < TURN; i++) {
        if (readAfterEnd >= MOST_LEFT) {
          empty = true;
          return;
        }
        if (!allReady()) {
          awaitReaders();
          return; // resume() comes when they are
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
        readAfterEnd += processEnded ? count : 0;
        ByteString data = ByteString.copyFrom(loop.scratch().flip());
        readers.values().forEach(reader -> reader.take(stream, data));
      }
      loop.execute(OutputPump.this::pump);
    }

    private int read() {
      pending = false;
      try {
        return files.read(pipe, loop.scratch().clear());
      } catch (LinuxException e) {
        if (e.errno() == Errno.EIO) {
          return 0; // a terminal whose other side is closed
        }
        throw e;
      }
    }

    /** Nobody is held up where all are alike, or nothing is there to be read. */
    private void awaitReaders() {
      if (readers.values().stream().noneMatch(Reader::isReady)) {
        return;
      }
      if (pending || processEnded) {
        heldUp = true;
        holdUp();
      } else {
        watch.arm(Interest.IN);
      }
    }

    private void awaitMore() {
      if (processEnded) {
        empty = true;
      } else {
        watch.arm(Interest.IN);
      }
    }

    void end() {
      if (!ended) {
        ended = true;
        empty = true;
        heldUp = false;
        watch.cancel();
        pipe.close();
      }
    }
  }
}
