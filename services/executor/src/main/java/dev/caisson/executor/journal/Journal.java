package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.executor.disk.Disk;
import dev.caisson.model.Checkpoint;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.JournalCheckpoint;
import dev.caisson.proto.events.v1.Phase;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
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
 * continues the chain of the one before. Checkpoints sign it, as {@link Signing} says.
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
  private static final int MAX_MESSAGE_BYTES = 1024;

  private static final System.Logger LOG = System.getLogger(Journal.class.getName());

  private final JournalSettings settings;
  private final SigningKey key;
  private final CheckpointThread checkpoints;
  private final Clock clock;
  private final Supplier<byte[]> eventIds;
  private final JournalState state;
  private final Requests requests;
  private final SegmentedLog log;
  private final List<Event> inherited;
  private final List<Event> inheritedForwards;
  private final Disk disk;
  private final Object writing = new Object();
  private Omission omission = Omission.NONE;
  private Position acknowledged = Position.BEFORE_ALL;
  private boolean ended;
  private boolean closed;

  private Journal(
      JournalSettings settings,
      Signing signing,
      Clock clock,
      Supplier<byte[]> eventIds,
      JournalState state,
      Requests requests,
      SegmentedLog log,
      Disk disk) {
    this.settings = settings;
    this.key = signing.key();
    this.checkpoints = new CheckpointThread(signing, this::checkpoint);
    this.clock = clock;
    this.eventIds = eventIds;
    this.state = state;
    this.requests = requests;
    this.log = log;
    this.inherited = state.openIntents();
    this.inheritedForwards = state.openForwards();
    this.disk = disk;
  }

  /**
   * Begins a new epoch, with ExecutorStarted as its first record.
   *
   * @param signing how its checkpoints are made
   * @param eventIds UUIDv7, 16 bytes, a new one each time
   * @param started version and boot id; the key, and how the epoch before ended, are filled in
   * @param disk the journal's, with the room that is kept on it
   * @throws JournalCorruptException when a record that was whole once is not
   */
  public static Journal open(
      JournalSettings settings,
      Signing signing,
      Clock clock,
      Supplier<byte[]> eventIds,
      ExecutorStarted started,
      Disk disk) {
    Requests requests = Requests.of(settings.segmentBytes());
    JournalState state = new JournalState(requests);
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
    Journal journal = new Journal(settings, signing, clock, eventIds, state, requests, log, disk);
    journal.append(
        Event.newBuilder().setExecutorStarted(journal.after(log.previousEnd(), started)));
    journal.checkpoints.start();
    return journal;
  }

  private ExecutorStarted after(LogEnd end, ExecutorStarted started) {
    return started.toBuilder()
        .setPublicKey(ByteString.copyFrom(key.publicKey().encoded()))
        .setKeyFingerprint(fingerprint())
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

  /**
   * Whether an event tells of a counter what was not told yet: its total is above all that were
   * recorded for its subject, in whichever epoch. What counts for one subject asks and records in
   * one thread at a time.
   */
  public boolean tellsMore(Event.Builder draft) {
    synchronized (writing) {
      return state.tellsMore(draft);
    }
  }

  /** What the newest requests came to: of which the tenant's are told, and nobody else's. */
  public Optional<Earlier> earlier(String tenant, String requestId, ByteString sha256) {
    return requests.find(tenant, requestId, sha256);
  }

  /** An outcome that is yet to be recorded, for who asks before that. */
  public void remember(Event.Builder outcome) {
    requests.recorded(outcome);
  }

  /** What was recorded as done has been taken back. */
  public void forget(String tenant, String requestId) {
    requests.forget(tenant, requestId);
  }

  private Optional<Event> record(Event.Builder draft, Urgency urgency) {
    Event.Builder event = checked(draft);
    Event recorded;
    try {
      synchronized (writing) {
        int size = event.buildPartial().getSerializedSize() + ENVELOPE_BYTES;
        if (!admits(size, urgency)) {
          omit();
          requests.recorded(event);
          return Optional.empty();
        }
        recordGap(size);
        recorded = write(event);
      }
    } catch (JournalException e) {
      requests.recorded(event); // done is done, as long as this life remembers it
      throw e;
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
    if (hasRoom(size, newWork ? unreserved() : settings.maxBytes())) {
      return true;
    }
    return newWork && refused(new JournalFullException(log.bytes(), settings.maxBytes()));
  }

  private long unreserved() {
    return settings.maxBytes() - settings.reserveBytes();
  }

  private boolean hasRoom(int size, long limit) {
    if (!fits(size, limit)) {
      deleteAcknowledged(Instant.MAX);
    }
    return fits(size, limit);
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
   * The first of a row is told at once, since an executor that dies could not tell of it later, and
   * an outcome may follow whose intent it was; the others when there is room again.
   */
  private void omit() {
    boolean first = omission.equals(Omission.NONE);
    omission = omission.with(clock.instant());
    if (first && fits(ENVELOPE_BYTES, settings.maxBytes())) {
      writeGap();
      omission = omission.told();
    }
  }

  /**
   * Once there is room for new work again; before that, each would take room for a Gap of its own.
   */
  private void recordGap(int sizeOfNext) {
    if (!omission.equals(Omission.NONE) && fits(ENVELOPE_BYTES + sizeOfNext, unreserved())) {
      endGap();
    }
  }

  private void endGap() {
    if (omission.count() > 0) {
      writeGap();
    }
    omission = Omission.NONE;
  }

  private void writeGap() {
    Event _ = write(Event.newBuilder().setGap(omission.gap()).setPhase(Phase.OBSERVATION));
  }

  private Event write(Event.Builder event) {
    if (ended && !event.hasJournalCheckpoint()) {
      throw new JournalException(settings.directory() + " has ended");
    }
    String sandbox = event.getSubject().getSandboxUid();
    event
        .setId(ByteString.copyFrom(eventIds.get()))
        .setNode(settings.node())
        .setSandboxSeq(state.nextSandboxSeq(sandbox))
        .setTime(timestamp(clock.instant()));
    log.append(at -> event.setEpoch(at.epoch()).setSeq(at.seq()).build().toByteString());
    Event written = event.build();
    state.recorded(written);
    if (!written.hasJournalCheckpoint()) {
      checkpoints.recorded();
    }
    return written;
  }

  /** Signs what there is. Writers go on meanwhile: what they write is the next one's. */
  private void checkpoint() {
    SegmentedLog.Tip tip;
    long count;
    boolean idle;
    synchronized (writing) {
      tip = log.tip();
      count = checkpoints.count();
      idle = !checkpoints.isDue();
    }
    JournalCheckpoint signed = sign(tip, false);
    synchronized (writing) {
      // One that says nothing new leaves the reserve to what has to be recorded.
      if (!ended && (!idle || hasRoom(size(signed), unreserved()))) {
        write(signed, count);
      }
    }
  }

  private static int size(JournalCheckpoint signed) {
    return signed.getSerializedSize() + ENVELOPE_BYTES;
  }

  private JournalCheckpoint sign(SegmentedLog.Tip tip, boolean last) {
    Timestamp time = timestamp(clock.instant());
    Checkpoint checkpoint =
        new Checkpoint(
            settings.node(),
            tip.last().epoch(),
            tip.last().seq(),
            HexFormat.of().formatHex(tip.chain().toByteArray()),
            time.getSeconds(),
            time.getNanos(),
            last);
    return JournalCheckpoint.newBuilder()
        .setNode(settings.node())
        .setEpoch(tip.last().epoch())
        .setSeq(tip.last().seq())
        .setChain(tip.chain())
        .setTime(time)
        .setKeyFingerprint(fingerprint())
        .setSignature(ByteString.copyFrom(key.sign(checkpoint.message())))
        .setLast(last)
        .build();
  }

  private ByteString fingerprint() {
    return ByteString.copyFrom(key.publicKey().fingerprint());
  }

  /** Where there is no room, or the log has failed, a later one vouches for the same records. */
  private void write(JournalCheckpoint signed, long count) {
    Event.Builder event =
        Event.newBuilder().setJournalCheckpoint(signed).setPhase(Phase.OBSERVATION);
    try {
      if (admits(size(signed), Urgency.MUST_RECORD)) {
        Event _ = write(event);
        checkpoints.signed(count);
      }
    } catch (JournalException e) {
      LOG.log(System.Logger.Level.WARNING, "No checkpoint was written: {0}", e.getMessage());
    }
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
            .setMessage(BoundedText.of(found, MAX_MESSAGE_BYTES))
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
   * The last record that was written before the call, as soon as it is durable; perhaps a later
   * one.
   *
   * @throws JournalException when it cannot become durable any more
   */
  Position awaitEnd() throws InterruptedException {
    Position written = log.tip().last();
    log.awaitWritten();
    Position end = log.durable();
    if (end.compareTo(written) < 0) {
      throw new JournalException("The last record is not durable, and will not be: " + written);
    }
    return end;
  }

  /** What is durable after a position, or after what is acknowledged where that is later. */
  Backlog backlog(Position after) {
    Position from;
    synchronized (writing) {
      from = after.compareTo(acknowledged) < 0 ? acknowledged : after;
    }
    return Backlog.of(log, from);
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

  /**
   * Ends it cleanly: a last checkpoint says so, and the next epoch will. Nothing can be appended
   * any more; what is there can be read until it is closed. Again has no effect.
   */
  public void end() {
    checkpoints.end();
    synchronized (writing) {
      if (ended) {
        return;
      }
      try {
        if (fits(ENVELOPE_BYTES, settings.maxBytes())) {
          endGap();
        }
      } finally {
        ended = true;
      }
      write(sign(log.tip(), true), checkpoints.count());
      log.sync();
    }
  }

  /** Whether the relay has taken everything that is durable. */
  boolean isRelayed() {
    synchronized (writing) {
      return acknowledged.compareTo(log.durable()) >= 0;
    }
  }

  @Override
  public void close() {
    synchronized (writing) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      end();
    } finally {
      log.close();
    }
  }
}
