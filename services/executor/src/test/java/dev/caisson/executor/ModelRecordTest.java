package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Timestamp;
import dev.caisson.executor.Model.Verb;
import dev.caisson.executor.ModelCalls.Answer;
import dev.caisson.executor.ModelClient.Done;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.ContainerDeleted;
import dev.caisson.proto.events.v1.ContainerExited;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Recovered;
import dev.caisson.proto.events.v1.SignalSent;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Whose ends {@link ModelIT} waits for. */
class ModelRecordTest {
  private static Event.Builder outcome(String uid) {
    return Event.newBuilder()
        .setPhase(Phase.OUTCOME)
        .setSubject(Subject.newBuilder().setContainerId("c").setContainerUid(uid));
  }

  private static Event killed(String uid) {
    return outcome(uid).setSignalSent(SignalSent.getDefaultInstance()).build();
  }

  private static Event exited(String uid) {
    return outcome(uid)
        .setPhase(Phase.OBSERVATION)
        .setContainerExited(ContainerExited.getDefaultInstance())
        .build();
  }

  private static Event deleted(String uid) {
    return outcome(uid).setContainerDeleted(ContainerDeleted.getDefaultInstance()).build();
  }

  @Test
  void oneThatWasKilledIsDyingUntilItHasEnded() {
    assertThat(ModelRecord.dying(List.of(killed("first")))).containsExactly("c");
    assertThat(ModelRecord.dying(List.of(killed("first"), exited("first")))).isEmpty();
    assertThat(ModelRecord.dying(List.of(killed("first"), deleted("first")))).isEmpty();
  }

  @Test
  void oneThatWasKilledWhileItWasMadeIsNotDying() {
    Event failed =
        outcome("first")
            .setContainerCreated(ContainerCreated.getDefaultInstance())
            .setFailure(Failure.newBuilder().setReason("SYSTEM_CALL_FAILED"))
            .build();
    assertThat(ModelRecord.dying(List.of(killed("first"), failed))).isEmpty();
  }

  /** Two deletions at once: the kill with which one begins may be recorded after the other. */
  @Test
  void anotherOfTheSameIdIsNotDyingWithOneThatIsGone() {
    assertThat(ModelRecord.dying(List.of(exited("first"), deleted("first"), killed("first"))))
        .as("a second one has the id by now")
        .isEmpty();
  }

  /** Its executor died in a deletion, and the next found nothing of the container. */
  @Test
  void whatWasCutOffHasDeletedWhatIsNotRecovered() {
    Event cutOff =
        outcome("first")
            .setTime(Timestamp.newBuilder().setSeconds(18))
            .setContainerDeleted(ContainerDeleted.getDefaultInstance())
            .setFailure(Failure.newBuilder().setReason("ABORTED_BY_CRASH"))
            .build();
    Event created =
        outcome("first")
            .setTime(Timestamp.newBuilder().setSeconds(5))
            .setContainerCreated(ContainerCreated.getDefaultInstance())
            .build();
    Done exec = done(Verb.EXEC, new Answer.Refused(Reason.CONTAINER_NOT_FOUND), 20, 21);
    ModelRecord.orders(List.of(created, cutOff), "c", List.of(exec));
    Event recovered =
        outcome("first")
            .setTime(Timestamp.newBuilder().setSeconds(17))
            .setPhase(Phase.OBSERVATION)
            .setRecovered(Recovered.newBuilder().setState(ContainerState.CREATED))
            .build();
    assertThatThrownBy(
            () -> ModelRecord.orders(List.of(created, recovered, cutOff), "c", List.of(exec)))
        .as("it is still there")
        .isInstanceOf(AssertionError.class);
  }

  private static Done done(Verb verb, Answer answer, int begin, int end) {
    return new Done(
        "c",
        verb,
        verb.name(),
        answer,
        Instant.ofEpochSecond(begin),
        Instant.ofEpochSecond(end),
        Optional.empty());
  }

  @Test
  void aCreationFailsWhereADeletionByForceKillsWhatItMakes() {
    Done creation = done(Verb.CREATE, new Answer.Refused(Reason.PROCESS_KILLED), 10, 20);
    Answer gone = new Answer.Refused(Reason.CONTAINER_NOT_FOUND);
    ModelRecord.orders(List.of(), "c", List.of(creation, done(Verb.FORCE, gone, 15, 25)));
    assertThatThrownBy(() ->
            ModelRecord.orders(List.of(), "c", List.of(creation, done(Verb.FORCE, gone, 21, 25))))
        .as("it came later")
        .isInstanceOf(AssertionError.class);
  }
}
