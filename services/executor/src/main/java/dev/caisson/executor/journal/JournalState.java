package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.executor.journal.v1.Snapshot;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What follows from the events so far: the last sequence of each living sandbox, which intents have
 * no outcome, and which forwarded connections no end.
 */
final class JournalState implements LogState {
  private final Map<String, Long> sandboxSeqs = new HashMap<>();
  private final Map<Position, Event> openIntents = new LinkedHashMap<>();

  /** How connections were opened that are not closed, by their ids. */
  private final Map<String, Event> openForwards = new LinkedHashMap<>();

  /** 0 for what concerns no sandbox. */
  long nextSandboxSeq(String sandboxUid) {
    return sandboxUid.isEmpty() ? 0 : sandboxSeqs.getOrDefault(sandboxUid, 0L) + 1;
  }

  List<Event> openIntents() {
    return List.copyOf(openIntents.values());
  }

  List<Event> openForwards() {
    return List.copyOf(openForwards.values());
  }

  void recorded(Event event) {
    String sandbox = event.getSubject().getSandboxUid();
    recordForward(event);
    if (event.getPhase() == Phase.INTENT) {
      openIntents.put(new Position(event.getEpoch(), event.getSeq()), event);
    } else if (event.getPhase() == Phase.OUTCOME) {
      openIntents.remove(intent(event));
    }
    if (ends(event)) {
      sandboxSeqs.remove(sandbox);
      openForwards.values().removeIf(one -> one.getSubject().getSandboxUid().equals(sandbox));
    } else if (!sandbox.isEmpty()) {
      sandboxSeqs.put(sandbox, event.getSandboxSeq());
    }
  }

  private void recordForward(Event event) {
    boolean outcome = event.getPhase() == Phase.OUTCOME && !event.hasFailure();
    if (event.hasPortForwardOpened() && outcome) {
      openForwards.put(event.getPortForwardOpened().getId(), event);
    } else if (event.hasPortForwardClosed()) {
      openForwards.remove(event.getPortForwardClosed().getId());
    }
  }

  private static Position intent(Event outcome) {
    long epoch = outcome.getIntentEpoch() == 0 ? outcome.getEpoch() : outcome.getIntentEpoch();
    return new Position(epoch, outcome.getIntentSeq());
  }

  /**
   * Nothing but its usage comes after the deletion of a sandbox, and nothing at all after a
   * creation that failed; of one that was cut off recovery knows what there is.
   */
  private static boolean ends(Event event) {
    if (event.getPhase() == Phase.INTENT) {
      return false;
    }
    return event.hasFailure()
        ? event.hasSandboxCreated() && !isCutOff(event)
        : event.hasSandboxDeleted();
  }

  private static boolean isCutOff(Event event) {
    return event.getFailure().getReason().equals(Journal.ABORTED_BY_CRASH);
  }

  /** Forgets all other sandboxes: nothing more comes of them. */
  void retain(Set<String> sandboxUids) {
    sandboxSeqs.keySet().retainAll(sandboxUids);
  }

  @Override
  public ByteString snapshot() {
    Snapshot.Builder snapshot = Snapshot.newBuilder().putAllSandboxSeqs(sandboxSeqs);
    openIntents.values().forEach(event -> snapshot.addOpenIntents(event.toByteString()));
    openForwards.values().forEach(event -> snapshot.addOpenForwards(event.toByteString()));
    return snapshot.build().toByteString();
  }

  @Override
  public void restore(ByteString bytes) throws InvalidProtocolBufferException {
    Snapshot snapshot = Snapshot.parseFrom(bytes);
    sandboxSeqs.putAll(snapshot.getSandboxSeqsMap());
    for (ByteString intent : snapshot.getOpenIntentsList()) {
      Event event = Event.parseFrom(intent);
      openIntents.put(new Position(event.getEpoch(), event.getSeq()), event);
    }
    for (ByteString forward : snapshot.getOpenForwardsList()) {
      recordForward(Event.parseFrom(forward));
    }
  }

  @Override
  public void replay(LogRecord record) throws InvalidProtocolBufferException {
    recorded(Event.parseFrom(record.bytes()));
  }
}
