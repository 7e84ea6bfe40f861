package dev.caisson.gateway.tracing;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import dev.caisson.events.EventType;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.journal.v1.Record;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the executor did, as spans: from an intent to its outcome, below the call that it was for,
 * and hooks below what they belong to. It has no network, so its record, which has all of that,
 * tells it for it. By one thread.
 */
public final class RecordSpans {
  /** Operations under way that are kept; more than an executor has. */
  private static final int MOST = 10_000;

  private static final String PREFIX = "dev.caisson.";
  private static final String SUFFIX = ".requested.v1";

  private static final AttributeKey<String> NODE = AttributeKey.stringKey("caisson.node");
  private static final AttributeKey<String> TENANT = AttributeKey.stringKey("caisson.tenant");
  private static final AttributeKey<String> SANDBOX = AttributeKey.stringKey("caisson.sandbox.id");
  private static final AttributeKey<String> CONTAINER = AttributeKey.stringKey("container.id");
  private static final AttributeKey<Long> EPOCH = AttributeKey.longKey("caisson.event.epoch");
  private static final AttributeKey<Long> SEQ = AttributeKey.longKey("caisson.event.seq");
  private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
  private static final AttributeKey<String> HOOK = AttributeKey.stringKey("caisson.hook");

  private final Tracer tracer;
  private final Map<Key, Operation> underWay = new LinkedHashMap<>();

  /** Of the outermost operation of each container that is under way. */
  private final Map<String, Span> byContainer = new LinkedHashMap<>();

  private record Key(long epoch, long seq) {}

  private record Operation(Span span, String containerUid) {}

  RecordSpans(Tracer tracer) {
    this.tracer = tracer;
  }

  /** In their order, each once. */
  public void recorded(List<Record> records) {
    for (Record record : records) {
      try {
        recorded(Event.parseFrom(record.getEvent()));
      } catch (InvalidProtocolBufferException e) {
        // Whoever verifies the record tells of it.
      }
    }
  }

  private void recorded(Event event) {
    switch (event.getPhase()) {
      case INTENT -> begin(event);
      case OUTCOME -> end(event);
      case OBSERVATION, PHASE_UNSPECIFIED, UNRECOGNIZED -> {}
    }
  }

  private void begin(Event event) {
    @Nullable Context parent = parent(event);
    if (parent == null) {
      return;
    }
    Span span = builder(event).setParent(parent).startSpan();
    String container = event.getSubject().getContainerUid();
    forgetOldest(underWay);
    underWay.put(new Key(event.getEpoch(), event.getSeq()), new Operation(span, container));
    if (!event.hasHookStarted() && !container.isEmpty()) {
      forgetOldest(byContainer);
      byContainer.putIfAbsent(container, span);
    }
  }

  /** Null: it belongs to no trace that is recorded. */
  private @Nullable Context parent(Event event) {
    if (event.hasHookStarted()) {
      @Nullable Span owner = byContainer.get(event.getSubject().getContainerUid());
      return owner == null ? null : Context.root().with(owner);
    }
    String traceParent = event.getActor().getTraceparent();
    return traceParent.isEmpty() ? null : Parents.of(traceParent);
  }

  private SpanBuilder builder(Event event) {
    Subject subject = event.getSubject();
    SpanBuilder span =
        tracer
            .spanBuilder(name(event))
            .setStartTimestamp(instant(event.getTime()))
            .setAttribute(NODE, event.getNode())
            .setAttribute(EPOCH, event.getEpoch())
            .setAttribute(SEQ, event.getSeq());
    put(span, TENANT, subject.getTenant());
    put(span, SANDBOX, subject.getSandboxId());
    put(span, CONTAINER, subject.getContainerId());
    if (event.hasHookStarted()) {
      put(span, HOOK, event.getHookStarted().getKind());
    }
    return span;
  }

  private static void put(SpanBuilder span, AttributeKey<String> key, String value) {
    if (!value.isEmpty()) {
      span.setAttribute(key, value);
    }
  }

  private void end(Event event) {
    long epoch = event.getIntentEpoch() == 0 ? event.getEpoch() : event.getIntentEpoch();
    @Nullable Operation operation = underWay.remove(new Key(epoch, event.getIntentSeq()));
    if (operation == null) {
      return;
    }
    byContainer.remove(operation.containerUid(), operation.span());
    if (event.hasFailure()) {
      Failure failure = event.getFailure();
      operation.span().setAttribute(ERROR, failure.getReason());
      operation.span().setStatus(StatusCode.ERROR, failure.getMessage());
    }
    operation.span().end(instant(event.getTime()));
  }

  /** Of {@code dev.caisson.container.create.requested.v1} what is to be done. */
  private static String name(Event intent) {
    String type = EventType.of(intent);
    return type.endsWith(SUFFIX)
        ? type.substring(PREFIX.length(), type.length() - SUFFIX.length())
        : type;
  }

  private static <K> void forgetOldest(Map<K, ?> some) {
    if (some.size() >= MOST) {
      some.remove(Objects.requireNonNull(some.keySet().iterator().next()));
    }
  }

  private static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }
}
