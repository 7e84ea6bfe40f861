package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Set;
import java.util.function.Supplier;

/** Calls of an executor that may be replaced at any time. */
final class ModelCalls {
  private static final Set<Status.Code> BROKEN =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);

  private final TestNode node;

  ModelCalls(TestNode node) {
    this.node = node;
  }

  /** What an operation is answered. */
  sealed interface Answer {
    record Accepted() implements Answer {}

    record Refused(Reason reason) implements Answer {}

    /** The executor was replaced meanwhile. */
    record Unknown() implements Answer {}
  }

  Answer answer(Supplier<?> call) {
    try {
      var _ = call.get();
      return new Answer.Accepted();
    } catch (StatusRuntimeException e) {
      if (isCut(e)) {
        awaitExecutor();
        return new Answer.Unknown();
      }
      return new Answer.Refused(Reason.valueOf(Problem.of(e).reason()));
    }
  }

  /** Asks until nobody is replaced meanwhile. */
  Answer until(Supplier<?> call) {
    Answer answer;
    do {
      answer = answer(call);
    } while (answer instanceof Answer.Unknown);
    return answer;
  }

  /** Asks once more where the executor was replaced meanwhile. */
  <T> T patiently(Supplier<T> call) {
    while (true) {
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        if (!isCut(e)) {
          throw e;
        }
        awaitExecutor();
      }
    }
  }

  static boolean isCut(StatusRuntimeException e) {
    return BROKEN.contains(e.getStatus().getCode());
  }

  ContainerState state(String id) {
    return patiently(() -> {
      try {
        return node.state(id);
      } catch (StatusRuntimeException e) {
        if (isCut(e)) {
          throw e;
        }
        assertThat(Problem.of(e).reason()).isEqualTo(Reason.CONTAINER_NOT_FOUND.name());
        return Model.NONE;
      }
    });
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
}
