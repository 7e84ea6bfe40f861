package dev.caisson.executor.hook;

import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Files;
import dev.caisson.linux.Interest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;

/**
 * Reads all that a hook prints, and keeps its end: a hook that prints without an end costs no
 * memory, and one that leaves its output open to a daemon holds nothing up.
 */
final class Tail {
  static final int BYTES = 4096;

  /** pipe(7), "Pipe capacity". */
  private static final int PIPE_BYTES = 64 * 1024;

  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}&&[^\n\t]]");

  private final Files files;
  private final PollLoop loop;
  private final Fd pipe;
  private final PollLoop.Watch watch;
  private final int most;
  private final ByteBuffer chunk = ByteBuffer.allocate(BYTES);
  private byte[] end = new byte[0];

  /** Of a hook. */
  Tail(Files files, PollLoop loop, Fd pipe) {
    this(files, loop, pipe, BYTES);
  }

  /**
   * Takes the descriptor over; it must not block.
   *
   * @param most how many bytes are kept, at least {@link #BYTES}
   */
  Tail(Files files, PollLoop loop, Fd pipe, int most) {
    this.most = most;
    this.files = files;
    this.loop = loop;
    this.pipe = pipe;
    this.watch = loop.watch(pipe, ready -> read(true));
    watch.arm(Interest.IN);
  }

  private void read(boolean more) {
    if (!pipe.isOpen()) {
      return;
    }
    int count = files.read(pipe, chunk.clear());
    if (count == 0) {
      close();
    } else if (count > 0) {
      append(count);
      loop.execute(() -> read(more));
    } else if (more) {
      watch.arm(Interest.IN);
    }
  }

  /** No more than a pipe holds: what a daemon goes on to print is not waited for. */
  private void drain() {
    int count = 1;
    for (int i = 0; i < PIPE_BYTES / BYTES && count > 0; i++) {
      count = files.read(pipe, chunk.clear());
      if (count > 0) {
        append(count);
      }
    }
  }

  private void append(int count) {
    int kept = Math.min(end.length, most - count);
    byte[] joined = new byte[kept + count];
    System.arraycopy(end, end.length - kept, joined, 0, kept);
    System.arraycopy(chunk.array(), 0, joined, kept, count);
    end = joined;
  }

  private void close() {
    watch.cancel();
    pipe.close();
  }

  /** Safe to show; what is no UTF-8 becomes {@code ?}, so that the text is no longer than that. */
  static String text(byte[] bytes) {
    String all = new String(bytes, StandardCharsets.UTF_8).replace('\uFFFD', '?');
    return UNPRINTABLE.matcher(all).replaceAll("?");
  }

  /** The hook has ended: what it printed last, as text that is safe to show. */
  CompletableFuture<String> finish() {
    CompletableFuture<String> text = new CompletableFuture<>();
    loop.execute(() -> {
      if (pipe.isOpen()) {
        drain();
        close();
      }
      text.complete(text(end));
    });
    return text;
  }
}
