package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.executor.disk.Disk;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Gap;
import dev.caisson.proto.events.v1.Phase;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The record of everything privileged: each event once, in order, in a hash chain. Safe for use by
 * any number of threads.
 *
 * <p>The chain value of a record is SHA-256(chain value of the record before ‖ bytes of the event);
 * before the first record of all it is 32 zero bytes. A new epoch (one life of the executor)
 * continues the chain of the one before.
 *
 * <p>After a failed fsync every method that records throws {@link JournalException}, and for a
 * write that fails the one that makes it: nothing privileged may be done then.
 */
public final class Journal implements AutoCloseable {
  /** Above the draft: id, node, times, sequences. */
  private static final int ENVELOPE_BYTES = 512;

  /** google.rpc.Code.ABORTED. */
  private static final int ABORTED = 10;

  static final String ABORTED_BY_CRASH = "ABORTED_BY_CRASH";
  private static final int MAX_MESSAGE_CHARACTERS = 340;

  private final JournalSettings settings;
  private final Clock clock;
  private final Supplier<byte[]> eventIds;
  private final JournalState state;
  private final SegmentedLog log;
  private final List<Event> inherited;
  private final List<Event> inheritedForwards;
  private final Disk disk;
  private final Object writing = new Object();
  private long unrecorded;
  private Position acknowledged = Position.BEFORE_ALL;
  private boolean closed;

  private Journal(
      JournalSettings settings,
      Clock clock,
      Supplier<byte[]> eventIds,
      JournalState state,
      SegmentedLog log,
      Disk disk) {
    this.settings = settings;
    this.clock = clock;
    this.eventIds = eventIds;
    this.state = state;
    this.log = log;
    this.inherited = state.openIntents();
    this.inheritedForwards = state.openForwards();
    this.disk = disk;
  }

  /**
   * Begins a new epoch, with ExecutorStarted as its first record.
   *
   * @param eventIds UUIDv7, 16 bytes, a new one each time
   * @param started version and boot id; how the epoch before ended is filled in
   * @param disk the journal's, with the room that is kept on it
   * @throws JournalCorruptException when a record that was whole once is not
   */
  public static Journal open(
      JournalSettings settings,
      Clock clock,
      Supplier<byte[]> eventIds,
      ExecutorStarted started,
      Disk disk) {
    JournalState state = new JournalState();
    LogSettings logSettings =
        new LogSettings(
            settings.directory(),
            true,
            false,
            settings.segmentBytes(),
            settings.syncInterval(),
            started.getBootId(),
            disk);
    SegmentedLog log = SegmentedLog.open(logSettings, state, clock, end -> end.lastEpoch() + 1);
    Journal journal = new Journal(settings, clock, eventIds, state, log, disk);
    journal.append(Event.newBuilder().setExecutorStarted(after(log.previousEnd(), started)));
    return journal;
  }

  private static ExecutorStarted after(LogEnd end, ExecutorStarted started) {
    return started.toBuilder()
        .setPreviousEnd(end.how().name().toLowerCase(Locale.ROOT))
        .setPreviousEpoch(end.last().epoch())
        .setPreviousSeq(end.last().seq())
        .build();
  }

  /** The epoch of this life. */
  public long epoch() {
    return log.epoch();
  }

  /**
   * Records what can no longer be refused: as {@link #append(Event.Builder, Urgency)} with
   * MUST_RECORD.
   */
  public long append(Event.Builder draft) {
    return append(draft, Urgency.MUST_RECORD);
  }

  /**
   * Records an event. It survives this process when this returns; with {@link Durability#ALWAYS} it
   * is durable, too.
   *
   * @param draft with a payload; id, node, epoch, sequences and time are filled in here, and an
   *     absent phase is OBSERVATION
   * @return its seq; 0 when there was no room, so that it was only counted for a Gap
   * @throws JournalFullException for new work, when there is no room and the mode is fail-closed
   */
  public long append(Event.Builder draft, Urgency urgency) {
    return record(draft, urgency).map(Event::getSeq).orElse(0L);
  }

  private Optional<Event> record(Event.Builder draft, Urgency urgency) {
    Event.Builder event = checked(draft);
    Event recorded;
    synchronized (writing) {
      int size = event.buildPartial().getSerializedSize() + ENVELOPE_BYTES;
      if (!admits(size, urgency)) {
        unrecorded++;
        return Optional.empty();
      }
      recordGap(size);
      recorded = write(event);
    }
    if (settings.durability() == Durability.ALWAYS) {
      log.awaitDurable(new Position(recorded.getEpoch(), recorded.getSeq()));
    }
    return Optional.of(recorded);
  }

  private static Event.Builder checked(Event.Builder draft) {
    if (draft.getPayloadCase() == Event.PayloadCase.PAYLOAD_NOT_SET) {
      throw new IllegalArgumentException("event must have a payload: " + draft);
    }
    Event.Builder event = draft.clone();
    return event.getPhase() == Phase.PHASE_UNSPECIFIED ? event.setPhase(Phase.OBSERVATION) : event;
  }

  private boolean admits(int size, Urgency urgency) {
    boolean newWork = urgency == Urgency.NEW_WORK;
    if (newWork && !disk.keepRoom()) {
      return refused(JournalFullException.ofDisk());
    }
    long limit = newWork ? settings.maxBytes() - settings.reserveBytes() : settings.maxBytes();
    if (fits(size, limit)) {
      return true;
    }
    deleteAcknowledged(Instant.MAX);
    if (fits(size, limit)) {
      return true;
    }
    return newWork && refused(new JournalFullException(log.bytes(), settings.maxBytes()));
  }

  /** Always false, where it returns. */
  private boolean refused(JournalFullException problem) {
    if (settings.fullMode() == FullMode.FAIL_CLOSED) {
      throw problem;
    }
    return false;
  }

  private boolean fits(int size, long limit) {
    return log.bytes() + log.cost(size) <= limit;
  }

  /**
   * Once there is room for new work again; before that, each would take room for a Gap of its own.
   */
  private void recordGap(int sizeOfNext) {
    if (unrecorded > 0
        && fits(ENVELOPE_BYTES + sizeOfNext, settings.maxBytes() - settings.reserveBytes())) {
      writeGap();
    }
  }

  private void writeGap() {
    Gap gap = Gap.newBuilder().setCount(unrecorded).setCause("journal full").build();
    Event _ = write(Event.newBuilder().setGap(gap).setPhase(Phase.OBSERVATION));
    unrecorded = 0;
  }

  private Event write(Event.Builder event) {
    String sandbox = event.getSubject().getSandboxUid();
    event
        .setId(ByteString.copyFrom(eventIds.get()))
        .setNode(settings.node())
        .setSandboxSeq(state.nextSandboxSeq(sandbox))
        .setTime(timestamp(clock.instant()));
    log.append(at -> event.setEpoch(at.epoch()).setSeq(at.seq()).build().toByteString());
    Event written = event.build();
    state.recorded(written);
    return written;
  }

  static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  /** Records the intent of new work, before its effect. */
  public Intent intent(Event.Builder draft) {
    return intent(draft, Urgency.NEW_WORK);
  }

  /**
   * Records an intent before its effect.
   *
   * @return to record the outcome with, exactly once
   * @throws JournalFullException see {@link #append(Event.Builder, Urgency)}: the effect must not
   *     happen then
   */
  public Intent intent(Event.Builder draft, Urgency urgency) {
    Event.Builder event = draft.clone().setPhase(Phase.INTENT);
    return new Intent(this, record(event, urgency).orElseGet(event::build));
  }

  /**
   * Intents of earlier epochs that had no outcome when this one began, oldest first. Each is to be
   * {@link #abort}ed.
   */
  public List<Event> openIntents() {
    return inherited;
  }

  /** How connections of earlier epochs were opened that had no end when this one began. */
  public List<Event> openForwards() {
    return inheritedForwards;
  }

  /**
   * Closes an intent of an earlier epoch.
   *
   * @param found what recovery found of its effect, for people
   */
  public long abort(Event intent, String found) {
    Failure failure =
        Failure.newBuilder()
            .setCode(ABORTED)
            .setReason(ABORTED_BY_CRASH)
            .setMessage(found.substring(0, Math.min(found.length(), MAX_MESSAGE_CHARACTERS)))
            .build();
    return append(
        intent.toBuilder()
            .setPhase(Phase.OUTCOME)
            .setFailure(failure)
            .setIntentEpoch(intent.getEpoch())
            .setIntentSeq(intent.getSeq()));
  }

  /** Says which sandboxes there are after recovery: nothing more is recorded of any other. */
  public void retain(Set<String> sandboxUids) {
    synchronized (writing) {
      state.retain(sandboxUids);
    }
  }

  /**
   * Reads durable records after a position.
   *
   * @throws PositionException when one cannot go on from there
   */
  public JournalReader read(Position after) {
    return log.read(after);
  }

  /** The last durable record. */
  public Position durable() {
    return log.durable();
  }

  /**
   * Everything up to a position is in safe hands elsewhere, and may be deleted when it is old
   * enough. Never moves back.
   */
  public void acknowledge(Position position) {
    synchronized (writing) {
      Position end = log.durable();
      if (position.compareTo(end) > 0) {
        throw PositionException.ahead(position, end);
      }
      if (position.compareTo(acknowledged) > 0) {
        acknowledged = position;
      }
      deleteAcknowledged(clock.instant().minus(settings.retention()));
    }
  }

  private void deleteAcknowledged(Instant olderThan) {
    log.delete((last, sealed) -> last.compareTo(acknowledged) <= 0 && !sealed.isAfter(olderThan));
  }

  /** Cleanly: the next epoch will say so. */
  @Override
  public void close() {
    synchronized (writing) {
      if (closed) {
        return;
      }
      closed = true;
      try {
        if (unrecorded > 0 && fits(ENVELOPE_BYTES, settings.maxBytes())) {
          writeGap();
        }
      } finally {
        log.close();
      }
    }
  }
}
