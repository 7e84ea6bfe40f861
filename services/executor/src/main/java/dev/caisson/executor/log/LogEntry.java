package dev.caisson.executor.log;

import com.google.protobuf.ByteString;
import dev.caisson.executor.stdio.OutputStream;
import java.time.Instant;

/**
 * A line of output, or a piece of one.
 *
 * @param partial whether the line goes on in the next entry of the stream
 * @param note empty; otherwise the entry is the executor's own, and this says of what kind
 * @param data without the line's end
 */
public record LogEntry(
    Instant time, OutputStream stream, boolean partial, String note, ByteString data) {

  /** Something that the executor says to readers. */
  static LogEntry notice(Instant time, String note, String sentence) {
    return new LogEntry(time, OutputStream.STDERR, false, note, ByteString.copyFromUtf8(sentence));
  }

  public boolean isNotice() {
    return !note.isEmpty();
  }

  /** Of the process's own output, the line's end too. */
  int payloadBytes() {
    return isNotice() ? 0 : data.size() + (partial ? 0 : 1);
  }
}
