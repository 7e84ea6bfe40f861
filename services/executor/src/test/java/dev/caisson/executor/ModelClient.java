package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.Model.Step;
import dev.caisson.executor.Model.Verb;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * One of several callers: it knows what its own containers do, and only that the others' are
 * somebody's too. The executor may be replaced under it at any time.
 */
final class ModelClient implements Runnable {
  static final int SIGKILL = 9;

  private static final List<Verb> VERBS = List.of(Verb.values());
  private static final int CODES = 256;
  private static final int KINDS = 3;
  private static final int SHARED_OF = 5;
  private static final Set<Status.Code> BROKEN =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);

  /** What an operation is answered. */
  sealed interface Answer {
    record Accepted() implements Answer {}

    record Refused(Reason reason) implements Answer {}

    /** The executor was replaced meanwhile. */
    record Unknown() implements Answer {}
  }

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
  private final String name;
  private final Random random;
  private final int operations;
  private final AtomicInteger begun;
  private final List<String> shared;
  private final Map<String, Known> own = new TreeMap<>();
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
    return awaited;
  }

  @Override
  public void run() {
    for (int i = 0; i < operations; i++) {
      begun.incrementAndGet();
      Verb verb = VERBS.get(random.nextInt(VERBS.size()));
      if (random.nextInt(SHARED_OF) == 0) {
        var _ = perform(shared.get(random.nextInt(shared.size())), verb, Optional.empty(), true);
      } else {
        performOwn(List.copyOf(own.keySet()).get(random.nextInt(own.size())), verb);
      }
    }
  }

  /** What was cut off is done once more: it was carried out or not, never half. */
  private void performOwn(String id, Verb verb) {
    Known before = own.getOrDefault(id, new Known(Model.NONE, Optional.empty()));
    Optional<Integer> code = before.code();
    if (verb == Verb.CREATE && before.state() == Model.NONE) {
      code = Optional.of(random.nextInt(CODES)).filter(_ -> random.nextInt(KINDS) == 0);
    }
    Set<ContainerState> possible = EnumSet.of(before.state());
    Done operation;
    do {
      operation = perform(id, verb, code, false);
      Set<ContainerState> next = next(possible, operation, code.isPresent());
      assertThat(next).as("%s where it was %s", operation, possible).isNotEmpty();
      possible = next;
    } while (operation.answer() instanceof Answer.Unknown);
    assertThat(possible).hasSize(1);
    ContainerState state = possible.iterator().next();
    own.put(id, new Known(state, code));
    check(id, state, code);
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
    TestNode.eventually(
        "it is as the model has it",
        () -> state(id) == state,
        () -> assertThat(state(id)).as("%s after %s", id, last()).isEqualTo(state));
    if (state == ContainerState.STOPPED) {
      String uid = patiently(() -> node.get(id)).getUid();
      ExitStatus exit = patiently(() -> node.await(id));
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

  private ContainerState state(String id) {
    return patiently(() -> {
      try {
        return node.state(id);
      } catch (StatusRuntimeException e) {
        if (BROKEN.contains(e.getStatus().getCode())) {
          throw e;
        }
        assertThat(Problem.of(e).reason()).isEqualTo(Reason.CONTAINER_NOT_FOUND.name());
        return Model.NONE;
      }
    });
  }

  /** Asks once more where the executor was replaced meanwhile. */
  private <T> T patiently(Supplier<T> call) {
    while (true) {
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        if (!BROKEN.contains(e.getStatus().getCode())) {
          throw e;
        }
        awaitExecutor();
      }
    }
  }

  private void awaitExecutor() {
    TestNode.eventually(
        "there is an executor",
        () -> {
          try {
            return !node.stub().getNode(GetNodeRequest.getDefaultInstance()).getNode().isEmpty();
          } catch (StatusRuntimeException e) {
            return false;
          }
        });
  }

  /**
   * Does it.
   *
   * @param code of the container's program
   * @param contended whether others may do something to the container at the same time
   */
  private Done perform(String id, Verb verb, Optional<Integer> code, boolean contended) {
    String requestId = name + "-" + done.size();
    Actor actor = TestNode.actor(requestId);
    Optional<Integer> exec =
        Optional.of(random.nextInt(CODES)).filter(_ -> verb == Verb.EXEC && !contended);
    Instant begin = Instant.now();
    Answer answer = answer(() -> call(id, verb, actor, code, exec));
    Done operation = new Done(id, verb, requestId, answer, begin, Instant.now(), exec);
    done.add(operation);
    return operation;
  }

  private Answer answer(Runnable call) {
    try {
      call.run();
      return new Answer.Accepted();
    } catch (StatusRuntimeException e) {
      if (BROKEN.contains(e.getStatus().getCode())) {
        awaitExecutor();
        return new Answer.Unknown();
      }
      return new Answer.Refused(Reason.valueOf(Problem.of(e).reason()));
    }
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
      case KILL -> {
        var _ =
            node.stub()
                .signal(TestNode.signalRequest(id).setSignal(SIGKILL).setActor(actor).build());
      }
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
    ContainerSpec.Builder spec =
        code.map(exit -> node.shell("exit " + exit)).orElseGet(() -> node.spec("sleep", "100000"));
    var request = node.request(id, spec).setActor(actor);
    for (String sandbox : List.of("left", "right")) {
      if (id.endsWith("-" + sandbox)) {
        request.setSandboxId(sandbox);
      }
    }
    var _ = node.stub().createContainer(request.build());
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
      if (e.getCause() instanceof StatusRuntimeException failure) {
        throw failure;
      }
      throw e;
    }
  }
}
