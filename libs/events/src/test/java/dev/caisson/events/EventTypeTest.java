package dev.caisson.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Phase;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EventTypeTest {

  private static final Event STARTED =
      Event.newBuilder().setContainerStarted(ContainerStarted.getDefaultInstance()).build();

  @Test
  void namesAnIntentARequest() {
    assertThat(EventType.of(inPhase(Phase.INTENT)))
        .isEqualTo("dev.caisson.container.start.requested.v1");
  }

  @Test
  void namesASuccessfulOutcomeByWhatHappened() {
    assertThat(EventType.of(inPhase(Phase.OUTCOME))).isEqualTo("dev.caisson.container.started.v1");
  }

  @Test
  void namesAnOutcomeWithoutEffectAFailure() {
    Event failed =
        inPhase(Phase.OUTCOME).toBuilder().setFailure(Failure.newBuilder().setCode(10)).build();
    assertThat(EventType.of(failed)).isEqualTo("dev.caisson.container.start.failed.v1");
  }

  @Test
  void namesAnObservationByWhatHappened() {
    assertThat(EventType.of(inPhase(Phase.OBSERVATION)))
        .isEqualTo("dev.caisson.container.started.v1");
  }

  @Test
  void namesAPayloadOfANewerVersionUnknown() {
    assertThat(EventType.of(Event.getDefaultInstance())).isEqualTo("dev.caisson.event.unknown.v1");
  }

  @ParameterizedTest
  @EnumSource(value = PayloadCase.class, names = "PAYLOAD_NOT_SET", mode = EnumSource.Mode.EXCLUDE)
  void everyPayloadHasTypes(PayloadCase payload) {
    for (Phase phase : List.of(Phase.INTENT, Phase.OUTCOME, Phase.OBSERVATION)) {
      String type = EventType.of(withPayload(payload).toBuilder().setPhase(phase).build());
      assertThat(type).matches("dev\\.caisson(\\.[a-z]+){2,3}\\.v1").doesNotContain("unknown");
    }
  }

  @Test
  void noTwoPayloadsShareAType() {
    List<String> happened =
        Arrays.stream(PayloadCase.values())
            .map(EventTypeTest::withPayload)
            .map(EventType::of)
            .toList();
    List<String> failed =
        Arrays.stream(PayloadCase.values())
            .map(payload -> EventType.of(payload).toString().replaceAll("participle=.*", ""))
            .toList();
    assertThat(happened).doesNotHaveDuplicates();
    assertThat(failed).doesNotHaveDuplicates();
  }

  @Test
  void rejectsAWordThatWouldNeedEscaping() {
    assertThatThrownBy(() -> new EventType("oom score", "adjust", "adjusted"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("subject must be lower-case letters: oom score");
  }

  private static Event inPhase(Phase phase) {
    return STARTED.toBuilder().setPhase(phase).build();
  }

  private static Event withPayload(PayloadCase payload) {
    if (payload == PayloadCase.PAYLOAD_NOT_SET) {
      return Event.getDefaultInstance();
    }
    FieldDescriptor field = Event.getDescriptor().findFieldByNumber(payload.getNumber());
    Event.Builder event = Event.newBuilder();
    return event.setField(field, event.newBuilderForField(field).build()).build();
  }
}
