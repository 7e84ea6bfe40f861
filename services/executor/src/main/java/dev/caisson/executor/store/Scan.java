package dev.caisson.executor.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a log from its beginning: of each key the last frame wins. What is no frame reaches up to
 * the next one's beginning; at the end it may be a torn one, whose writer died in it.
 */
final class Scan {
  /** Of what is searched at once; so much is passed over where the disk cannot be read. */
  private static final int CHUNK_BYTES = 4 << 10;

  private final LogReader reader;
  private final long size;
  private final Index index = new Index();
  private final List<Broken> broken = new ArrayList<>();
  private long end;

  /** What is no frame of ours. */
  record Broken(Extent extent, String reason) {}

  /**
   * @param size where reading ends
   */
  Scan(LogReader reader, long size) {
    this.reader = reader;
    this.size = size;
    this.end = size;
    for (long at = 0; at < size; ) {
      at = step(at);
    }
  }

  Index index() {
    return index;
  }

  List<Broken> broken() {
    return broken;
  }

  /** Where a torn frame begins, or the size. */
  long end() {
    return end;
  }

  private long step(long at) {
    try {
      Extent extent = extent(at);
      Frame frame = reader.frame(extent);
      index.apply(frame.key(), frame.isRemoval(), extent);
      return extent.end();
    } catch (Unreadable e) {
      return pass(at, e.reason());
    } catch (IOException e) {
      return pass(at, "it cannot be read: " + e);
    }
  }

  private Extent extent(long at) throws IOException, Unreadable {
    Extent extent = new Extent(at, Frame.length(head(at)));
    if (extent.end() > size) {
      throw new Unreadable("it goes on beyond the log's end");
    }
    return extent;
  }

  private byte[] head(long at) throws IOException {
    return reader.read(at, (int) Math.min(Frame.HEAD_BYTES, size - at));
  }

  private long pass(long at, String reason) {
    long next = find(at + 1);
    if (next == size && isTorn(at)) {
      end = at;
    } else {
      broken.add(new Broken(new Extent(at, next - at), reason));
    }
    return next;
  }

  /** Where the next frame begins, or the size. */
  private long find(long from) {
    for (long at = from; at < size; at += CHUNK_BYTES - (Magic.BYTES - 1)) {
      int found = Magic.find(readable(at), 0);
      if (found >= 0 && at + found < size) {
        return at + found;
      }
    }
    return size;
  }

  private byte[] readable(long at) {
    try {
      return reader.read(at, CHUNK_BYTES);
    } catch (IOException _) {
      return new byte[0];
    }
  }

  private boolean isTorn(long at) {
    try {
      byte[] head = head(at);
      return head.length < Frame.HEAD_BYTES ? Magic.mayBegin(head) : at + Frame.length(head) > size;
    } catch (IOException | Unreadable _) {
      return false;
    }
  }
}
