package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Random operations, two clients at once now and then, against a model that fits on a page: after
 * each the states agree, and at the end nothing is left. {@code -Dcaisson.model.operations=50000}
 * makes it a million.
 */
class ModelIT {
  private static final int OPERATIONS = Integer.getInteger("caisson.model.operations", 60);
  private static final int TOLD = 12;
  private static final List<String> IDS = List.of("a", "b", "ab");
  private static TestNode node;

  enum Verb {
    CREATE,
    START,
    KILL,
    PAUSE,
    RESUME,
    DELETE,
    FORCE,
    EXEC
  }

  /**
   * What a client does.
   *
   * @param other done at the same time, to the same container
   */
  record Operation(String id, Verb verb, Optional<Verb> other, boolean restart) {}

  /** What a verb makes of a container's state; nothing: it is refused. */
  private static final Map<Verb, Set<ContainerState>> ALLOWED = new EnumMap<>(Verb.class);

  private static final Map<Verb, ContainerState> BECOMES = new EnumMap<>(Verb.class);

  static {
    allow(Verb.START, ContainerState.RUNNING, ContainerState.CREATED);
    allow(
        Verb.KILL,
        ContainerState.STOPPED,
        ContainerState.CREATED,
        ContainerState.RUNNING,
        ContainerState.PAUSED);
    allow(Verb.PAUSE, ContainerState.PAUSED, ContainerState.RUNNING);
    allow(Verb.RESUME, ContainerState.RUNNING, ContainerState.PAUSED);
    allow(Verb.EXEC, ContainerState.RUNNING, ContainerState.RUNNING);
    allow(
        Verb.DELETE,
        ContainerState.CONTAINER_STATE_UNSPECIFIED,
        ContainerState.CREATED,
        ContainerState.STOPPED);
    allow(
        Verb.FORCE,
        ContainerState.CONTAINER_STATE_UNSPECIFIED,
        ContainerState.CREATED,
        ContainerState.RUNNING,
        ContainerState.PAUSED,
        ContainerState.STOPPED);
  }

  private static void allow(Verb verb, ContainerState becomes, ContainerState... from) {
    ALLOWED.put(verb, EnumSet.copyOf(List.of(from)));
    BECOMES.put(verb, becomes);
  }

  /**
   * A step of the model.
   *
   * @param refused empty: it succeeds
   */
  private record Step(ContainerState state, Optional<Reason> refused) {}

  private static Step step(ContainerState state, Verb verb) {
    boolean there = state != ContainerState.CONTAINER_STATE_UNSPECIFIED;
    if (verb == Verb.CREATE) {
      return there
          ? new Step(state, Optional.of(Reason.CONTAINER_EXISTS))
          : new Step(ContainerState.CREATED, Optional.empty());
    }
    if (!there) {
      return new Step(state, Optional.of(Reason.CONTAINER_NOT_FOUND));
    }
    return ALLOWED.get(verb).contains(state)
        ? new Step(BECOMES.get(verb), Optional.empty())
        : new Step(state, Optional.of(Reason.WRONG_STATE));
  }

  @BeforeContainer
  static void start() throws Exception {
    node = TestNode.launch();
    node.deleteEverything();
  }

  @AfterContainer
  static void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  @Provide
  Arbitrary<List<Operation>> operations() {
    Arbitrary<Optional<Verb>> others =
        Arbitraries.of(EnumSet.complementOf(EnumSet.of(Verb.EXEC))).optional(0.3);
    Arbitrary<Boolean> restarts = Arbitraries.integers().between(0, 30).map(i -> i == 0);
    return Combinators.combine(Arbitraries.of(IDS), Arbitraries.of(Verb.values()), others, restarts)
        .as(Operation::new)
        .list()
        .ofSize(OPERATIONS);
  }

  @Property(tries = 20, shrinking = ShrinkingMode.OFF, edgeCases = net.jqwik.api.EdgeCasesMode.NONE)
  void agrees(@ForAll("operations") List<Operation> operations) throws Exception {
    Traces before = Traces.of(node);
    Map<String, ContainerState> model = new TreeMap<>();
    IDS.forEach(id -> model.put(id, ContainerState.CONTAINER_STATE_UNSPECIFIED));
    List<Operation> done = new ArrayList<>();
    boolean restarted = false;
    for (Operation operation : operations) {
      done.add(operation);
      try {
        perform(operation, model);
        if (operation.restart()) {
          node.restart();
          restarted = true;
        }
        model.forEach((id, state) -> assertThat(state(id)).as(id).isEqualTo(state));
      } catch (AssertionError e) {
        int told = Math.max(0, done.size() - TOLD);
        throw new AssertionError("after " + done.subList(told, done.size()), e);
      }
    }
    node.deleteEverything();
    if (!restarted) { // which opens files anew
      TestNode.eventually("nothing is left", () -> Traces.of(node).equals(before));
    }
  }

  private static void perform(Operation operation, Map<String, ContainerState> model) {
    String id = operation.id();
    ContainerState state = model.get(id);
    boolean together = operation.other().isPresent() && operation.verb() != Verb.EXEC;
    if (!together) {
      Step expected = step(state, operation.verb());
      assertThat(outcome(id, operation.verb())).isEqualTo(expected.refused());
      model.put(id, expected.state());
      settle(id, expected.state());
      return;
    }
    Verb other = operation.other().orElseThrow();
    var second = CompletableFuture.supplyAsync(() -> outcome(id, other));
    Optional<Reason> first = outcome(id, operation.verb());
    Optional<Reason> last = second.join();
    Step one = step(state, operation.verb());
    Step oneThenOther = step(one.state(), other);
    Step alone = step(state, other);
    Step otherThenOne = step(alone.state(), operation.verb());
    List<Optional<Reason>> outcomes = List.of(first, last);
    boolean inOrder = outcomes.equals(List.of(one.refused(), oneThenOther.refused()));
    boolean reversed = outcomes.equals(List.of(otherThenOne.refused(), alone.refused()));
    // What is killed has not ended at once, and may be killed again.
    boolean twice =
        operation.verb() == Verb.KILL && other == Verb.KILL && first.isEmpty() && last.isEmpty();
    assertThat(inOrder || reversed || twice)
        .as("%s and %s of what is %s: %s", operation.verb(), other, state, outcomes)
        .isTrue();
    ContainerState next = inOrder ? oneThenOther.state() : otherThenOne.state();
    if (inOrder && reversed) {
      assertThat(oneThenOther.state()).isEqualTo(otherThenOne.state());
    }
    model.put(id, next);
    settle(id, next);
  }

  /** A process that was killed has not ended at once. */
  private static void settle(String id, ContainerState state) {
    if (state == ContainerState.STOPPED) {
      TestNode.eventually("it has ended", () -> state(id) == state);
      assertThat(node.await(id).getSignal()).isEqualTo(9);
    }
  }

  private static ContainerState state(String id) {
    try {
      return node.state(id);
    } catch (StatusRuntimeException e) {
      assertThat(Problem.of(e).reason()).isEqualTo(Reason.CONTAINER_NOT_FOUND.name());
      return ContainerState.CONTAINER_STATE_UNSPECIFIED;
    }
  }

  private static Optional<Reason> outcome(String id, Verb verb) {
    try {
      switch (verb) {
        case CREATE -> node.create(id, node.spec("sleep", "1000"));
        case START -> node.start(id);
        case KILL -> node.signal(id, 9);
        case PAUSE -> node.pause(id);
        case RESUME -> node.resume(id);
        case DELETE -> node.delete(id, false);
        case FORCE -> node.delete(id, true);
        case EXEC -> {
          var exec = node.exec(id, "sh", "-c", "exit 3");
          try {
            assertThat(exec.ended().code()).isEqualTo(3);
          } catch (java.util.concurrent.CompletionException e) {
            return Optional.of(Reason.valueOf(Problem.of(e.getCause()).reason()));
          }
        }
      }
      return Optional.empty();
    } catch (StatusRuntimeException e) {
      return Optional.of(Reason.valueOf(Problem.of(e).reason()));
    }
  }
}
