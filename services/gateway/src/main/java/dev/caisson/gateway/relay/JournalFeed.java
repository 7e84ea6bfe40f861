package dev.caisson.gateway.relay;

import java.time.Duration;
import java.util.List;

/**
 * The journal as the relay needs it. Used by one thread, but for waking it; what ends a stream is
 * thrown by the next call.
 */
interface JournalFeed extends AutoCloseable {

  /** Where a journal can be reached. */
  interface Source {

    /** The name of the journal's node. Waits until the journal has a record. */
    String node();

    /** Follows both streams from after a place. */
    JournalFeed open(Progress after);
  }

  /**
   * What has come; waits for something to come, and then a little for more. Empty: nothing came in
   * that time.
   */
  List<Arrival> take(Duration patience) throws InterruptedException;

  /** Lets who takes, or who takes next, wait no longer. By any thread. */
  void wake();

  /** Lets the journal delete what is in Kafka. */
  void acknowledge(Progress progress);

  @Override
  void close();
}
