package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.caisson.proto.events.v1.ContainerExited;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.types.v1.ExitStatus;
import org.junit.jupiter.api.Test;

class EventTextTest {
  @Test
  void hasWordsForEveryPayload() {
    for (FieldDescriptor payload : Event.getDescriptor().getOneofs().getFirst().getFields()) {
      Event.Builder event = Event.newBuilder();
      event.setField(payload, event.newBuilderForField(payload).build());
      assertThat(EventText.type(event.build())).isEqualTo(payload.getName().replace('_', ' '));
      assertThat(EventText.detail(event.build())).isNotNull();
    }
  }

  @Test
  void tellsWhatWasAskedForFromWhatWasDone() {
    Event asked =
        Event.newBuilder()
            .setPhase(Phase.INTENT)
            .setContainerStarted(ContainerStarted.getDefaultInstance())
            .build();
    assertThat(EventText.type(asked)).isEqualTo("container started (requested)");
    assertThat(EventText.outcome(asked)).isEqualTo("requested");
  }

  @Test
  void aFailureSpeaksForItself() {
    Event failed =
        Event.newBuilder()
            .setPhase(Phase.OUTCOME)
            .setFailure(Failure.newBuilder().setReason("HOOK_FAILED").setMessage("it ended with 1"))
            .setContainerStarted(ContainerStarted.newBuilder().setPid(7))
            .build();
    assertThat(EventText.outcome(failed)).isEqualTo("failed: HOOK_FAILED");
    assertThat(EventText.detail(failed)).isEqualTo("it ended with 1");
  }

  @Test
  void saysHowAContainerEnded() {
    ExitStatus killed = ExitStatus.newBuilder().setSignal(9).setOutOfMemory(true).build();
    Event ended =
        Event.newBuilder()
            .setContainerExited(ContainerExited.newBuilder().setStatus(killed))
            .build();
    assertThat(EventText.detail(ended)).isEqualTo("exit SIGKILL (out of memory)");
  }
}
