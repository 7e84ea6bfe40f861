package dev.caisson.executor.guard;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.model.Identifiers;
import dev.caisson.proto.types.v1.Actor;
import java.util.Map;

/** Names and labels of a caller's choosing. */
final class Names {
  private static final int MAX_PRINCIPAL = 256;
  private static final int MAX_METHOD = 64;
  private static final int MAX_REQUEST_ID = 128;

  /** W3C Trace Context, version 00, is 55 characters. */
  private static final int MAX_TRACEPARENT = 64;

  /** W3C Trace Context, 3.3.1.5: what is to be passed on at least. */
  private static final int MAX_TRACESTATE = 512;

  /** {@code __NEW_UTS_LEN}. */
  private static final int MAX_HOSTNAME = 64;

  private Names() {}

  static void checkTenant(String id) {
    checkId("tenant", id);
  }

  static void checkSandbox(String id) {
    checkId("sandbox_id", id);
  }

  static void checkContainer(String id) {
    checkId("container_id", id);
  }

  /** Empty: the first process. */
  static void checkProcess(String id) {
    checkOptional("process_id", id);
  }

  static void checkOptional(String field, String id) {
    if (!id.isEmpty()) {
      checkId(field, id);
    }
  }

  private static void checkId(String field, String id) {
    Identifiers.problem(field, id)
        .ifPresent(problem -> {
          throw Refusal.invalidId(field, problem).exception();
        });
  }

  static void checkActor(Actor actor) {
    checkLabel("actor.principal", actor.getPrincipal(), MAX_PRINCIPAL);
    checkLabel("actor.method", actor.getMethod(), MAX_METHOD);
    checkLabel("actor.request_id", actor.getRequestId(), MAX_REQUEST_ID);
    checkLabel("actor.traceparent", actor.getTraceparent(), MAX_TRACEPARENT);
    checkLabel("actor.tracestate", actor.getTracestate(), MAX_TRACESTATE);
  }

  static void checkHostname(String name) {
    checkLabel("hostname", name, MAX_HOSTNAME);
  }

  static void checkAnnotations(Map<String, String> annotations) {
    Bounds.atMost("annotations", annotations.size(), Bounds.MAX_ANNOTATIONS, "entries");
    long bytes = Bounds.bytes(annotations.keySet()) + Bounds.bytes(annotations.values());
    Bounds.atMost("annotations", bytes, Bounds.MAX_ANNOTATION_BYTES, "bytes");
  }

  /** What goes into events and logs is one line. */
  private static void checkLabel(String field, String label, int most) {
    Bounds.atMost(field, Bounds.bytes(label), most, "bytes");
    boolean control = label.chars().anyMatch(Character::isISOControl);
    Bounds.check(!control, field, "have no control characters", label);
  }
}
