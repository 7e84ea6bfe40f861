package dev.caisson.executor.stdio;

import com.google.protobuf.ByteString;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Loopback;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes both ways between a connected socket and one caller, each way at the pace of who
 * takes them. Either way may end before the other.
 *
 * <p>Thread-safe: the state is the loop's thread's.
 */
public final class Connection {
  /** The bound of what is in the executor's hands at any moment, for each way. */
  public static final int PIECE_BYTES = 16 * 1024;

  /** Reads before other sockets have their turn. */
  private static final int TURN = 8;

  private final Files files;
  private final PollLoop loop;
  private final Fd socket;
  private final PollLoop.Watch watch;
  private final Consumer<Closed> whenClosed;
  private @Nullable Reader reader;
  private @Nullable Message pending;
  private long received;
  private long sent;

  /** The caller sends no more. */
  private boolean inputEnds;

  /** The other end has been told that. */
  private boolean inputEnded;

  /** The other end sends no more, and the caller has been told. */
  private boolean outputEnded;

  /** The other end takes no more. What it has sent before can still be read. */
  private boolean broken;

  private boolean draining;
  private boolean closed;

  /** Who takes what comes out of the socket. On the loop's thread; must not block. */
  public interface Reader {
    /** {@link #resume} is called when this becomes true. */
    boolean isReady();

    void data(ByteString data);

    void endOfData();
  }

  /** Why there is no connection any more. */
  public enum End {
    /** Both ways have ended. */
    FINISHED,
    /** The other end has reset it, or the network between has failed. */
    RESET,
    /** The caller has gone. */
    LEFT,
    /** What the other end belonged to has. */
    EMPTIED
  }

  /**
   * What there was of it.
   *
   * @param sent bytes to the socket
   * @param received bytes from it
   */
  public record Closed(End end, long sent, long received) {}

  private record Message(ByteBuffer data, Runnable taken) {}

  /**
   * Moves nothing before {@link #begin}.
   *
   * @param socket taken over; it must not block
   * @param whenClosed runs once, on the loop's thread, when the socket has been closed
   */
  public Connection(Files files, PollLoop loop, Fd socket, Consumer<Closed> whenClosed) {
    this.files = files;
    this.loop = loop;
    this.socket = socket;
    this.whenClosed = whenClosed;
    this.watch = loop.watch(socket, ready -> move());
  }

  public void begin(Reader to) {
    loop.execute(() -> {
      reader = to;
      move();
    });
  }

  /** The reader is ready again. */
  public void resume() {
    loop.execute(this::move);
  }

  /**
   * Sends the data; then runs the task, also when the other end takes no more. To be called again
   * only after that.
   */
  public void write(ByteString data, Runnable taken) {
    loop.execute(() -> {
      pending = new Message(data.asReadOnlyByteBuffer(), taken);
      move();
    });
  }

  /** Sends no more, after what is still being written. */
  public void finish() {
    loop.execute(() -> {
      inputEnds = true;
      move();
    });
  }

  /** The other end is gone: what is there is read, then it is closed. */
  public void drain() {
    loop.execute(() -> {
      draining = true;
      move();
    });
  }

  /** Closes it at once. */
  public void close(End end) {
    loop.execute(() -> end(end));
  }

  private void move() {
    if (closed) {
      return;
    }
    write();
    read();
    if (outputEnded && (broken || draining || inputEnded)) {
      end(broken ? End.RESET : draining ? End.EMPTIED : End.FINISHED);
    }
  }

  private void write() {
    Message next = pending;
    if (next != null && (broken || draining || written(next.data()))) {
      pending = null;
      next.taken().run();
    }
    if (pending == null && inputEnds && !inputEnded) {
      inputEnded = true;
      endOutput();
    }
  }

  private void endOutput() {
    try {
      Loopback.endOutput(socket);
    } catch (LinuxException e) {
      broken = true;
    }
  }

  private boolean written(ByteBuffer data) {
    try {
      while (data.hasRemaining()) {
        int count = files.write(socket, data);
        if (count == Files.WOULD_BLOCK) {
          return false;
        }
        sent += count;
      }
    } catch (LinuxException e) {
      broken = true; // EPIPE, ECONNRESET
    }
    return true;
  }

  private void read() {
    for (int i = 0; i < TURN && !outputEnded; i++) {
      Reader to = reader;
      if (to == null || !to.isReady()) {
        arm(false); // resume() comes when it is
        return;
      }
      int count = piece();
      if (count == Files.WOULD_BLOCK) {
        awaitMore();
        return;
      }
      if (count <= 0) {
        outputEnded = true;
        if (!broken) {
          to.endOfData();
        }
        arm(false);
        return;
      }
      received += count;
      to.data(ByteString.copyFrom(loop.scratch().flip()));
    }
    if (outputEnded) {
      arm(false);
    } else {
      loop.execute(this::move);
    }
  }

  private int piece() {
    try {
      return files.read(socket, loop.scratch().clear().limit(PIECE_BYTES));
    } catch (LinuxException e) {
      broken = true;
      return 0;
    }
  }

  private void awaitMore() {
    if (broken || draining) {
      outputEnded = true;
    } else {
      arm(true);
    }
  }

  private void arm(boolean reading) {
    Set<Interest> wanted = EnumSet.noneOf(Interest.class);
    if (reading) {
      wanted.add(Interest.IN);
    }
    if (pending != null) {
      wanted.add(Interest.OUT);
    }
    if (!wanted.isEmpty()) {
      watch.arm(wanted);
    }
  }

  private void end(End end) {
    if (!closed) {
      closed = true;
      watch.cancel();
      socket.close();
      whenClosed.accept(new Closed(end, sent, received));
    }
  }
}
