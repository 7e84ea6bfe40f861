package dev.caisson.executor.journal;

import dev.caisson.executor.disk.Disk;
import dev.caisson.proto.events.v1.UsageSample;
import java.time.Clock;

/**
 * Usage samples, beside the journal: a sequence of their own, no chain, a short retention by bytes.
 * The oldest go first, whether they were read or not, so that it never blocks. Safe for use by any
 * number of threads.
 */
public final class UsageLog implements AutoCloseable {
  private final UsageLogSettings settings;
  private final UsageState state;
  private final SegmentedLog log;
  private final Object writing = new Object();

  private UsageLog(UsageLogSettings settings, UsageState state, SegmentedLog log) {
    this.settings = settings;
    this.state = state;
    this.log = log;
  }

  /** Goes on after what is there; what cannot be read of it is dropped. */
  public static UsageLog open(UsageLogSettings settings, Clock clock) {
    UsageState state = new UsageState();
    LogSettings logSettings =
        new LogSettings(
            settings.directory(),
            false,
            true,
            settings.segmentBytes(),
            settings.syncInterval(),
            settings.bootId(),
            new Disk());
    SegmentedLog log = SegmentedLog.open(logSettings, state, clock, _ -> settings.epoch());
    return new UsageLog(settings, state, log);
  }

  /**
   * Keeps a sample.
   *
   * @param draft node, epoch, seq and sandbox_seq are filled in here; the sandbox's sequence begins
   *     again only after its last sample, across restarts
   * @return as it was kept
   */
  public UsageSample append(UsageSample.Builder draft) {
    synchronized (writing) {
      UsageSample.Builder sample =
          draft
              .clone()
              .setNode(settings.node())
              .setSandboxSeq(state.nextSandboxSeq(draft.getSandboxUid()));
      log.append(at -> sample.setEpoch(at.epoch()).setSeq(at.seq()).build().toByteString());
      UsageSample kept = sample.build();
      state.recorded(kept);
      log.delete((_, _) -> log.bytes() > settings.maxBytes());
      return kept;
    }
  }

  /**
   * Reads durable samples after a position.
   *
   * @throws PositionException when one cannot go on from there
   */
  public JournalReader read(Position after) {
    return log.read(after);
  }

  /** Everything up to a position is in safe hands elsewhere, and is deleted, segment by segment. */
  public void acknowledge(Position position) {
    Position end = log.durable();
    if (position.compareTo(end) > 0) {
      throw PositionException.ahead(position, end);
    }
    log.delete((last, _) -> last.compareTo(position) <= 0);
  }

  /** What is durable after a position. */
  Backlog backlog(Position after) {
    return Backlog.of(log, after);
  }

  /** The last durable sample. */
  public Position durable() {
    return log.durable();
  }

  @Override
  public void close() {
    log.close();
  }
}
