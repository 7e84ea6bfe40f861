package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.executor.journal.v1.Snapshot;
import dev.caisson.executor.journal.v1.Told;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.EventOrBuilder;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Subject;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What follows from the events so far: the last sequence of each living sandbox, which intents have
 * no outcome, which forwarded connections no end, what was told of counters, and which requests
 * were done.
 */
final class JournalState implements LogState {
  private final Map<String, Long> sandboxSeqs = new HashMap<>();
  private final Map<Position, Event> openIntents = new LinkedHashMap<>();

  /** How connections were opened that are not closed, by their ids. */
  private final Map<String, Event> openForwards = new LinkedHashMap<>();

  /** The highest totals of counters, by sandbox, and by what was counted for whom. */
  private final Map<String, Map<String, Long>> told = new HashMap<>();

  private final Requests requests;

  JournalState(Requests requests) {
    this.requests = requests;
  }

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

  /** Whether it tells a total of which less was told before, in whichever epoch, or nothing. */
  boolean tellsMore(EventOrBuilder event) {
    Map<String, Long> totals = told.getOrDefault(event.getSubject().getSandboxUid(), Map.of());
    return total(event) > totals.getOrDefault(counter(event), 0L);
  }

  private static long total(EventOrBuilder event) {
    return switch (event.getPayloadCase()) {
      case OOM_KILLED -> event.getOomKilled().getKills();
      case PIDS_LIMIT_REACHED -> event.getPidsLimitReached().getRefusals();
      default -> 0;
    };
  }

  private static String counter(EventOrBuilder event) {
    Subject subject = event.getSubject();
    String whose =
        subject.getContainerUid().isEmpty() ? subject.getSandboxUid() : subject.getContainerUid();
    return whose + "/" + event.getPayloadCase().getNumber();
  }

  private void recordTotal(Event event) {
    String sandbox = event.getSubject().getSandboxUid();
    if (total(event) > 0) {
      told.computeIfAbsent(sandbox, _ -> new HashMap<>())
          .merge(counter(event), total(event), Math::max);
    } else if (event.hasContainerDeleted() && event.getPhase() != Phase.INTENT) {
      String container = event.getSubject().getContainerUid() + "/";
      told.getOrDefault(sandbox, Map.of()).keySet().removeIf(one -> one.startsWith(container));
    }
  }

  void recorded(Event event) {
    String sandbox = event.getSubject().getSandboxUid();
    recordForward(event);
    recordTotal(event);
    requests.recorded(event);
    if (event.getPhase() == Phase.INTENT) {
      openIntents.put(new Position(event.getEpoch(), event.getSeq()), event);
    } else if (event.getPhase() == Phase.OUTCOME) {
      openIntents.remove(intent(event));
    }
    if (ends(event)) {
      sandboxSeqs.remove(sandbox);
      told.remove(sandbox);
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
    told.keySet().retainAll(sandboxUids);
  }

  @Override
  public ByteString snapshot() {
    Snapshot.Builder snapshot = Snapshot.newBuilder().putAllSandboxSeqs(sandboxSeqs);
    openIntents.values().forEach(event -> snapshot.addOpenIntents(event.toByteString()));
    openForwards.values().forEach(event -> snapshot.addOpenForwards(event.toByteString()));
    told.forEach((sandbox, totals) ->
        snapshot.putTold(sandbox, Told.newBuilder().putAllTotals(totals).build()));
    requests.snapshot(snapshot);
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
    snapshot
        .getToldMap()
        .forEach((sandbox, totals) -> told.put(sandbox, new HashMap<>(totals.getTotalsMap())));
    requests.restore(snapshot);
  }

  @Override
  public void replay(LogRecord record) throws InvalidProtocolBufferException {
    recorded(Event.parseFrom(record.bytes()));
  }
}
