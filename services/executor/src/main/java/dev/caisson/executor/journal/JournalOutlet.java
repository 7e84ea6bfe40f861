package dev.caisson.executor.journal;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The end of a journal that is served: it ends while the relay can still read it, so that the trail
 * has that it ended in order. Who makes it closes it, before the journal.
 */
public final class JournalOutlet implements AutoCloseable {
  /** As long as the relay may take for what is left; a relay whose Kafka is away takes nothing. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private static final long LOOK_NANOS = 10_000_000;

  private final Journal journal;
  private @Nullable JournalService service;
  private @Nullable Runnable server;

  public JournalOutlet(Journal journal) {
    this.journal = journal;
  }

  /**
   * It is served so from now on.
   *
   * @param listening ends the server
   */
  public void serve(JournalService readers, Runnable listening) {
    service = readers;
    server = listening;
  }

  @Override
  public void close() {
    journal.end();
    JournalService readers = service;
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (readers != null
        && readers.isRead()
        && !journal.isRelayed()
        && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    if (readers != null) {
      readers.close();
    }
    if (server != null) {
      server.run();
    }
  }
}
