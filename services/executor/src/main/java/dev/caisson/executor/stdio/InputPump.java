package dev.caisson.executor.stdio;

import com.google.protobuf.ByteString;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import dev.caisson.linux.LinuxException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Moves input to a process's pipe from all who write to it, in turn and one message of each at a
 * time: a writer's next is asked for when this one has been taken. The end that one of them says is
 * the end for all.
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
  private final Queue<Message> messages = new ArrayDeque<>();
  private boolean closed;

  /** What a writer waits for. */
  private record Message(Object writer, ByteBuffer data, boolean last, Runnable then) {}

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
   * <p>To be called again by the same writer only after that.
   *
   * @param last whether the input ends after it, for all writers
   */
  public void write(Object writer, ByteString data, boolean last, Runnable then) {
    loop.execute(() -> {
      messages.add(new Message(writer, data.asReadOnlyByteBuffer(), last && !endless, then));
      write();
    });
  }

  /** End of input, after what is still being written. */
  public void finish(Object writer) {
    write(writer, ByteString.EMPTY, true, () -> {});
  }

  /** The writer has gone: what has not been taken of his is dropped. */
  @SuppressWarnings("ReferenceEquality") // this very one, whatever another may be equal to
  public void leave(Object writer) {
    loop.execute(() -> {
      messages.removeIf(message -> message.writer() == writer);
      write();
    });
  }

  private void write() {
    for (Message next = messages.peek(); next != null; next = messages.peek()) {
      if (pipe != null && watch != null && !closed && !written(pipe, next.data())) {
        watch.arm(Interest.OUT);
        return;
      }
      messages.remove();
      if (next.last()) {
        end();
      }
      next.then().run();
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
