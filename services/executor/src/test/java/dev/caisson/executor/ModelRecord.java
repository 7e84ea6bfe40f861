package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.executor.Model.Verb;
import dev.caisson.executor.ModelCalls.Answer;
import dev.caisson.executor.ModelClient.Done;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.journal.v1.AcknowledgeRequest;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.Position;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The journal, which must explain what clients were told and what there is. Read in rounds: what
 * was read is acknowledged.
 */
final class ModelRecord {
  private static final Map<PayloadCase, Verb> VERBS =
      Map.of(
          PayloadCase.CONTAINER_CREATED, Verb.CREATE,
          PayloadCase.CONTAINER_STARTED, Verb.START,
          PayloadCase.SIGNAL_SENT, Verb.KILL,
          PayloadCase.CONTAINER_PAUSED, Verb.PAUSE,
          PayloadCase.CONTAINER_RESUMED, Verb.RESUME,
          PayloadCase.CONTAINER_DELETED, Verb.FORCE,
          PayloadCase.EXEC_STARTED, Verb.EXEC);
  private static final String CRASHED = "ABORTED_BY_CRASH";

  private final TestNode node;
  private final Map<Long, Long> sequences = new HashMap<>();
  private final Map<String, Long> ofSandboxes = new HashMap<>();
  private Position position = Position.getDefaultInstance();
  private ByteString chain = ByteString.EMPTY;

  ModelRecord(TestNode node) {
    this.node = node;
  }

  /** A place in the journal of this round. */
  private record Placed(int index, Event event) {}

  /**
   * What came to be of a container, at most from one moment to another.
   *
   * @param from when what made it so began
   */
  private record Segment(ContainerState state, Instant from, Instant until) {
    boolean overlaps(Done operation) {
      return !from.isAfter(operation.end()) && !until.isBefore(operation.begin());
    }
  }

  /** What is new, once it is durable up to the deletion of this sandbox. */
  List<Event> upToDeletionOf(String sandbox) throws Exception {
    List<Event> events = new ArrayList<>();
    while (events.stream().noneMatch(event -> isDeletionOf(event, sandbox))) {
      events.addAll(read());
    }
    return events;
  }

  private static boolean isDeletionOf(Event event, String sandbox) {
    return event.hasSandboxDeleted()
        && event.getPhase() == Phase.OUTCOME
        && event.getSubject().getSandboxId().equals(sandbox);
  }

  private List<Event> read() throws Exception {
    ManagedChannel channel = Channels.unix(node.journalSocket());
    try {
      List<Event> events = new ArrayList<>();
      var answers =
          Channels.withDeadline(JournalGrpc.newBlockingStub(channel))
              .read(ReadRequest.newBuilder().setAfter(position).build());
      while (answers.hasNext()) {
        for (Record record : answers.next().getRecordsList()) {
          events.add(taken(record));
        }
      }
      var _ =
          Channels.withDeadline(JournalGrpc.newBlockingStub(channel))
              .acknowledge(AcknowledgeRequest.newBuilder().setEvents(position).build());
      return events;
    } finally {
      channel.shutdownNow();
      assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** No sequence has a gap, and the chain is whole, over crashes too. */
  private Event taken(Record record) throws Exception {
    Event event = Event.parseFrom(record.getEvent());
    if (!position.equals(Position.getDefaultInstance())) {
      byte[] link = MessageDigest.getInstance("SHA-256").digest(joined(chain, record.getEvent()));
      assertThat(record.getChain())
          .as("the chain at %s", event)
          .isEqualTo(ByteString.copyFrom(link));
    }
    chain = record.getChain();
    position = record.getPosition();
    assertThat(event.getSeq()).isEqualTo(sequences.merge(event.getEpoch(), 1L, Long::sum));
    String sandbox = event.getSubject().getSandboxUid();
    if (!sandbox.isEmpty()) {
      assertThat(event.getSandboxSeq())
          .as("%s", event)
          .isEqualTo(ofSandboxes.merge(sandbox, 1L, Long::sum));
    }
    if (event.hasSandboxDeleted() && isSuccess(event)) {
      ofSandboxes.remove(sandbox); // nothing comes after it
    }
    return event;
  }

  private static byte[] joined(ByteString one, ByteString other) {
    return one.concat(other).toByteArray();
  }

  // ---- What it must explain

  /** Each intent has one outcome after it. */
  static void isComplete(List<Event> events) {
    Set<List<Long>> open = new HashSet<>();
    for (Event event : events) {
      if (event.getPhase() == Phase.INTENT) {
        open.add(List.of(event.getEpoch(), event.getSeq()));
      } else if (event.getPhase() == Phase.OUTCOME) {
        long epoch = event.getIntentEpoch() == 0 ? event.getEpoch() : event.getIntentEpoch();
        assertThat(open.remove(List.of(epoch, event.getIntentSeq()))).as("%s", event).isTrue();
      }
    }
    assertThat(open).as("intents without an outcome").isEmpty();
  }

  /** What was accepted succeeded once, what was refused never. */
  static void agreesWithClients(List<Event> events, Collection<Done> operations) {
    Map<String, Long> successes =
        events.stream()
            .filter(ModelRecord::isSuccess)
            .filter(event -> VERBS.containsKey(event.getPayloadCase()))
            .filter(event -> !isOfADeletion(event))
            .collect(
                Collectors.groupingBy(
                    event -> event.getActor().getRequestId(), Collectors.counting()));
    for (Done operation : operations) {
      long found = successes.getOrDefault(operation.requestId(), 0L);
      switch (operation.answer()) {
        case Answer.Accepted() ->
            assertThat(found)
                .as(() -> operation + " of " + words(ofContainer(events, operation.id())))
                .isEqualTo(operation.verb().recorded());
        case Answer.Refused(Reason _) ->
            assertThat(found)
                .as(() -> operation + " of " + words(ofContainer(events, operation.id())))
                .isZero();
        case Answer.Unknown() ->
            assertThat(found).as("%s", operation).isLessThanOrEqualTo(operation.verb().recorded());
      }
    }
  }

  /** A container in a life of the executor. */
  private record Life(long epoch, String uid) {
    static Life of(Event event) {
      return new Life(event.getEpoch(), event.getSubject().getContainerUid());
    }
  }

  /** Of one that was not there to be recovered: what was cut off had deleted it, or not made it. */
  private static boolean isEndOf(Event event, Set<Life> recovered) {
    return isCutOff(event)
        && VERBS.containsKey(event.getPayloadCase())
        && !isInNoTurn(event)
        && !recovered.contains(Life.of(event));
  }

  /** What there is of an id. */
  static List<Event> ofContainer(List<Event> events, String id) {
    return events.stream().filter(event -> event.getSubject().getContainerId().equals(id)).toList();
  }

  /** That which comes while something else is done to the container kills first. */
  private static boolean isOfADeletion(Event event) {
    return event.hasSignalSent() && event.getSignalSent().getTarget().equals("all");
  }

  private static boolean isSuccess(Event event) {
    return event.getPhase() == Phase.OUTCOME && !event.hasFailure();
  }

  /** In its order, what happened leads to the containers that there are. */
  static void explains(List<Event> events, Map<String, Container> living) {
    Map<String, List<Event>> ofContainers =
        events.stream()
            .filter(event -> !event.getSubject().getContainerUid().isEmpty())
            .collect(Collectors.groupingBy(event -> event.getSubject().getContainerUid()));
    ofContainers.forEach((uid, history) -> {
      ContainerState now = living.containsKey(uid) ? living.get(uid).getState() : Model.NONE;
      assertThat(replayed(history)).as("%s", words(history)).contains(now).hasSize(1);
    });
    assertThat(ofContainers.keySet()).containsAll(living.keySet());
  }

  static List<String> words(List<Event> history) {
    return history.stream()
        .map(event ->
            event.getSubject().getContainerId()
                + " "
                + event.getEpoch()
                + ":"
                + event.getSeq()
                + " "
                + event.getPhase()
                + " "
                + event.getPayloadCase()
                + (event.hasFailure()
                    ? " " + event.getFailure().getReason() + " " + event.getFailure().getMessage()
                    : "")
                + (event.hasRecovered() ? " " + event.getRecovered().getState() : ""))
        .toList();
  }

  private static boolean isCutOff(Event event) {
    return event.getFailure().getReason().equals(CRASHED);
  }

  /** What may come between anything else, and changes no state by itself. */
  private static boolean isInNoTurn(Event event) {
    return isOfADeletion(event) || event.hasExecStarted();
  }

  /** What a container with this history can be. */
  private static Set<ContainerState> replayed(List<Event> history) {
    Set<ContainerState> possible = EnumSet.of(Model.NONE);
    Optional<Verb> open = Optional.empty();
    for (Event event : history.stream().filter(one -> !isInNoTurn(one)).toList()) {
      Optional<Verb> verb = Optional.ofNullable(VERBS.get(event.getPayloadCase()));
      Optional<Verb> before = open;
      if (event.getPhase() == Phase.INTENT) {
        open = verb.or(() -> before); // a part of it
      } else if (event.hasContainerExited()) {
        possible = EnumSet.of(ContainerState.STOPPED);
      } else if (event.hasRecovered()) {
        possible.addAll(after(possible, open));
        possible.retainAll(EnumSet.of(event.getRecovered().getState()));
        open = Optional.empty();
      } else if (isSuccess(event) && verb.isPresent()) {
        possible = after(possible, verb);
        open = Optional.empty();
      } else if (isCutOff(event) && verb.isPresent() && open.isPresent()) {
        possible = EnumSet.of(Model.NONE); // it was not there to be recovered
      }
      assertThat(possible).as("at %s of %s", event, words(history)).isNotEmpty();
    }
    return possible;
  }

  /** A signal ends nothing by itself: that is told when it has. */
  private static Set<ContainerState> after(Set<ContainerState> possible, Optional<Verb> verb) {
    Set<ContainerState> next = EnumSet.noneOf(ContainerState.class);
    for (ContainerState state : possible) {
      verb.map(one -> Model.step(state, one))
          .filter(step -> step.refused().isEmpty())
          .ifPresent(step -> next.add(verb.get() == Verb.KILL ? state : step.state()));
    }
    return next;
  }

  /** Exactly these sandboxes were lost, however often it was noticed. */
  static void tellsLosses(List<Event> events, Set<String> lost) {
    assertThat(events.stream().filter(Event::hasSandboxLost))
        .extracting(event -> event.getSubject().getSandboxUid())
        .containsOnly(lost.toArray(String[]::new));
  }

  /** Those of a start unless it was cut off, and those of each deletion; all of them succeed. */
  static void ranHooks(List<Event> events) {
    events.stream()
        .filter(event -> event.getSubject().getContainerId().endsWith(ModelClient.HOOKED))
        .collect(Collectors.groupingBy(event -> event.getSubject().getContainerUid()))
        .values()
        .forEach(ModelRecord::ranHooksOf);
  }

  private static void ranHooksOf(List<Event> history) {
    List<HookFinished> hooks =
        history.stream().filter(Event::hasHookFinished).map(Event::getHookFinished).toList();
    Set<String> wanted = new HashSet<>();
    for (Event event : history) {
      if (event.hasContainerDeleted() && isSuccess(event)) {
        wanted.add("poststop");
      } else if (event.hasContainerStarted() && isSuccess(event)) {
        wanted.add("poststart");
      } else if (event.hasRecovered()) {
        wanted.remove("poststart");
      }
    }
    assertThat(hooks)
        .as("%s", words(history))
        .allMatch(hook -> hook.hasStatus() && hook.getStatus().getCode() == 0)
        .extracting(HookFinished::getKind)
        .containsAll(wanted);
  }

  /**
   * Ids of containers that were killed, are there, and have not ended by then. What a deletion
   * begins with is in no turn: it may be recorded after another has ended the container, whose id a
   * new one may have since.
   */
  static Set<String> dying(List<Event> events) {
    Map<String, String> killed = new HashMap<>();
    Set<String> ended = new HashSet<>();
    for (Event event : events) {
      String uid = event.getSubject().getContainerUid();
      if (event.hasSignalSent() && isSuccess(event)) {
        killed.put(uid, event.getSubject().getContainerId());
      } else if (event.hasContainerExited() || isGone(event)) {
        ended.add(uid);
      }
    }
    killed.keySet().removeAll(ended);
    return Set.copyOf(killed.values());
  }

  /** Deleted, or not made: a deletion by force may kill what is being made. */
  private static boolean isGone(Event event) {
    return (event.hasContainerDeleted() && isSuccess(event))
        || (event.hasContainerCreated() && event.hasFailure());
  }

  /** What was waited for is what was recorded, however often. */
  static void tellsExits(
      List<Event> events, Map<String, ExitStatus> awaited, Collection<Done> operations) {
    Map<String, Set<ExitStatus>> exits = new HashMap<>();
    Map<String, Set<ExitStatus>> execs = new HashMap<>();
    Map<String, String> requests = new HashMap<>();
    for (Event event : events) {
      if (event.hasContainerExited()) {
        exits
            .computeIfAbsent(event.getSubject().getContainerUid(), _ -> new HashSet<>())
            .add(event.getContainerExited().getStatus());
      } else if (event.hasExecExited()) {
        execs
            .computeIfAbsent(event.getSubject().getProcessId(), _ -> new HashSet<>())
            .add(event.getExecExited().getStatus());
      } else if (event.hasExecStarted() && isSuccess(event)) {
        requests.put(event.getActor().getRequestId(), event.getSubject().getProcessId());
      }
    }
    awaited.forEach(
        (uid, exit) -> assertThat(exits.get(uid)).as("exits of %s", uid).isEqualTo(Set.of(exit)));
    operations.stream()
        .filter(Done::accepted)
        .forEach(operation ->
            operation
                .code()
                .ifPresent(code ->
                    assertThat(execs.get(requests.get(operation.requestId())))
                        .as("exits of %s", operation)
                        .singleElement()
                        .extracting(ExitStatus::getCode)
                        .isEqualTo(code)));
  }

  /**
   * What several clients did to one id has an order: that of the journal, which is theirs where one
   * operation ended before another began; and what was refused was refused by a state that there
   * was at the time.
   */
  static void orders(List<Event> events, String id, Collection<Done> operations) {
    List<Done> ours = operations.stream().filter(one -> one.id().equals(id)).toList();
    Map<String, Done> byRequest =
        ours.stream().collect(Collectors.toMap(Done::requestId, one -> one));
    Set<Life> recovered =
        events.stream().filter(Event::hasRecovered).map(Life::of).collect(Collectors.toSet());
    List<Placed> outcomes = new ArrayList<>();
    for (int index = 0; index < events.size(); index++) {
      Event event = events.get(index);
      boolean state =
          event.hasContainerExited()
              || event.hasRecovered()
              || (isSuccess(event) && VERBS.containsKey(event.getPayloadCase()))
              || isEndOf(event, recovered);
      if (event.getSubject().getContainerId().equals(id) && state) {
        outcomes.add(new Placed(index, event));
      }
    }
    isTheClients(outcomes, byRequest);
    List<Segment> segments = segments(outcomes, byRequest);
    ours.stream()
        .filter(one -> one.answer() instanceof Answer.Refused)
        .filter(one -> ours.stream().noneMatch(other -> isMadeBy(other, one)))
        .filter(one -> ours.stream().noneMatch(other -> isKilledBy(other, one)))
        .forEach(one ->
            assertThat(segments)
                .as(() -> one + " among " + around(one, events, ours))
                .anyMatch(segment -> segment.overlaps(one) && refuses(segment.state(), one)));
  }

  /** What else was under way, or was recorded, in the same second. */
  private static String around(Done operation, List<Event> events, List<Done> all) {
    Instant from = operation.begin().minusSeconds(1);
    Instant until = operation.end().plusSeconds(1);
    String others =
        all.stream()
            .filter(other -> other.end().isAfter(from) && other.begin().isBefore(until))
            .map(Done::toString)
            .collect(Collectors.joining("\n  ", "\n  ", "\n"));
    return others
        + events.stream()
            .filter(event -> instant(event).isAfter(from) && instant(event).isBefore(until))
            .filter(event ->
                event.getSubject().getContainerId().equals(operation.id())
                    || event.hasExecutorStarted())
            .map(event ->
                instant(event)
                    + " "
                    + event.getActor().getRequestId()
                    + " "
                    + event.getSubject().getContainerUid()
                    + words(List.of(event)))
            .collect(Collectors.joining("\n  ", "  ", ""));
  }

  /** Whether it was refused because the other was just creating the container. */
  private static boolean isMadeBy(Done other, Done refused) {
    return other.verb() == Verb.CREATE
        && other.overlaps(refused)
        && refuses(ContainerState.CREATING, refused);
  }

  /** Whether what it was making was killed by the other, a deletion by force. */
  private static boolean isKilledBy(Done other, Done refused) {
    return refused.verb() == Verb.CREATE
        && refused.answer().equals(new Answer.Refused(Reason.PROCESS_KILLED))
        && other.verb() == Verb.FORCE
        && other.overlaps(refused);
  }

  private static boolean refuses(ContainerState state, Done operation) {
    return operation.answer() instanceof Answer.Refused(Reason reason)
        && (isCutOff(state, operation, reason)
            || Model.step(state, operation.verb()).refused().equals(Optional.of(reason)));
  }

  /** Its process was killed with the container, while it was set up. */
  private static boolean isCutOff(ContainerState state, Done operation, Reason reason) {
    return operation.verb() == Verb.EXEC
        && state == ContainerState.STOPPED
        && reason == Reason.PROCESS_KILLED;
  }

  private static void isTheClients(List<Placed> outcomes, Map<String, Done> byRequest) {
    Instant latestBegin = Instant.MIN;
    for (Placed outcome : outcomes) {
      Done operation = byRequest.get(outcome.event().getActor().getRequestId());
      if (operation != null && operation.accepted()) {
        assertThat(operation.end()).as("%s is recorded too late", operation).isAfter(latestBegin);
        latestBegin = latest(latestBegin, operation.begin());
      }
    }
  }

  private static Instant latest(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  private static List<Segment> segments(List<Placed> outcomes, Map<String, Done> byRequest) {
    List<Segment> segments = new ArrayList<>();
    ContainerState state = Model.NONE;
    Instant from = Instant.MIN;
    Instant killed = Instant.MAX;
    for (Placed placed : outcomes) {
      Event event = placed.event();
      Instant time = instant(event);
      Optional<Done> operation =
          Optional.ofNullable(byRequest.get(event.getActor().getRequestId()));
      Instant begin = operation.map(Done::begin).orElse(time);
      // One that was cut off may be finished later.
      Instant end = operation.map(done -> latest(done.end(), time)).orElse(time);
      if (event.hasSignalSent()) {
        killed = killed.isBefore(begin) ? killed : begin;
        continue;
      }
      segments.add(new Segment(state, from, end));
      if (event.hasRecovered()) {
        begin = cutOff(from, time, byRequest.values());
      }
      state = after(state, event);
      from = event.hasContainerExited() && killed.isBefore(begin) ? killed : begin;
      killed = state == Model.NONE ? Instant.MAX : killed;
    }
    segments.add(new Segment(state, from, Instant.MAX));
    segments.sort(Comparator.comparing(Segment::from));
    return segments;
  }

  private static ContainerState after(ContainerState state, Event event) {
    if (event.hasContainerExited()) {
      return ContainerState.STOPPED;
    }
    if (event.hasRecovered()) {
      return event.getRecovered().getState();
    }
    return isCutOff(event)
        ? Model.NONE
        : Model.step(state, VERBS.getOrDefault(event.getPayloadCase(), Verb.EXEC)).state();
  }

  /** When the first of those began of which one may have led to what was found. */
  private static Instant cutOff(Instant from, Instant found, Collection<Done> operations) {
    return operations.stream()
        .filter(one -> one.answer() instanceof Answer.Unknown)
        .filter(one -> one.begin().isBefore(found) && one.end().isAfter(from))
        .map(Done::begin)
        .min(Comparator.naturalOrder())
        .orElse(found);
  }

  private static Instant instant(Event event) {
    return Instant.ofEpochSecond(event.getTime().getSeconds(), event.getTime().getNanos());
  }
}
