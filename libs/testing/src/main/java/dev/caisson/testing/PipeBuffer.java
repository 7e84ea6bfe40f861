package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import java.nio.ByteBuffer;

/** A pipe, pipe(7). Guarded by the kernel's monitor. */
final class PipeBuffer {
  /** Of a new pipe: 16 pages. */
  private static final int CAPACITY = 65_536;

  private static final int PAGE = 4096;

  private final Monitor monitor;
  private ByteBuffer content = ByteBuffer.allocate(CAPACITY);
  private boolean isReaderOpen = true;
  private boolean isWriterOpen = true;

  PipeBuffer(Monitor monitor) {
    this.monitor = monitor;
  }

  /** Either end. */
  abstract class End extends OpenFile {
    /** Rounds up to a power of two pages; EBUSY below what is in it. */
    final void setCapacity(int bytes) {
      int capacity = Math.max(PAGE, Integer.highestOneBit(Math.max(bytes - 1, 1)) << 1);
      if (capacity < content.position()) {
        throw failure("change the capacity of", Errno.EBUSY);
      }
      content = ByteBuffer.allocate(capacity).put(content.flip());
    }

    @Override
    final FileType type() {
      return FileType.FIFO;
    }
  }

  /** The end that is read from. */
  final class ReadEnd extends End {
    @Override
    int read(ByteBuffer into) {
      if (isBlocking()) {
        monitor.await(this::isReadableOrEnded);
      } else if (!isReadableOrEnded()) {
        return Files.WOULD_BLOCK;
      }
      content.flip();
      int count = Math.min(into.remaining(), content.remaining());
      into.put(content.slice(content.position(), count));
      content.position(content.position() + count);
      content.compact();
      return count;
    }

    private boolean isReadableOrEnded() {
      return isReadable() || isHungUp();
    }

    @Override
    int write(ByteBuffer from) {
      throw failure("write", Errno.EBADF);
    }

    @Override
    boolean isReadable() {
      return content.position() > 0;
    }

    @Override
    boolean isHungUp() {
      return !isWriterOpen;
    }

    @Override
    void closed() {
      isReaderOpen = false;
    }
  }

  /** The end that is written to. */
  final class WriteEnd extends End {
    /** A blocking write waits until all is taken, as pipe(7) does. */
    @Override
    int write(ByteBuffer from) {
      int count = 0;
      do {
        if (isBlocking()) {
          monitor.await(() -> isHungUp() || content.hasRemaining());
        }
        if (isHungUp()) {
          throw failure("write", Errno.EPIPE);
        }
        count += take(from);
      } while (isBlocking() && from.hasRemaining());
      return count == 0 && from.hasRemaining() ? Files.WOULD_BLOCK : count;
    }

    private int take(ByteBuffer from) {
      int count = Math.min(from.remaining(), content.remaining());
      content.put(from.slice(from.position(), count));
      from.position(from.position() + count);
      return count;
    }

    @Override
    int read(ByteBuffer into) {
      throw failure("read", Errno.EBADF);
    }

    @Override
    boolean isWritable() {
      return content.hasRemaining();
    }

    @Override
    boolean isHungUp() {
      return !isReaderOpen;
    }

    @Override
    void closed() {
      isWriterOpen = false;
    }
  }
}
