package dev.caisson.gateway.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.events.v1.CgroupConfigured;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.ContainerExited;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.HookStarted;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.types.v1.Actor;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordSpansTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final long SECOND = 1_000_000_000L;

  private final List<SpanData> ended = new ArrayList<>();
  private final RecordSpans spans =
      new RecordSpans(
          SdkTracerProvider.builder()
              .addSpanProcessor(SimpleSpanProcessor.create(new Kept()))
              .build()
              .get("test"));
  private long seq;

  private final class Kept implements SpanExporter {
    @Override
    public CompletableResultCode export(Collection<SpanData> some) {
      ended.addAll(some);
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  private Event.Builder event(Phase phase) {
    seq++;
    return Event.newBuilder()
        .setNode("n1")
        .setEpoch(7)
        .setSeq(seq)
        .setTime(Timestamp.newBuilder().setSeconds(1000 + seq))
        .setPhase(phase)
        .setSubject(
            Subject.newBuilder()
                .setTenant("t")
                .setSandboxId("s")
                .setContainerId("c")
                .setContainerUid("uid-c"));
  }

  private Event.Builder traced(Phase phase) {
    return event(phase).setActor(Actor.newBuilder().setTraceparent(PARENT));
  }

  private long tell(Event.Builder event) {
    spans.recorded(List.of(Record.newBuilder().setEvent(event.build().toByteString()).build()));
    return seq;
  }

  @Test
  void anOperationIsASpanFromItsIntentToItsOutcome() {
    long intent =
        tell(traced(Phase.INTENT).setContainerCreated(ContainerCreated.getDefaultInstance()));
    assertThat(ended).isEmpty();
    tell(
        traced(Phase.OUTCOME)
            .setIntentSeq(intent)
            .setContainerCreated(ContainerCreated.getDefaultInstance()));
    SpanData span = ended.getFirst();
    assertThat(ended).hasSize(1);
    assertThat(span.getName()).isEqualTo("container.create");
    assertThat(span.getTraceId()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
    assertThat(span.getParentSpanId()).isEqualTo("b7ad6b7169203331");
    assertThat(span.getStartEpochNanos()).isEqualTo(1001 * SECOND);
    assertThat(span.getEndEpochNanos()).isEqualTo(1002 * SECOND);
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    assertThat(span.getAttributes().asMap())
        .containsEntry(AttributeKey.stringKey("container.id"), "c")
        .containsEntry(AttributeKey.stringKey("caisson.tenant"), "t")
        .containsEntry(AttributeKey.longKey("caisson.event.seq"), 1L);
  }

  @Test
  void hooksAreBelowWhatTheyBelongTo() {
    long create =
        tell(traced(Phase.INTENT).setContainerCreated(ContainerCreated.getDefaultInstance()));
    long configure =
        tell(traced(Phase.INTENT).setCgroupConfigured(CgroupConfigured.getDefaultInstance()));
    tell(
        traced(Phase.OUTCOME)
            .setIntentSeq(configure)
            .setCgroupConfigured(CgroupConfigured.getDefaultInstance()));
    long hook =
        tell(event(Phase.INTENT).setHookStarted(HookStarted.newBuilder().setKind("prestart")));
    tell(
        event(Phase.OUTCOME).setIntentSeq(hook).setHookFinished(HookFinished.getDefaultInstance()));
    tell(
        traced(Phase.OUTCOME)
            .setIntentSeq(create)
            .setFailure(Failure.newBuilder().setReason("HOOK_FAILED").setMessage("It failed."))
            .setContainerCreated(ContainerCreated.getDefaultInstance()));
    assertThat(ended)
        .extracting(SpanData::getName)
        .containsExactly("cgroup.configure", "hook.start", "container.create");
    assertThat(ended.get(1).getParentSpanId()).isEqualTo(ended.getLast().getSpanId());
    assertThat(ended.getLast().getStatus().getDescription()).isEqualTo("It failed.");
    assertThat(ended.getLast().getAttributes().get(AttributeKey.stringKey("error.type")))
        .isEqualTo("HOOK_FAILED");
    long late = tell(event(Phase.INTENT).setHookStarted(HookStarted.getDefaultInstance()));
    tell(
        event(Phase.OUTCOME).setIntentSeq(late).setHookFinished(HookFinished.getDefaultInstance()));
    assertThat(ended).hasSize(3);
  }

  @Test
  void whatAnotherLifeEndsIsFoundByItsEpoch() {
    long intent =
        tell(traced(Phase.INTENT).setContainerStarted(ContainerStarted.getDefaultInstance()));
    Event.Builder outcome =
        traced(Phase.OUTCOME).setContainerStarted(ContainerStarted.getDefaultInstance());
    tell(outcome.clone().setEpoch(8).setIntentSeq(intent));
    assertThat(ended).isEmpty();
    tell(outcome.setEpoch(8).setIntentEpoch(7).setIntentSeq(intent));
    assertThat(ended).extracting(SpanData::getName).containsExactly("container.start");
  }

  @Test
  void whatBelongsToNoTraceIsNone() {
    long intent =
        tell(event(Phase.INTENT).setContainerStarted(ContainerStarted.getDefaultInstance()));
    tell(
        event(Phase.OUTCOME)
            .setIntentSeq(intent)
            .setContainerStarted(ContainerStarted.getDefaultInstance()));
    tell(traced(Phase.OBSERVATION).setContainerExited(ContainerExited.getDefaultInstance()));
    tell(
        traced(Phase.OUTCOME)
            .setIntentSeq(99)
            .setContainerStarted(ContainerStarted.getDefaultInstance()));
    spans.recorded(
        List.of(Record.newBuilder().setEvent(ByteString.copyFromUtf8("no event")).build()));
    String unrecorded = PARENT.substring(0, PARENT.length() - 1) + "0";
    Event.Builder other =
        event(Phase.INTENT)
            .setActor(Actor.newBuilder().setTraceparent(unrecorded))
            .setContainerStarted(ContainerStarted.getDefaultInstance());
    long begun = tell(other);
    tell(other.setPhase(Phase.OUTCOME).setSeq(begun + 1).setIntentSeq(begun));
    assertThat(ended).isEmpty();
  }

  @Test
  void keepsABoundedNumberOfThoseUnderWay() {
    for (int i = 0; i < 20_000; i++) {
      Event.Builder intent =
          traced(Phase.INTENT).setContainerStarted(ContainerStarted.getDefaultInstance());
      intent.getSubjectBuilder().setContainerUid("uid-" + i);
      tell(intent);
    }
    for (int first : List.of(1, 20_000)) {
      tell(
          traced(Phase.OUTCOME)
              .setIntentSeq(first)
              .setContainerStarted(ContainerStarted.getDefaultInstance()));
    }
    assertThat(ended).hasSize(1);
  }
}
