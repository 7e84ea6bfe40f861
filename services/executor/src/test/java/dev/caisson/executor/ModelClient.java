package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import dev.caisson.executor.Model.Step;
import dev.caisson.executor.Model.Verb;
import dev.caisson.executor.ModelCalls.Answer;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.LogEntry;
import dev.caisson.proto.executor.v1.Logs;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.WaitResponse;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Hook;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One of several callers: it knows what its own containers do, and only that the others' are
 * somebody's too. The executor may be replaced under it at any time.
 */
final class ModelClient implements Runnable {
  static final int SIGKILL = 9;

  /** Containers of such ids have hooks. */
  static final String HOOKED = "-alone";

  private static final List<Verb> VERBS = List.of(Verb.values());

  /** Which hold for a container that others change meanwhile. */
  private static final List<Verb> CONTENDED =
      VERBS.stream().filter(verb -> verb.recorded() == 1 && verb != Verb.WAIT).toList();

  /** Each program's, once it is executed. */
  private static final String SAID = "said";

  static final Logs LOGS = Logs.newBuilder().setMaxBytes(64 * 1024).setMaxFiles(2).build();
  private static final int WAITERS = 3;
  private static final int CODES = 256;
  private static final int KINDS = 3;
  private static final int SHARED_OF = 5;
  private static final int BOXES_OF = 32;

  /**
   * An operation that was done.
   *
   * @param code that an exec'd process was told to end with
   */
  record Done(
      String id,
      Verb verb,
      String requestId,
      Answer answer,
      Instant begin,
      Instant end,
      Optional<Integer> code) {
    /** Whether the two were under way at the same time. */
    boolean overlaps(Done other) {
      return !end.isBefore(other.begin) && !other.end.isBefore(begin);
    }

    boolean accepted() {
      return answer instanceof Answer.Accepted;
    }
  }

  /**
   * A container that this client alone has.
   *
   * @param code its program ends with; empty: it sleeps
   */
  private record Known(ContainerState state, Optional<Integer> code) {}

  private final TestNode node;

  /** So many clients were there before: an executor may live through several rounds. */
  private static final AtomicLong BEFORE = new AtomicLong();

  private final long number = BEFORE.getAndIncrement();
  private final String name;
  private final Random random;
  private final int operations;
  private final AtomicInteger begun;
  private final List<String> shared;
  private final Map<String, Known> own = new TreeMap<>();
  private final ModelCalls calls;
  private final ModelBox box;
  private final List<Done> done = new ArrayList<>();
  private final Map<String, ExitStatus> awaited = new TreeMap<>();

  /**
   * @param shared ids that others use too
   * @param begun counts operations of all
   */
  ModelClient(
      TestNode node,
      String name,
      Random random,
      int operations,
      List<String> shared,
      AtomicInteger begun) {
    this.node = node;
    this.name = name;
    this.random = random;
    this.operations = operations;
    this.shared = shared;
    this.begun = begun;
    this.calls = new ModelCalls(node);
    this.box = new ModelBox(node, calls, name);
    for (String place : List.of("alone", "left", "right")) {
      own.put(name + "-" + place, new Known(Model.NONE, Optional.empty()));
    }
  }

  List<Done> done() {
    return done;
  }

  /** How many operations have begun, of all clients. */
  int begun() {
    return begun.get();
  }

  /** How containers ended, by uid. */
  Map<String, ExitStatus> awaited() {
    Map<String, ExitStatus> all = new TreeMap<>(awaited);
    all.putAll(box.awaited());
    return all;
  }

  /** Uids of sandboxes that were lost. */
  Set<String> lost() {
    return box.lost();
  }

  @Override
  public void run() {
    for (int i = 0; i < operations; i++) {
      begun.incrementAndGet();
      if (random.nextInt(BOXES_OF) == 0) {
        int more = box.live(random, name + "-" + number + "-" + i) - 1;
        begun.addAndGet(more);
        i += more;
      } else if (random.nextInt(SHARED_OF) == 0) {
        var _ = perform(any(shared), any(CONTENDED), Optional.empty(), true);
      } else {
        String id = any(List.copyOf(own.keySet()));
        performOwn(id, any(random.nextBoolean() ? VERBS : possible(id)));
      }
    }
  }

  /** What is accepted where it is as the model has it: of any verbs, most are refused. */
  private List<Verb> possible(String id) {
    ContainerState state = known(id).state();
    return VERBS.stream().filter(verb -> Model.step(state, verb).refused().isEmpty()).toList();
  }

  private Known known(String id) {
    return own.getOrDefault(id, new Known(Model.NONE, Optional.empty()));
  }

  private <T> T any(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  /** What was cut off is done once more: it was carried out or not, never half. */
  private void performOwn(String id, Verb verb) {
    Known before = known(id);
    Optional<Integer> code = before.code();
    if (verb == Verb.CREATE && before.state() == Model.NONE) {
      code = Optional.of(random.nextInt(CODES)).filter(_ -> random.nextInt(KINDS) == 0);
    } else if (verb == Verb.RUN && before.state() == Model.NONE) {
      code = Optional.of(random.nextInt(CODES));
    }
    Set<ContainerState> possible = EnumSet.of(before.state());
    Done operation;
    do {
      operation = perform(id, verb, code, false);
      Set<ContainerState> next = next(possible, operation, code.isPresent());
      assertThat(next).as("%s where it was %s", operation, possible).isNotEmpty();
      possible = next;
      if (verb == Verb.RUN && before.state() == Model.NONE) {
        removeRest(id, operation);
      }
    } while (operation.answer() instanceof Answer.Unknown);
    assertThat(possible).hasSize(1);
    ContainerState state = possible.iterator().next();
    own.put(id, new Known(state, code));
    check(id, state, code);
  }

  /** Of a run that was cut off: it would wait for its caller. */
  private void removeRest(String id, Done run) {
    Done last = run;
    while (last.answer() instanceof Answer.Unknown) {
      last = perform(id, Verb.FORCE, Optional.empty(), false);
    }
  }

  /** What it can be by now. */
  private static Set<ContainerState> next(
      Set<ContainerState> possible, Done operation, boolean ends) {
    Set<ContainerState> next = EnumSet.noneOf(ContainerState.class);
    for (ContainerState state : possible) {
      Step step = Model.step(state, operation.verb());
      boolean ended = ends && step.state() == ContainerState.RUNNING;
      ContainerState after = ended ? ContainerState.STOPPED : step.state();
      switch (operation.answer()) {
        case Answer.Accepted() -> add(next, after, step.refused().isEmpty());
        case Answer.Refused(Reason reason) ->
            add(next, state, step.refused().equals(Optional.of(reason)));
        case Answer.Unknown() -> {
          next.add(state);
          next.add(after);
        }
      }
    }
    return next;
  }

  private static void add(Set<ContainerState> states, ContainerState state, boolean is) {
    if (is) {
      states.add(state);
    }
  }

  /** The executor agrees by now, or soon where a process still ends. */
  private void check(String id, ContainerState state, Optional<Integer> code) {
    if (state == ContainerState.STOPPED) {
      var _ = calls.answer(() -> node.await(id));
    }
    TestNode.eventually(
        "it is as the model has it",
        () -> calls.state(id) == state,
        () -> assertThat(calls.state(id)).as("%s after %s", id, last()).isEqualTo(state));
    if (state == ContainerState.STOPPED) {
      String uid = calls.patiently(() -> node.get(id)).getUid();
      ExitStatus exit = calls.patiently(() -> node.await(id));
      assertThat(exit.getLost()).isFalse();
      assertThat(
              exit.getSignal() == SIGKILL || code.filter(one -> one == exit.getCode()).isPresent())
          .as("%s ended with %s", id, exit)
          .isTrue();
      awaited.put(uid, exit);
    }
  }

  private List<Done> last() {
    return done.subList(Math.max(0, done.size() - 12), done.size());
  }

  /**
   * Does it.
   *
   * @param code of the container's program
   * @param contended whether others may do something to the container at the same time
   */
  private Done perform(String id, Verb verb, Optional<Integer> code, boolean contended) {
    String requestId = name + "-" + number + "-" + done.size();
    Actor actor = TestNode.actor(requestId);
    Optional<Integer> exec =
        Optional.of(random.nextInt(CODES)).filter(_ -> verb == Verb.EXEC && !contended);
    Instant begin = Instant.now();
    Answer answer =
        calls.answer(() -> {
          call(id, verb, actor, code, exec);
          return verb;
        });
    Done operation = new Done(id, verb, requestId, answer, begin, Instant.now(), exec);
    done.add(operation);
    return operation;
  }

  private void call(
      String id, Verb verb, Actor actor, Optional<Integer> code, Optional<Integer> exec) {
    switch (verb) {
      case CREATE -> create(id, actor, code);
      case START -> {
        var _ =
            node.stub()
                .startContainer(TestNode.startRequest(id).toBuilder().setActor(actor).build());
      }
      case RUN -> run(id, actor, code.orElse(0));
      case KILL -> kill(id, actor);
      case WAIT -> killAwaited(id, actor);
      case LOGS -> readLog(id);
      case PAUSE -> {
        var _ =
            node.stub()
                .pauseContainer(
                    PauseContainerRequest.newBuilder()
                        .setActor(actor)
                        .setTenant(TestNode.TENANT)
                        .setContainerId(id)
                        .build());
      }
      case RESUME -> {
        var _ =
            node.stub()
                .resumeContainer(
                    ResumeContainerRequest.newBuilder()
                        .setActor(actor)
                        .setTenant(TestNode.TENANT)
                        .setContainerId(id)
                        .build());
      }
      case DELETE, FORCE -> {
        var _ =
            node.stub()
                .deleteContainer(
                    TestNode.deleteRequest(id, verb == Verb.FORCE).toBuilder()
                        .setActor(actor)
                        .build());
      }
      case EXEC -> exec(id, actor, exec);
    }
  }

  private void create(String id, Actor actor, Optional<Integer> code) {
    String then = code.map(exit -> "exit " + exit).orElse("exec sleep 100000");
    var _ = node.stub().createContainer(request(id, actor, then).setLogs(LOGS).build());
  }

  private void run(String id, Actor actor, int code) {
    try {
      Ended ended = node.runAttached(request(id, actor, "exit " + code).build()).ended();
      assertThat(ended.code()).isEqualTo(code);
      assertThat(ended.out()).isEqualTo(SAID + "\n");
    } catch (CompletionException e) {
      throw failure(e);
    }
  }

  /** What the call was answered. */
  private static RuntimeException failure(CompletionException e) {
    return e.getCause() instanceof StatusRuntimeException failure ? failure : e;
  }

  private CreateContainerRequest.Builder request(String id, Actor actor, String then) {
    var request = request(node, id, then).setActor(actor);
    for (String sandbox : List.of("left", "right")) {
      if (id.endsWith("-" + sandbox)) {
        request.setSandboxId(sandbox);
      }
    }
    return request;
  }

  static CreateContainerRequest.Builder request(TestNode node, String id, String then) {
    ContainerSpec.Builder spec = node.shell("echo " + SAID + "; " + then);
    if (id.endsWith(HOOKED)) {
      Hook hook = Hook.newBuilder().setPath(hook(node).toString()).addArgs("hook").build();
      spec.getHooksBuilder().addPoststart(hook).addPoststop(hook);
    }
    return node.request(id, spec);
  }

  /** A program that does nothing, well. */
  static Path hook(TestNode node) {
    return node.base().resolve("hooks/nothing");
  }

  private void kill(String id, Actor actor) {
    var _ =
        node.stub().signal(TestNode.signalRequest(id).setSignal(SIGKILL).setActor(actor).build());
  }

  /** All are told the same. */
  private void killAwaited(String id, Actor actor) {
    List<ListenableFuture<WaitResponse>> waiters =
        Stream.generate(() -> node.future().wait(TestNode.waitRequest(id, "")))
            .limit(WAITERS)
            .toList();
    kill(id, actor);
    assertThat(waiters.stream().map(ModelClient::told).distinct()).hasSize(1);
  }

  private static ExitStatus told(ListenableFuture<WaitResponse> waiter) {
    try {
      return waiter.get().getStatus();
    } catch (ExecutionException e) {
      throw failure(new CompletionException(e.getCause()));
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /**
   * Of a program that has come to its own end, all that it said, unless a notice says that
   * something may be missing; of another nothing else.
   */
  private void readLog(String id) {
    Container container = node.get(id);
    boolean finished =
        container.getState() == ContainerState.STOPPED && container.getExit().getSignal() == 0;
    List<LogEntry> entries = new ArrayList<>();
    node.stub()
        .readLogs(
            ReadLogsRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setContainerId(id)
                .setFollow(finished)
                .build())
        .forEachRemaining(part -> entries.add(part.getEntry()));
    boolean whole = finished && entries.stream().noneMatch(LogEntry::getNotice);
    String text =
        entries.stream()
            .filter(entry -> !entry.getNotice())
            .map(entry -> entry.getData().toStringUtf8())
            .collect(Collectors.joining());
    assertThat(text).isIn(whole ? List.of(SAID) : List.of("", SAID));
  }

  /** Where others may stop the process, it is not waited for. */
  private void exec(String id, Actor actor, Optional<Integer> code) {
    var request =
        TestNode.execRequest(id, "sh", "-c", "exit " + code.orElse(0))
            .setActor(actor)
            .setDetach(code.isEmpty());
    var exec = node.exec(request);
    try {
      if (code.isEmpty()) {
        exec.awaitCompleted();
      } else {
        assertThat(exec.ended().code()).isEqualTo(code.get());
      }
    } catch (CompletionException e) {
      throw failure(e);
    }
  }
}
