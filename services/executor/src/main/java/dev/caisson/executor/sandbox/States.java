package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.model.Operation;
import dev.caisson.model.Transition;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import java.util.Map;

/** The state machine of containers, and what their records say. */
final class States {
  private States() {}

  /**
   * What the state is when it is done.
   *
   * @throws RefusedException (WRONG_STATE) where it cannot be done now
   */
  static ContainerState require(Container container, Operation operation) {
    return switch (operation.in(of(container.record()))) {
      case Transition.Allowed(var next) -> ContainerState.valueOf(next.name());
      case Transition.Refused refused -> throw wrong(container, operation, refused.why());
    };
  }

  static RefusedException wrong(Container container, Operation operation, String why) {
    ContainerRecord record = container.record();
    return new Refusal(
            Reason.WRONG_STATE,
            "Cannot " + operation.verb() + " container " + record.getId() + ": " + why + ".",
            Map.of("state", words(record), "container", record.getId()))
        .exception();
  }

  static String words(ContainerRecord record) {
    return of(record).text();
  }

  private static dev.caisson.model.ContainerState of(ContainerRecord record) {
    return dev.caisson.model.ContainerState.valueOf(record.getState().name());
  }
}
