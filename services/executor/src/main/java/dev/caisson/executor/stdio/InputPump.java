package dev.caisson.executor.stdio;

import com.google.protobuf.ByteString;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import dev.caisson.linux.LinuxException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Moves input to a process's pipe, one message at a time: the next is asked for when this one has
 * been taken.
 *
 * <p>Thread-safe: the state is the loop's thread's.
 */
public final class InputPump implements AutoCloseable {
  private final Files files;
  private final PollLoop loop;
  private final @Nullable Fd pipe;
  private final PollLoop.@Nullable Watch watch;
  private final Runnable whenEnded;
  private final boolean endless;
  private @Nullable ByteBuffer pending;
  private @Nullable Runnable whenTaken;
  private boolean closed;

  /**
   * Takes the descriptor over; it must not block.
   *
   * @param pipe null when the input has ended already
   * @param whenEnded runs on the loop's thread, once, when the pipe has been closed
   */
  public InputPump(Files files, PollLoop loop, @Nullable Fd pipe, Runnable whenEnded) {
    this(files, loop, pipe, whenEnded, false);
  }

  /**
   * To a terminal, whose input has no end: a caller that has no more says nothing of the next one.
   *
   * @param master taken over; it must not block
   */
  public static InputPump toTerminal(Files files, PollLoop loop, Fd master) {
    return new InputPump(files, loop, master, () -> {}, true);
  }

  private InputPump(
      Files files, PollLoop loop, @Nullable Fd pipe, Runnable whenEnded, boolean endless) {
    this.files = files;
    this.loop = loop;
    this.pipe = pipe;
    this.whenEnded = whenEnded;
    this.endless = endless;
    this.watch = pipe == null ? null : loop.watch(pipe, ready -> write());
    this.closed = pipe == null;
  }

  /**
   * Writes the data; then runs the task, also when the process does not read any more.
   *
   * <p>To be called again only after that.
   */
  public void write(ByteString data, Runnable then) {
    loop.execute(() -> {
      pending = data.asReadOnlyByteBuffer();
      whenTaken = then;
      write();
    });
  }

  private void write() {
    ByteBuffer data = pending;
    if (data == null) {
      return;
    }
    if (pipe != null && watch != null && !closed && !written(pipe, data)) {
      watch.arm(Interest.OUT);
      return;
    }
    Runnable then = whenTaken;
    pending = null;
    whenTaken = null;
    if (then != null) {
      then.run();
    }
  }

  private boolean written(Fd to, ByteBuffer data) {
    try {
      while (data.hasRemaining()) {
        if (files.write(to, data) == Files.WOULD_BLOCK) {
          return false;
        }
      }
    } catch (LinuxException e) {
      end(); // EPIPE: nobody reads any more
    }
    return true;
  }

  /** End of input, after what is still being written. */
  public void finish() {
    if (endless) {
      return;
    }
    loop.execute(() -> {
      if (pending == null) {
        end();
      } else {
        Runnable then = whenTaken;
        whenTaken =
            () -> {
              end();
              if (then != null) {
                then.run();
              }
            };
      }
    });
  }

  /** End of input, at once: what is still being written is dropped. */
  @Override
  public void close() {
    loop.execute(() -> {
      end();
      write();
    });
  }

  /**
   * Closes the descriptor and nothing else: the process goes on, and so does its input elsewhere.
   */
  public void release() {
    loop.execute(() -> {
      if (pipe != null && watch != null && !closed) {
        closed = true;
        watch.cancel();
        pipe.close();
      }
    });
  }

  private void end() {
    if (pipe != null && watch != null && !closed) {
      closed = true;
      watch.cancel();
      pipe.close();
      whenEnded.run();
    }
  }
}
