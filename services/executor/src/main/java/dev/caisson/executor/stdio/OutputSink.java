package dev.caisson.executor.stdio;

import com.google.protobuf.ByteString;
import java.time.Duration;

/**
 * Where the output of a process goes. Called on the loop's thread only, except by those who say
 * otherwise.
 */
public interface OutputSink {
  /** Whether it takes more now; when it does so again it says that to {@link OutputPump#resume}. */
  boolean isReady();

  void output(OutputStream stream, ByteString data);

  /** Whether it is never left behind, however long it takes nothing. */
  default boolean isWaitedFor() {
    return false;
  }

  /** It has taken nothing for so long while others waited for it, and is given nothing more. */
  void leftBehind(Duration patience);
}
